import math

import pytest
import torch
import toygan
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.images import to_uint8
from ganbench.pictures import Sampler, inverse_motion
from ganbench.pictures.sampler import between
from ganbench.rng import Streams
from tests.pictures.models import Plain, Styled


def waves() -> toygan.Waves:
    return toygan.adapter.load(None, "cpu")


@pytest.mark.usefixtures("untouched_random_state")
def test_a_seed_is_its_own_stream() -> None:
    z = Streams(7, (0,)).normal("z", (4,))
    assert torch.equal(Sampler(Plain()).image(7), to_uint8(Plain()(z))[0])


@pytest.mark.parametrize("model", [Plain(), waves(), Styled()])
def test_a_seeds_image_is_the_same_whatever_came_before(model: object) -> None:
    alone = Sampler(model).image(3)
    sampler = Sampler(model)
    several = [sampler.image(seed) for seed in (1, 3, 2, 3)]
    assert torch.equal(several[1], alone)
    assert torch.equal(several[3], alone)
    assert not torch.equal(several[0], alone)


def test_truncation_interpolates_from_the_average_in_the_first_layers() -> None:
    still = Sampler(Styled(), label=0, truncation_psi=0.0)
    assert torch.equal(still.image(1), still.image(2))
    cut = Sampler(Styled(), label=0, truncation_psi=0.0, truncation_cutoff=3).image(1)
    free = Sampler(Styled(), label=0).image(1)
    assert (cut[0, :3] == 128).all()
    assert torch.equal(cut[0, 3:], free[0, 3:])


def test_a_truncation_asked_for_once_replaces_the_samplers() -> None:
    assert torch.equal(Sampler(waves()).image(1, psi=0.5), Sampler(waves(), truncation_psi=0.5).image(1))


def test_labels_are_the_given_class_or_drawn_by_seed() -> None:
    named = [Sampler(Styled(), label=label).condition(5) for label in range(3)]
    assert torch.equal(torch.cat([c for c in named if c is not None]), torch.eye(3))
    drawn = [Sampler(Styled()).condition(seed) for seed in range(30)]
    assert {int(c.argmax()) for c in drawn if c is not None} == {0, 1, 2}
    assert torch.equal(_required(drawn[4]), _required(Sampler(Styled()).condition(4)))
    assert Sampler(Plain()).condition(0) is None


def _required(c: Tensor | None) -> Tensor:
    assert c is not None
    return c


def test_random_noise_is_the_seeds() -> None:
    random = Sampler(Styled(), noise_mode="random")
    assert torch.equal(random.image(1), random.image(1))
    assert not torch.equal(random.image(1)[0, -1], random.image(2)[0, -1])
    assert (Sampler(Styled()).image(1)[0, -1] == 128).all()


def test_images_move_right_and_down_and_turn_counter_clockwise() -> None:
    still, moved, turned = (Sampler(waves()) for _ in range(3))
    moved.move(0.25, 0.125, 0.0)
    image = still.image(1).int()
    assert (moved.image(1).int() - torch.roll(image, (4, 8), (1, 2))).abs().max() <= 1
    turned.move(0.0, 0.0, math.pi / 2)
    assert (turned.image(1).int() - torch.rot90(image, 1, (1, 2))).abs().max() <= 1


def test_the_motion_turns_first_and_shifts_then() -> None:
    point = torch.tensor([0.5, 0.0, 1.0])  # at the right edge
    motion = torch.linalg.inv(inverse_motion(0.1, 0.2, math.pi / 2))
    # Turned counter-clockwise it is at the top, where y is -0.5.
    assert torch.allclose(motion @ point, torch.tensor([0.1, -0.5 + 0.2, 1.0]), atol=1e-6)


def test_a_latent_between_two_has_a_length_between_theirs() -> None:
    a, b = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 4.0]])
    half = between(a, b, 0.5)
    assert torch.allclose(half, torch.tensor([[3 / math.sqrt(2), 3 / math.sqrt(2)]]))
    assert torch.allclose(between(a, b, 0.0), a)
    assert torch.allclose(between(a, b, 1.0), b, atol=1e-6)


class Grey4(Plain):
    img_channels = 4


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Sampler(object()), "makes images from latents, found the model"),
        (lambda: Sampler(Grey4()), "1 or 3 channels, found the model with 4"),
        (lambda: Sampler(Plain(), truncation_psi=0.5), "truncation"),
        (lambda: Sampler(Plain(), truncation_cutoff=1), "truncation"),
        (lambda: Sampler(Plain(), label=0), "a conditional model for class 0, found .*: leave out --class"),
        (lambda: Sampler(Styled(), label=3), "class from 0 to 2 of the model, found 3"),
        (lambda: Sampler(Styled()).move(0.1, 0, 0), "that can shift and rotate its images"),
    ],
)
def test_what_a_model_cannot_do_is_said_in_one_sentence(make: object, told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        make()  # type: ignore[operator]


def test_every_image_is_told_of() -> None:
    seen: list[int] = []
    sampler = Sampler(waves(), on_image=lambda: seen.append(1))
    sampler.image(0)
    sampler.of_styles(sampler.styles(0), 0)
    assert len(seen) == 2
