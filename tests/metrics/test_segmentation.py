"""The FCN score with a toy segmentation: photos whose colours are the classes, in other colours than the label maps."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor

from ganbench import registry
from ganbench.errors import PlanError, UnknownNameError
from ganbench.inputs.translated_classes import classes_of_colours
from ganbench.metrics.segmentation import fcn
from ganbench.types import SegmentationExtractor
from tests.metrics.pictures_of_domains import Mapped, Pictures, planned, results

pytestmark = pytest.mark.usefixtures("untouched_random_state")

LABELS = torch.tensor([[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 0]], dtype=torch.uint8)  # the last: not counted
PHOTOS = torch.tensor([[250, 250, 250], [130, 130, 130], [10, 10, 10]], dtype=torch.uint8)


class Greys:
    """A segmentation of photos by their grey value: sky, road and water."""

    name, sha256, layers, resolution = "greys", "0" * 64, {}, None
    classes = ("sky", "road", "water")
    palette = LABELS

    def to(self, device: str, float64: bool = False) -> "Greys":
        return self

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        return {}

    def segment(self, images: Tensor) -> Tensor:
        assert images.dtype == torch.uint8
        return (images[:, 0, None].int() - PHOTOS[:, 0].reshape(1, 3, 1, 1)).abs().argmin(1)


@pytest.fixture(autouse=True)
def greys(monkeypatch: pytest.MonkeyPatch) -> None:
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda kind, name: Greys if name == "greys" else load(kind, name))


def maps() -> tuple[Tensor, Pictures]:
    """Return classes ``[4, 8, 8]``, 3 where not known, and a data set: 2 photos of domain A, 4 label maps of B."""
    random = torch.Generator().manual_seed(5)
    truth = torch.randint(0, 3, (4, 8, 8), generator=random)
    truth[:, 0] = 3
    labels = LABELS[truth].permute(0, 3, 1, 2)
    photos = torch.randint(0, 256, (2, 3, 8, 8), generator=random, dtype=torch.uint8)
    return truth, Pictures(torch.cat([photos, labels]), [0, 0, 1, 1, 1, 1], ("A", "B"))


def painted(x: Tensor, sky_as: int = 0) -> Tensor:
    """Return photos of label maps, the sky painted as another class."""
    seen = classes_of_colours(x, Greys()).clamp(max=2)
    seen[seen == 0] = sky_as
    return PHOTOS[seen].permute(0, 3, 1, 2) / 127.5 - 1


def score(model: Mapped, data: Pictures, folder: Path) -> dict[str, float]:
    found = results(planned(model, [dataclasses.replace(fcn, extractor="greys")], data), folder)
    return {key: result.value for key, result in found.items()}


def test_photos_that_show_what_the_maps_say_score_one(tmp_path: Path) -> None:
    _, data = maps()
    model = Mapped(lambda x, target: painted(x) if target == 0 else x * 0, ("A", "B"))
    expected = {"fcn_pixel_accuracy": 1, "fcn_class_accuracy": 1, "fcn_class_iou": 1}
    assert score(model, data, tmp_path) == expected


def test_sky_that_looks_like_road_is_counted_as_road(tmp_path: Path) -> None:
    truth, data = maps()
    model = Mapped(lambda x, target: painted(x, sky_as=1) if target == 0 else x * 0, ("A", "B"))
    sky, road, water = ((truth == index).sum().item() for index in range(3))
    found = score(model, data, tmp_path)
    assert found["fcn_pixel_accuracy"] == pytest.approx((road + water) / (sky + road + water))
    assert found["fcn_class_accuracy"] == pytest.approx(2 / 3)
    assert found["fcn_class_iou"] == pytest.approx((0 + road / (sky + road) + 1) / 3)


def test_colours_a_little_off_are_the_nearest_class() -> None:
    truth, data = maps()
    noisy = (data.floats()[2:] + 0.3 * torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))).clamp(-1, 1)
    found = classes_of_colours(noisy, Greys())
    assert torch.equal(found, truth.where(truth < 3, 255))
    assert isinstance(Greys(), SegmentationExtractor)


def test_what_is_missing_is_said() -> None:
    _, data = maps()
    model = Mapped(lambda x, _: x, ("A", "B"))
    with pytest.raises(PlanError, match="no domain 'maps' of label maps, only A, B"):
        planned(model, [dataclasses.replace(fcn, extractor="greys", labels="maps")], data)
    with pytest.raises(PlanError, match="the extractor 'pool' segments no images"):
        planned(model, [dataclasses.replace(fcn, extractor="pool")], data)
    with pytest.raises((PlanError, UnknownNameError), match="'fcn'"):
        planned(model, [fcn], data)
