"""Cycle reconstruction: closed forms, and the style of the way back."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
import toygan
from torch import Tensor

from ganbench.errors import PlanError
from ganbench.metrics.cycle import CycleReconstruction, cycle, cycle_latent, cycle_reference
from ganbench.rng import Streams
from tests.metrics.pictures_of_domains import Mapped, noise_pictures, planned, results

pytestmark = pytest.mark.usefixtures("untouched_random_state")


def pooled(metric: CycleReconstruction) -> CycleReconstruction:
    return dataclasses.replace(metric, extractor="pool")


def test_a_translator_that_changes_nothing_and_one_that_undoes_itself_have_no_error(tmp_path: Path) -> None:
    for name, function in {"same": lambda x, _: x, "negative": lambda x, _: -x}.items():
        found = results(planned(Mapped(function), [pooled(cycle)], noise_pictures()), tmp_path / name)
        assert {key: result.value for key, result in found.items()} == {"cycle_l1": 0, "cycle_lpips": 0}


def test_a_constant_offset_is_found_as_it_is(tmp_path: Path) -> None:
    """0.1 brighter to a and 0.25 brighter to b: back 0.35 off; the toy distance is over 16 means, in halves of 1."""
    found = results(
        planned(Mapped(lambda x, target: x + (0.1, 0.25)[target]), [pooled(cycle)], noise_pictures()), tmp_path
    )
    assert found["cycle_l1"].value == pytest.approx(0.35, rel=1e-5)
    assert found["cycle_lpips"].value == pytest.approx(16 * (0.35 / 2) ** 2, rel=1e-4)


def test_each_direction_has_its_own_number_and_images_are_not_clipped(tmp_path: Path) -> None:
    """Four times as much contrast to b, an eighth back to a: half of each image is lost, whichever way first."""
    data = noise_pictures()
    found = results(planned(Mapped(lambda x, target: x * (1 / 8, 4)[target]), [pooled(cycle)], data), tmp_path)
    lost = data.floats().abs().flatten(1).mean(1) / 2
    expected = {"b->a": lost[3:].mean().item(), "a->b": lost[:3].mean().item()}
    assert found["cycle_l1"].parts == pytest.approx(expected, rel=1e-5)
    assert found["cycle_l1"].value == pytest.approx(sum(expected.values()) / 2, rel=1e-5)
    assert expected["a->b"] != pytest.approx(expected["b->a"], rel=0.1)
    embedded = toygan.Pool().embed((data.floats() + 1) * 127.5) - toygan.Pool().embed(data.floats() * 63.75 + 127.5)
    by_image = embedded.square().sum(1)
    assert found["cycle_lpips"].parts == pytest.approx(
        {"b->a": by_image[3:].mean().item(), "a->b": by_image[:3].mean().item()}, rel=1e-4
    )
    assert (found["cycle_l1"].higher_is_better, found["cycle_l1"].uses_data) == (False, True)


class Shifted:
    """Brighter by the style: a latent's mean, or that of an image and what else is told by the domain."""

    domains = ("a", "b")
    latent_dim, style_dim = 4, 1

    def style_from_latent(self, z: Tensor, target: Any) -> Tensor:
        return z.mean(1, keepdim=True)

    def style_from_reference(self, x: Tensor, target: Any) -> Tensor:
        return x.mean((1, 2, 3))[:, None] * (target + 2)

    def translate(self, x: Tensor, target: Any, style: Tensor | None = None) -> Tensor:
        assert style is not None
        return x + style[:, :, None, None]


def test_the_way_back_is_by_the_style_of_the_source_image_in_its_own_domain(tmp_path: Path) -> None:
    """Samples are numbered by target: first the three of b on their way to a, then the three of a."""
    data = noise_pictures()
    found = results(planned(Shifted(), [pooled(cycle_latent)], data), tmp_path)
    there = Streams(0, tuple(range(6))).normal("translation-z", (1, 4)).mean((1, 2))
    mean = data.floats().mean((1, 2, 3))
    errors = (there + torch.cat([mean[3:] * 3, mean[:3] * 2])).abs()
    assert found["cycle_latent_l1"].parts == pytest.approx(
        {"b->a": errors[:3].mean().item(), "a->b": errors[3:].mean().item()}, rel=1e-5
    )


def test_there_by_a_reference_is_there_by_a_reference(tmp_path: Path) -> None:
    """Three sources meet three references of the other domain, each once, so the mean over both ways is known."""
    data = noise_pictures()
    data.all[:] = 255  # every image alike: mean 1
    found = results(planned(Shifted(), [pooled(cycle_reference)], data), tmp_path)
    assert found["cycle_reference_l1"].parts == pytest.approx({"b->a": 2 + 3, "a->b": 3 + 2})


def test_several_outputs_are_averaged(tmp_path: Path) -> None:
    several = dataclasses.replace(pooled(cycle_latent), num_outputs=3)
    data = noise_pictures()
    found = results(planned(Shifted(), [several], data), tmp_path)
    there = Streams(0, tuple(range(6))).normal("translation-z", (3, 4)).mean(2)
    mean = data.floats().mean((1, 2, 3))
    errors = (there + torch.cat([mean[3:] * 3, mean[:3] * 2])[:, None]).abs().mean(1)
    assert found["cycle_latent_l1"].value == pytest.approx(errors.mean().item(), rel=1e-5)


def test_one_direction_alone_is_no_cycle() -> None:
    model = Mapped(lambda x, _: x)
    model.targets = ("b",)  # type: ignore[attr-defined]
    with pytest.raises(PlanError, match="found a model that translates to b alone: give weights of both directions"):
        planned(model, [pooled(cycle)], noise_pictures())


def test_a_model_without_style_has_no_cycle_by_latents_and_one_with_styles_no_plain_one() -> None:
    with pytest.raises(PlanError, match="no style: choose a metric without"):
        planned(Mapped(lambda x, _: x), [pooled(cycle_latent)], noise_pictures())
    with pytest.raises(PlanError, match="latent or reference styles"):
        planned(Shifted(), [pooled(cycle)], noise_pictures())
