"""Metrics of translations beside their ground truth."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ganbench.errors import PlanError
from ganbench.functional import psnr as ratio
from ganbench.functional import ssim as similarity
from ganbench.images import to_uint8
from ganbench.metrics import resolve
from ganbench.metrics.paired import l1_paired, lpips_paired
from ganbench.metrics.psnr import psnr
from ganbench.metrics.ssim import ssim
from ganbench.metrics.translation import fid_translated
from tests.metrics.pictures_of_domains import Mapped, Pictures, noise_pictures, planned, results

pytestmark = pytest.mark.usefixtures("untouched_random_state")

METRICS = [ssim, psnr, l1_paired, lpips_paired.with_(extractor="digits")]


class Pairs(Pictures):
    """Pictures of which the first half have the second, in another order, as partners."""

    order = torch.tensor([2, 0, 1])

    def partners(self, indices: Sequence[int]) -> list[int]:
        half = len(self) // 2
        back = self.order.argsort()
        return [int(self.order[i]) + half if i < half else int(back[i - half]) for i in indices]


def pairs(channels: int = 1) -> Pairs:
    """Return three random sources, and as truth the same in negative with noise."""
    random = torch.Generator().manual_seed(1)
    source = torch.randint(0, 256, [3, channels, 32, 32], generator=random)
    noise = torch.randint(-20, 21, source.shape, generator=random)
    truth = (255 - source + noise).clamp(0, 255)
    return Pairs(torch.cat([source, truth[Pairs.order.argsort()]]).byte(), [0, 0, 0, 1, 1, 1], ("a", "b"))


class OneWay(Mapped):
    """A translator to the second domain alone."""

    targets = ("b",)


def measured(model: Any, data: Any, folder: Path) -> dict[str, float]:
    found = results(planned(model, METRICS, data), folder)
    return {key: result.value for key, result in found.items()}


def test_the_numbers_of_each_pair_by_hand(tmp_path: Path) -> None:
    data = pairs()
    source, truth = data.all[:3], data.all[data.partners([0, 1, 2])]
    found = measured(OneWay(lambda x, _: -x), data, tmp_path)
    image = to_uint8(-(source.float() / 127.5 - 1), "cyclegan")
    assert found["ssim"] == pytest.approx(similarity(image, truth).mean().item(), abs=1e-12)
    assert found["psnr"] == pytest.approx(ratio(image, truth).mean().item(), abs=1e-9)
    away = (255 - source.double() - truth.double()).abs().mean().item() / 127.5
    assert found["l1_paired"] == pytest.approx(away, abs=1e-6)
    assert found["psnr"] > 25, "the partners are found, or noise would be compared with noise"


def test_the_truth_itself_is_perfect_and_equal_images_count_with_100_db(tmp_path: Path) -> None:
    data = pairs()
    floats = data.floats()

    def perfect(x: Tensor, target: int) -> Tensor:
        places = [int((floats - row).abs().flatten(1).sum(1).argmin()) for row in x]
        return floats[data.partners(places)]

    # 8-bit truth comes back as it is only from a quantiser that rounds; the usual one cuts.
    rounding = [it.with_(quantiser="stylegan") if it.name in ("ssim", "psnr") else it for it in METRICS]
    found = results(planned(Mapped(perfect), rounding, data), tmp_path)
    assert {key: result.value for key, result in found.items()} == {
        "ssim": 1,
        "psnr": 100,
        "l1_paired": 0,
        "lpips_paired": 0,
    }
    assert found["ssim"].parts == {"a->b": 1, "b->a": 1}


def test_directions_have_numbers_of_their_own(tmp_path: Path) -> None:
    found = results(planned(Mapped(lambda x, target: -x if target else 0 * x), METRICS, pairs()), tmp_path)
    for result in found.values():
        there, back = result.parts["a->b"], result.parts["b->a"]
        assert result.value == pytest.approx((there + back) / 2)
        assert (there > back) == result.higher_is_better


def test_grey_translations_are_compared_with_colour(tmp_path: Path) -> None:
    data = pairs(3)
    grey = measured(OneWay(lambda x, _: -x.mean(1, keepdim=True)), data, tmp_path / "grey")
    same = measured(OneWay(lambda x, _: -x.mean(1, keepdim=True).expand_as(x)), data, tmp_path / "same")
    assert grey == pytest.approx(same)


def test_all_are_measured_in_one_pass_with_others() -> None:
    plan = planned(OneWay(lambda x, _: -x), [*METRICS, fid_translated.with_(extractor="digits")], pairs())
    assert sorted(pass_.source.name for pass_ in plan.passes) == ["reals", "translations"]


def test_data_without_pairs_are_refused_with_the_form_of_pairs() -> None:
    with pytest.raises(PlanError, match="ground truth and pictures has no pairs: name a folder of pairs, as with --da"):
        planned(Mapped(lambda x, _: x), [ssim], noise_pictures())


def test_images_smaller_than_the_window_are_refused_before_any_work() -> None:
    data = pairs()
    tiny = Pairs(data.all[:, :, :8, :8], [0, 0, 0, 1, 1, 1], ("a", "b"))
    with pytest.raises(PlanError, match="windows of 11x11 pixels and the images have 8x8: take psnr"):
        planned(OneWay(lambda x, _: x), [ssim], tiny)
    planned(OneWay(lambda x, _: x), [psnr], tiny)


def test_translations_of_another_size_than_the_truth_are_refused(tmp_path: Path) -> None:
    plan = planned(OneWay(lambda x, _: x[..., ::2, ::2]), [psnr], pairs())
    from ganbench.engine.cache import Cache
    from ganbench.engine.run import Silence, fill

    _, failures, _ = fill(plan, 64, Cache(tmp_path), Silence())
    assert any("found 16x16 and 32x32 pixels" in str(failure) for failure in failures.values())


def test_the_names_are_registered() -> None:
    for one in (ssim, psnr, l1_paired, lpips_paired):
        assert resolve(one.name) == one
