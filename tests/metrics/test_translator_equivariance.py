"""Equivariance of translators: maps that are equivariant, maps that are not, and an independent count for shifts."""

import dataclasses
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ganbench.functional import rotate, translate_fractional, translate_integer
from ganbench.inputs.moved_sources import MovedTranslations, common_mask, moved
from ganbench.inputs.views import Motion
from ganbench.metrics.translator_equivariance import (
    TranslatorEquivariance,
    eqr_latent,
    eqr_translator,
    eqt_frac_latent,
    eqt_frac_translator,
    eqt_int_latent,
    eqt_int_translator,
)
from tests.metrics.pictures_of_domains import Mapped, noise_pictures, planned, results

pytestmark = pytest.mark.usefixtures("untouched_random_state")

EVERY = (eqt_int_translator, eqt_frac_translator, eqr_translator)
KERNEL = torch.randn(1, 1, 5, 5, generator=torch.Generator().manual_seed(1)) / 8
ROUND = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])[None, None] / 16


def circular(x: Tensor) -> Tensor:
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="circular"), KERNEL)


def stripes(x: Tensor) -> Tensor:
    return x * torch.tensor([0.5, 1.0]).repeat(x.shape[3] // 2)


def measured(function: Callable[[Tensor], Tensor], folder: Path, **data: Any) -> dict[str, float]:
    model = Mapped(lambda x, _: function(x))
    return {key: result.value for key, result in results(planned(model, EVERY, noise_pictures(**data)), folder).items()}


def test_a_translator_that_changes_nothing_follows_exactly(tmp_path: Path) -> None:
    assert measured(lambda x: x, tmp_path) == {metric.name: math.inf for metric in EVERY}


def test_a_pointwise_map_follows_whole_pixels_exactly_and_a_linear_one_everything(tmp_path: Path) -> None:
    linear = measured(lambda x: 0.2 - 0.5 * x, tmp_path / "linear")
    assert linear["eqt_int_translator"] == math.inf
    assert min(linear.values()) > 130  # float32
    curved = measured(torch.tanh, tmp_path / "curved")
    assert curved["eqt_int_translator"] == math.inf
    assert 30 < curved["eqt_frac_translator"] < 60


def test_a_small_convolution_follows_shifts_and_a_round_one_nearly_rotations(tmp_path: Path) -> None:
    """Circular padding at the border of the still image does not matter: the mask keeps away from it."""
    shifted = measured(circular, tmp_path / "circular")
    assert shifted["eqt_int_translator"] > 130
    assert shifted["eqt_frac_translator"] > 130
    assert shifted["eqr_translator"] < 25  # this kernel is not round
    turned = measured(lambda x: F.conv2d(x, ROUND, padding=1), tmp_path / "round", size=64)
    assert turned["eqr_translator"] > 35


def test_a_map_that_looks_where_it_is_does_not_follow(tmp_path: Path) -> None:
    assert max(measured(stripes, tmp_path / "stripes").values()) < 30
    assert max(measured(lambda x: x.flip(3), tmp_path / "flip").values()) < 15
    fixed = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(2)) / 4
    assert max(measured(lambda x: x + fixed, tmp_path / "fixed").values()) < 20


def test_whole_shifts_by_numpy(tmp_path: Path) -> None:
    """Every sample again: shift, reflect, translate, compare within two pixels of what both sides know."""
    data = noise_pictures()
    plan = planned(Mapped(lambda x, _: stripes(x)), [eqt_int_translator], data)
    source: Any = plan.passes[0].source
    drawn = source.draw(plan.context, tuple(range(6)))
    error = count = 0.0
    for number, (dx, dy) in enumerate((drawn["shift_int"] * 32).tolist()):
        dx, dy = int(dx), int(dy)
        x = data.floats()[[3, 4, 5, 0, 1, 2][number], 0].numpy().astype(np.float64)
        wide = np.pad(x, 4, mode="reflect")[4 - dy : 36 - dy, 4 - dx : 36 - dx]
        columns = np.tile([0.5, 1.0], 16)
        still = np.roll(x * columns, (dy, dx), (0, 1))
        rows, cols = (slice(max(d, 0) + 2, 32 + min(d, 0) - 2) for d in (dy, dx))
        difference = (still - wide * columns)[rows, cols]
        error, count = error + np.square(difference).sum(), count + difference.size
    expected = 20 * math.log10(2) - 10 * math.log10(error / count)
    assert results(plan, tmp_path)["eqt_int_translator"].value == pytest.approx(expected, rel=1e-5)
    assert len({tuple(shift) for shift in (drawn["shift_int"] * 32).tolist()}) > 3


