"""Translation image by image: the numbers of the network in train mode, whatever else is in the batch."""

import pytest
import torch
from torch import nn

from baselines.pix2pix.inference import ImageByImage, ImageDropout, ImageNorm, seed_of
from baselines.training.streams import seeded
from baselines.translation.initialisation import initialise
from baselines.translation.networks import ResnetGenerator, UnetGenerator

pytestmark = pytest.mark.usefixtures("untouched_random_state")


def images(count=3):
    return torch.rand([count, 1, 64, 64], generator=torch.Generator().manual_seed(0)) * 2 - 1


def network(use_dropout=False, kind=UnetGenerator, norm="batch"):
    with seeded(0):
        # Six halvings are the fewest with a layer for dropout.
        options = {"num_downs": 6} if kind is UnetGenerator else {"n_blocks": 2}
        made = kind(1, 1, ngf=2, norm=norm, use_dropout=use_dropout, **options)
        return initialise(made).requires_grad_(False)


@pytest.mark.parametrize("kind", [UnetGenerator, ResnetGenerator])
def test_norm_is_that_of_train_mode_with_single_images(kind):
    """As the authors' test program runs it: in train mode, one image after the other."""
    G, x = network(kind=kind), images()
    tested = ImageByImage(G.eval())
    expected = torch.cat([G.train()(image[None]) for image in x])
    assert torch.allclose(tested(x), expected, atol=1e-6)
    assert not torch.allclose(G.eval()(x), expected, atol=1e-2), "running statistics are others"


def test_an_image_does_not_depend_on_its_batch_and_equal_images_drop_alike():
    G, x = ImageByImage(network(use_dropout=True)), images()
    together = G(x)
    assert torch.allclose(G(x[1:2]), together[1:2], atol=1e-6)
    assert torch.equal(G(x), together)
    assert torch.allclose(G(x[[2, 2, 0]]), together[[2, 2, 0]], atol=1e-6)


def test_dropout_is_on_and_drops_half_of_the_inner_layers():
    x = images()
    with_it, without = ImageByImage(network(use_dropout=True)), ImageByImage(network())
    assert not torch.allclose(with_it(x), without(x), atol=1e-3)
    drop = ImageDropout(0.5)
    drop.draws = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    out = drop(torch.ones(2, 8, 16, 16))
    assert out.unique().tolist() == [0, 2]
    assert out.mean().item() == pytest.approx(1, abs=0.06)
    assert not torch.equal(out[0], out[1])


def test_the_generator_itself_is_left_alone():
    G = network(use_dropout=True).train()
    before = {name: tensor.clone() for name, tensor in G.state_dict().items()}
    ImageByImage(G)(images())
    assert G.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in G.state_dict().items())
    assert not any(isinstance(module, ImageNorm | ImageDropout) for module in G.modules())
    left = [m for m in ImageByImage(G).modules() if isinstance(m, nn.BatchNorm2d | nn.Dropout)]
    assert left == []


def test_networks_without_batch_norm_and_dropout_are_as_they_are():
    G, x = network(norm="instance").eval(), images()
    assert torch.equal(ImageByImage(G)(x), G(x))


def test_seeds_are_of_the_pixels_alone():
    x = images(2)
    assert seed_of(x[0]) == seed_of(x.clone()[0]) != seed_of(x[1])
    assert 0 <= seed_of(x[0]) < 2**63
