import pytest
import torch
from torch.nn import functional as F

from baselines.stargan.networks import Discriminator, Generator
from baselines.training.streams import seeded
from baselines.translation.sizes import check_size


def images(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 2 - 1


def new(build, **arguments):
    """A network whose weights, those of instance norm too, are all random."""
    with seeded(0):
        network = build(**arguments).double().requires_grad_(False)
        for name, p in network.named_parameters():
            p.normal_(1 if p.ndim == 1 and name.endswith("weight") else 0, 0.2)
    return network


def plainly(state, x, c, blocks):
    """The generator by formulas alone, from the tensors of an official file."""

    def normed(h, name):
        mean, var = h.mean([2, 3], keepdim=True), h.var([2, 3], keepdim=True, unbiased=False)
        weight, bias = (state[f"{name}.{which}"][None, :, None, None] for which in ("weight", "bias"))
        return (h - mean) / (var + 1e-5).sqrt() * weight + bias

    maps = c[:, :, None, None] * torch.ones_like(x[:, :1])
    h = F.conv2d(torch.cat([x, maps], 1), state["main.0.weight"], padding=3)
    h = normed(h, "main.1").relu()
    for place in (3, 6):
        h = F.conv2d(h, state[f"main.{place}.weight"], stride=2, padding=1)
        h = normed(h, f"main.{place + 1}").relu()
    for place in range(9, 9 + blocks):
        inner = normed(F.conv2d(h, state[f"main.{place}.main.0.weight"], padding=1), f"main.{place}.main.1").relu()
        h = h + normed(F.conv2d(inner, state[f"main.{place}.main.3.weight"], padding=1), f"main.{place}.main.4")
    for place in (9 + blocks, 12 + blocks):
        h = F.conv_transpose2d(h, state[f"main.{place}.weight"], stride=2, padding=1)
        h = normed(h, f"main.{place + 1}").relu()
    return F.conv2d(h, state[f"main.{15 + blocks}.weight"], padding=3).tanh()


@pytest.mark.parametrize("training", [True, False])
def test_the_generator_is_what_its_tensors_say_in_training_and_after_it(training):
    G = new(Generator, c_dim=3, img_channels=2, conv_dim=2, repeat_num=2).train(training)
    x, c = images(3, 2, 16, 24), torch.tensor([[1.0, 0, 1], [0, 1, 0], [0, 0, 0]]).double()
    assert torch.allclose(G(x, c), plainly(G.state_dict(), x, c, 2), atol=1e-12)


def test_the_discriminator_is_what_its_tensors_say():
    D = new(Discriminator, img_size=32, c_dim=3, img_channels=2, conv_dim=2, repeat_num=3)
    state, h = D.state_dict(), images(2, 2, 32, 32)
    x = h
    for place in (0, 2, 4):
        h = F.conv2d(h, state[f"main.{place}.weight"], state[f"main.{place}.bias"], stride=2, padding=1)
        h = torch.where(h > 0, h, h / 100)
    patches, logits = D(x)
    assert (patches.shape, logits.shape) == ((2, 1, 4, 4), (2, 3))
    assert torch.allclose(patches, F.conv2d(h, state["conv1.weight"], padding=1), atol=1e-12)
    assert torch.allclose(logits, torch.einsum("nchw,kchw->nk", h, state["conv2.weight"]), atol=1e-12)


def test_an_image_is_translated_alone_whatever_is_beside_it():
    G = new(Generator, c_dim=2, img_channels=1, conv_dim=2, repeat_num=1)
    x, c = images(3, 1, 16, 16), torch.eye(2).double()[[0, 1, 0]]
    assert torch.allclose(G(x, c)[1:2], G(x[1:2], c[1:2]), atol=1e-12)


def test_the_label_decides():
    G = new(Generator, c_dim=2, img_channels=1, conv_dim=2, repeat_num=1)
    x, c = images(1, 1, 16, 16), torch.eye(2).double()
    assert not torch.allclose(G(x, c[:1]), G(x, c[1:]))
    assert G(x, c[:1]).abs().max() < 1


def test_the_published_sizes_have_the_paper_s_number_of_parameters():
    """Choi et al. (CVPR 2018), table 3: 53.2M for both networks on RaFD's eight expressions."""
    with torch.device("meta"):
        G, D = Generator(c_dim=8), Discriminator(c_dim=8)
    count = sum(p.numel() for network in (G, D) for p in network.parameters())
    assert round(count / 1e6, 1) == 53.2


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((8, 12), None),
        ((8, 30), "multiples of 4 and at least 8, found 30x8: resize"),
        ((4, 4), "at least 8, found 4x4"),
    ],
)
def test_sizes(size, words):
    G = new(Generator, c_dim=2, conv_dim=1, repeat_num=1)
    if words is None:
        check_size(G, *size)
        assert G(images(1, 3, *size), torch.eye(2).double()[:1]).shape == (1, 3, *size)
    else:
        with pytest.raises(ValueError, match=words):
            check_size(G, *size)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: Generator(conv_dim=0), "expected conv_dim of at least 1, found 0"),
        (lambda: Generator(c_dim=0), "expected c_dim of at least 1, found 0"),
        (lambda: Discriminator(img_size=32), "images that can be halved 6 times, found 32 pixels: lower repeat_num"),
    ],
)
def test_what_cannot_be_built_is_refused(build, words):
    with pytest.raises(ValueError, match=words):
        build()
