"""What is found in images: copies, single shades, JPEG's blocks, enlargements."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from toygan import Stripes, Waves

from ganbench.data import open_data
from ganbench.doctor import Level, examine_images
from ganbench.doctor.images import blockiness, by_phase, fine_power
from ganbench.types import LoadedModel
from tests.data.image_sets import write_folder


def photos(count: int = 40, size: int = 64) -> NDArray[Any]:
    """Images whose amplitude falls with the frequency, as that of photos does; one is smooth in places."""
    rng = np.random.default_rng(0)
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    radius[0, 0] = 1
    images = np.fft.ifft2(np.fft.fft2(rng.standard_normal((count, size, size))) / radius).real
    return (images / images.std() * 40 + 128).clip(0, 255).astype(np.uint8)


def as_jpeg(images: NDArray[Any], quality: int) -> NDArray[Any]:
    found = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=quality)
        found.append(np.array(Image.open(file)))
    return np.stack(found)


def grey(images: NDArray[Any]) -> Tensor:
    return torch.from_numpy(images).double()


def levels(data: Any, loaded: Any = None) -> dict[str, Level]:
    return {finding.subject: finding.level for finding in examine_images(data, loaded)}


class Images:
    """Grey images in memory as a data set."""

    name, channels, label_dim, fingerprint = "these", 1, 0, "0" * 64

    def __init__(self, images: NDArray[Any]) -> None:
        self.stored, self.resolution = torch.from_numpy(images)[:, None], images.shape[1]

    def __len__(self) -> int:
        return len(self.stored)

    def images(self, indices: Any) -> Tensor:
        return self.stored[list(indices)]

    def labels(self, indices: Any) -> Tensor:
        return torch.zeros(len(indices), 0)


def test_differences_are_told_apart_by_their_place_in_a_block() -> None:
    steps = torch.arange(8.0).repeat(3)  # the difference before pixel i is i % 8
    image = steps.cumsum(0).double().expand(1, 5, 24)
    assert by_phase(image).tolist() == [0, 1, 2, 3, 4, 5, 6, 7]


def test_blocks_of_one_shade_stand_out_and_photos_do_not() -> None:
    blocks = np.kron(photos(4, 8), np.ones((8, 8), np.uint8))
    assert blockiness(grey(blocks)) > 100
    assert blockiness(grey(photos())) == pytest.approx(1, abs=0.05)
    assert blockiness(torch.zeros(2, 64, 64, dtype=torch.float64)) == pytest.approx(1)


def test_enlarged_images_that_were_never_jpeg_have_no_blocks() -> None:
    quarter = photos(40, 32).repeat(4, axis=1).repeat(4, axis=2)
    assert blockiness(grey(quarter)) == pytest.approx(1, abs=0.05)


def test_photos_have_as_much_power_in_both_octaves_and_enlarged_ones_have_not() -> None:
    assert fine_power(grey(photos())) == pytest.approx(1, abs=0.1)
    enlarged = np.stack(
        [np.array(Image.fromarray(each).resize((128, 128), Image.Resampling.BICUBIC)) for each in photos()]
    )
    assert fine_power(grey(enlarged)) < 0.3
    assert fine_power(torch.zeros(2, 64, 64, dtype=torch.float64)) == 1


def test_good_images_are_good() -> None:
    found = levels(Images(photos()))
    assert {subject for subject, level in found.items() if level is not Level.GOOD} == {"images"}, "only too few"


@pytest.mark.parametrize(
    ("change", "subject", "level"),
    [
        (lambda x: np.concatenate([x, x[:3]]), "duplicates", Level.DOUBT),
        (lambda x: np.concatenate([x, x[:2] * 0 + 7]), "content", Level.DOUBT),
        (lambda x: as_jpeg(x, 20), "compression", Level.DOUBT),
        (lambda x: x.repeat(2, axis=1).repeat(2, axis=2), "duplicates", Level.GOOD),
    ],
)
def test_what_is_wrong_with_images_is_found(change: Any, subject: str, level: Level) -> None:
    assert levels(Images(change(photos())))[subject] is level


def test_jpeg_files_are_known_by_their_names(tmp_path: Path) -> None:
    write_folder(tmp_path / "set", photos(5)[:, None], [f"{index}.jpg" for index in range(5)])
    assert levels(open_data(tmp_path / "set"))["compression"] is Level.NOTE


def test_a_model_of_another_size_stops_a_run() -> None:
    model = LoadedModel("waves", Waves(), "none", "0" * 64)
    assert levels(Stripes(), model)["size"] is Level.GOOD
    assert levels(Images(photos()), model)["size"] is Level.STOP
