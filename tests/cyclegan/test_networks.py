import pytest
import torch
from torch import nn

from baselines.cyclegan.networks import (
    Generators,
    NLayerDiscriminator,
    PixelDiscriminator,
    ResnetGenerator,
    UnetGenerator,
    check_size,
    discriminator,
    initialise,
)
from baselines.training.streams import seeded

NORMS = ("instance", "batch", "none")


def images(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def new(build, **arguments):
    with seeded(0):
        return initialise(build(**arguments)).requires_grad_(False)


def reached(network, size, centre):
    """The rows of the input that one value of the output depends on."""
    x = images(1, 1, size, size).requires_grad_(True)
    network(x)[0, 0, centre, centre].backward()
    return int((x.grad[0, 0].abs().sum(1) > 0).sum())


@pytest.mark.parametrize(("n_layers", "field"), [(1, 16), (2, 34), (3, 70), (4, 142)])
def test_each_patch_is_as_large_as_the_paper_says(n_layers, field):
    # without norm, which would spread over the whole image
    D = new(NLayerDiscriminator, input_nc=1, ndf=1, n_layers=n_layers, norm="none")
    for module in D.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.constant_(module.weight, 0.1)  # so that no path is cut by chance
    size = 4 * field
    assert reached(D, size, D(images(1, 1, size, size)).shape[-1] // 2) == field


def test_a_pixel_is_judged_alone():
    D = new(PixelDiscriminator, input_nc=1, ndf=2, norm="none")
    x = images(1, 1, 8, 8)
    assert D(x).shape == (1, 1, 8, 8)
    assert torch.allclose(D(x)[:, :, 3:4, 5:6], D(x[:, :, 3:4, 5:6]))


@pytest.mark.parametrize("norm", NORMS)
def test_generators_keep_the_size_and_stay_in_range(norm):
    for G in (
        new(ResnetGenerator, input_nc=1, output_nc=3, ngf=2, n_blocks=2, norm=norm),
        new(UnetGenerator, input_nc=1, output_nc=3, ngf=2, num_downs=5, norm=norm),
    ):
        made = G.eval()(images(2, 1, 32, 64))
        assert made.shape == (2, 3, 32, 64)
        assert made.abs().max() < 1


@pytest.mark.parametrize("build", [ResnetGenerator, lambda **a: UnetGenerator(num_downs=5, **a)])
def test_an_image_is_translated_alone_whatever_is_beside_it(build):
    G = new(build, input_nc=1, output_nc=1, ngf=2)
    x = images(3, 1, 32, 32)
    assert torch.allclose(G(x)[1:2], G(x[1:2]), atol=1e-6)


@pytest.mark.parametrize("padding_type", ["reflect", "replicate", "zero"])
def test_a_block_pads_itself(padding_type):
    G = new(ResnetGenerator, input_nc=1, output_nc=1, ngf=1, n_blocks=1, padding_type=padding_type, norm="none")
    block = G.model[10]
    x = images(1, 4, 5, 5)
    mode = {"zero": "constant"}.get(padding_type, padding_type)
    first, second = (module for module in block.conv_block if isinstance(module, nn.Conv2d))
    for conv in (first, second):
        conv.padding = (0, 0)
    pad = [1, 1, 1, 1]
    h = first(nn.functional.pad(x, pad, mode=mode)).relu()
    wanted = x + second(nn.functional.pad(h, pad, mode=mode))
    for conv in (first, second):
        conv.padding = (1, 1) if padding_type == "zero" else (0, 0)
    assert torch.equal(block(x), wanted)


def test_dropout_is_there_in_training_alone():
    for G in (
        new(ResnetGenerator, input_nc=1, output_nc=1, ngf=2, n_blocks=1, use_dropout=True),
        new(UnetGenerator, input_nc=1, output_nc=1, ngf=2, num_downs=6, use_dropout=True),
    ):
        x = images(1, 1, 64, 64)
        with seeded(0):
            first, second = G.train()(x), G(x)
        assert not torch.equal(first, second)
        assert torch.equal(G.eval()(x), G(x))


def test_a_u_net_has_dropout_between_its_widest_layers_alone():
    G = UnetGenerator(ngf=1, num_downs=8, use_dropout=True)
    assert sum(isinstance(module, nn.Dropout) for module in G.modules()) == 8 - 5
    assert not any(isinstance(module, nn.Dropout) for module in UnetGenerator(ngf=1, num_downs=8).modules())


def test_weights_begin_small():
    G = new(ResnetGenerator, ngf=16, n_blocks=2, norm="batch")
    convolutions = [m for m in G.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d)]
    values = torch.cat([m.weight.flatten() for m in convolutions])
    assert values.std().item() == pytest.approx(0.02, rel=0.02)
    assert abs(values.mean().item()) < 1e-3
    norms = torch.cat([m.weight for m in G.modules() if isinstance(m, nn.BatchNorm2d)])
    assert norms.mean().item() == pytest.approx(1, abs=0.005)
    assert norms.std().item() == pytest.approx(0.02, rel=0.2)
    assert not G.model[-2].bias.any()


def test_the_way_back_takes_what_the_way_there_gives():
    G = Generators("resnet", input_nc=1, output_nc=3, ngf=1, n_blocks=0)
    assert G.G_B(G.G_A(images(1, 1, 8, 8))).shape == (1, 1, 8, 8)


@pytest.mark.parametrize(
    ("G", "size", "words"),
    [
        (ResnetGenerator(ngf=1, n_blocks=1), (8, 12), None),
        (ResnetGenerator(ngf=1, n_blocks=1), (8, 30), "multiples of 4 and at least 8, found 30x8: resize"),
        (ResnetGenerator(ngf=1, n_blocks=1), (4, 4), "at least 8, found 4x4"),
        (UnetGenerator(ngf=1, num_downs=5), (32, 64), None),
        (UnetGenerator(ngf=1, num_downs=5), (32, 48), "multiples of 32"),
    ],
)
def test_sizes(G, size, words):
    if words is None:
        check_size(G, *size)
        assert G(images(1, 3, *size)).shape == (1, 3, *size)
    else:
        with pytest.raises(ValueError, match=words):
            check_size(G, *size)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Generators("vit"), "unknown generator 'vit': choose one of resnet, unet"),
        (lambda: discriminator("vit"), "unknown discriminator 'vit': choose one of n_layers, pixel"),
        (lambda: ResnetGenerator(norm="layer"), "unknown norm 'layer': choose one of instance, batch, none"),
        (
            lambda: ResnetGenerator(padding_type="wrap"),
            "unknown padding 'wrap': choose one of reflect, replicate, zero",
        ),
        (lambda: ResnetGenerator(ngf=0), "expected ngf of at least 1, found 0"),
        (lambda: UnetGenerator(num_downs=4), "at least 5 times, found num_downs=4"),
        (lambda: NLayerDiscriminator(n_layers=0), "expected n_layers of at least 1, found 0"),
    ],
)
def test_what_cannot_be_built_is_refused(build, words):
    with pytest.raises(ValueError, match=words):
        build()