@pytest.mark.parametrize("motion", ["int", "frac", "rot"])
def test_where_the_operator_knows_the_image_it_is_the_operators(motion: Motion) -> None:
    x = torch.randn(1, 2, 40, 40, generator=torch.Generator().manual_seed(3))
    move = torch.tensor(0.7) if motion == "rot" else torch.tensor([3 / 40, -0.0875])
    operator: Any = {"int": translate_integer, "frac": translate_fractional, "rot": rotate}[motion]
    expected, mask = operator(x, *move.reshape(-1).tolist())
    found = moved(motion, x, move)
    assert (mask > 0).sum() > 500
    torch.testing.assert_close(found * mask, expected * mask, rtol=0, atol=1e-4)
    unknown = (found * (1 - mask)).abs()
    assert unknown[mask == 0].mean() > 0.1  # its reflection moves in, and not nothing
    inner = common_mask(motion, x, move)
    assert 0 < inner.sum() < mask[0, 0].sum()
    grown = F.max_pool2d(inner[None], 5, stride=1, padding=2)  # 40 / 16 is 2 pixels
    assert bool((grown <= mask[:, :1]).all())


def test_errors_are_summed_over_samples_before_they_are_divided(tmp_path: Path) -> None:
    """To a nothing changes and to b stripes appear: a is infinitely good, b alone bad, both are 3 dB better than b."""
    model = Mapped(lambda x, target: stripes(x) if target == 1 else x)
    found = results(planned(model, [eqt_int_translator], noise_pictures(40)), tmp_path)["eqt_int_translator"]
    assert found.parts["b->a"] == math.inf
    assert found.value == pytest.approx(found.parts["a->b"] + 10 * math.log10(2), abs=0.3)
    assert (found.unit, found.higher_is_better, found.extractor) == ("dB", True, None)


def test_the_style_is_the_same_on_both_sides(tmp_path: Path) -> None:
    class Bright:
        """Brighter by a style, which would be another for a moved reference or another draw."""

        domains = ("a", "b")
        latent_dim, style_dim = 3, 1

        def style_from_latent(self, z: Tensor, target: Any) -> Tensor:
            return z.sum(1, keepdim=True)

        def style_from_reference(self, x: Tensor, target: Any) -> Tensor:
            return x[:, :, 5, 5]

        def translate(self, x: Tensor, target: Any, style: Tensor | None = None) -> Tensor:
            assert style is not None
            return x + style[:, :, None, None]

    by_reference = TranslatorEquivariance("by_reference", "reference")
    metrics = [eqt_int_latent, by_reference, dataclasses.replace(eqt_int_latent, name="two", num_outputs=2)]
    found = results(planned(Bright(), metrics, noise_pictures()), tmp_path)
    assert {key: result.value for key, result in found.items()} == dict.fromkeys(
        ("eqt_int_latent", "by_reference", "two"), math.inf
    )


def test_motions_are_within_their_reach_and_another_seed_has_others(tmp_path: Path) -> None:
    source = MovedTranslations("plain", 1, translate_max=0.125, rotate_max=1.0)
    model, data = Mapped(lambda x, _: stripes(x)), noise_pictures(400)
    plan = planned(model, [eqt_int_translator], data)
    drawn = source.draw(plan.context, tuple(range(400)))
    pixels = drawn["shift_int"] * 32
    assert torch.equal(pixels, pixels.round())
    assert (pixels.min().item(), pixels.max().item()) == (-4, 4)
    assert 0.12 < drawn["shift_frac"].abs().max() <= 0.125
    assert 3.1 < drawn["angle"].abs().max() <= math.pi
    one, other = (results(planned(model, [eqt_int_translator], noise_pictures(), seed), tmp_path) for seed in (0, 1))
    assert one["eqt_int_translator"].value != other["eqt_int_translator"].value


def test_the_three_share_a_pass() -> None:
    (one,) = planned(Mapped(lambda x, _: x), EVERY, noise_pictures()).passes
    assert one.source.name == "moved translations"
    modes = [metric.mode for metric in (eqt_int_latent, eqt_frac_latent, eqr_latent)]
    assert modes == ["latent"] * 3
