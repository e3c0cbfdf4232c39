"""The pipe of augmentations: which groups, from which draws, twice differentiable; and its controller."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from baselines.training.ada import PIPES, AugmentPipe, pipe_of
from baselines.training.ranks import RankSlice
from tests.training.ada.replay import images as patterns


def draws(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_pipes_are_the_authors():
    assert list(PIPES) == "blit geom color filter noise cutout bg bgc bgcf bgcfn bgcfnc".split()
    assert PIPES["bgcf"] == ("blit", "geom", "color", "filter")


def test_switched_off_it_does_nothing():
    images = torch.randn(2, 3, 8, 8)
    assert AugmentPipe()(images, draws()) is images


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", PIPES)
@pytest.mark.usefixtures("untouched_random_state")
def test_the_same_draws_give_the_same_images(name, channels):
    pipe, images = AugmentPipe(name, p=0.8), patterns(16, 16, 4, channels).float()
    first = pipe(images, draws())
    assert first.shape == images.shape
    assert first.dtype == torch.float32
    assert torch.equal(first, pipe(images, draws()))
    assert not torch.allclose(first, pipe(images, draws(1)))
    assert not torch.allclose(first, images)


@pytest.mark.parametrize("name", PIPES)
def test_several_processes_see_what_one_sees(name):
    pipe, images = AugmentPipe(name, p=0.8), patterns(16, 16, 4)
    whole = pipe(images, draws())
    for rank in range(2):
        part = pipe(images[rank::2], draws(), RankSlice(rank, 2))
        torch.testing.assert_close(part, whole[rank::2], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", PIPES)
def test_derivatives_are_those_of_finite_differences_twice(name):
    pipe, images = AugmentPipe(name, p=1.0), patterns(4, 4, 1).requires_grad_()

    def square_of_augmented(x):
        return pipe(x, draws(3)).square()

    assert gradcheck(square_of_augmented, images)
    assert gradgradcheck(square_of_augmented, images)


def test_only_the_groups_asked_for():
    flat = torch.full([64, 3, 8, 8], 0.5)
    torch.testing.assert_close(AugmentPipe("blit", p=1.0)(flat, draws()), flat)
    assert AugmentPipe("color", p=1.0)(flat, draws()).flatten(2).std(2).max() < 1e-6  # every pixel alike
    assert AugmentPipe("noise", p=1.0)(flat, draws()).flatten(2).std(2).min() > 0


@pytest.mark.parametrize("name", ["x", "bgx", "cb"])
def test_unknown_pipes_are_refused(name):
    with pytest.raises(ValueError, match=f"expected augment to be one of blit, geom, .*, found '{name}'"):
        AugmentPipe(name)


@pytest.mark.parametrize("name", ["", "noaug"])
def test_no_pipe_is_none(name):
    assert pipe_of(name, 0.5, torch.device("cpu")) is None


def test_the_probability_follows_the_sign_of_the_scores():
    pipe = AugmentPipe(p=0.5)
    pipe.adapt(0.6, 8, 1.0)
    assert pipe.p.item() == 0.5, "nothing seen, nothing learned"
    pipe.observe(torch.tensor([[3.0], [0.1], [2.0], [5.0]]))  # all above zero: overfitting
    pipe.observe(torch.tensor([[1.0]] * 4))
    assert pipe.state_dict().keys() == {"p", "signs", "count"}
    pipe.adapt(0.6, 8, 1.0)
    assert pipe.p.item() == pytest.approx(0.5 + 8 / 1000)
    pipe.observe(torch.tensor([[1.0], [-1.0]]))  # mean sign 0, below the target
    pipe.adapt(0.6, 2, 1.0)
    assert pipe.p.item() == pytest.approx(0.5 + 6 / 1000)
    pipe.observe(torch.tensor([[1.0]] * 30))  # the images shown count, not the scores, which may be more
    pipe.adapt(0.6, 2, 1.0)
    assert pipe.p.item() == pytest.approx(0.5 + 8 / 1000)
    pipe.observe(-torch.ones(8, 1))
    pipe.adapt(0.6, 800, 1.0)
    assert pipe.p.item() == 0, "never below zero"


def test_beyond_one_the_probability_is_one():
    images = patterns(8, 8).float()
    assert torch.equal(AugmentPipe(p=1.7)(images, draws()), AugmentPipe(p=1.0)(images, draws()))
