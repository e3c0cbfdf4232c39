"""A folder of samples as a model."""

from pathlib import Path

import numpy as np
import pytest
import torch
import toygan

from ganbench import registry
from ganbench.errors import BadInputError
from ganbench.images import to_uint8
from ganbench.models import load_model, open_model
from ganbench.models.images import ImageSamples, adapter
from ganbench.types import Adapter, FixedSamples, Generator, Recipe, StyleGenerator
from tests.data.image_sets import noise, write_folder


class EveryByte:
    """A data set of one image that has every byte."""

    name, resolution, channels, label_dim, fingerprint = "bytes", 16, 1, 0, "0" * 64

    def __len__(self) -> int:
        return 1

    def images(self, indices: object) -> torch.Tensor:
        return torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)

    def labels(self, indices: object) -> torch.Tensor:
        return torch.zeros(1, 0)


def test_every_byte_survives_the_quantiser() -> None:
    images = ImageSamples(EveryByte()).images([0])
    assert images.dtype == torch.float32
    assert (images.min(), images.max()) == (-1, 1)
    assert torch.equal(to_uint8(images).flatten(), torch.arange(256, dtype=torch.uint8))
    # Half a level to either side of each value, so that no rounding on the way can change a byte.
    for nudge in (-0.49, 0.49):
        assert torch.equal(to_uint8(images + nudge / 127.5), to_uint8(images))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_folder_is_samples_in_order(tmp_path: Path, channels: int) -> None:
    pixels = noise(7, channels=channels)
    model = load_model("images", write_folder(tmp_path / "samples", pixels))
    assert isinstance(model, FixedSamples)
    assert not isinstance(model, (Generator, StyleGenerator))
    assert (len(model), model.img_resolution, model.img_channels) == (7, 16, channels)
    np.testing.assert_array_equal(to_uint8(model.images((5, 0, 5))).numpy(), pixels[[5, 0, 5]])


def test_samples_are_known_by_their_pixels(tmp_path: Path) -> None:
    first = open_model("images", write_folder(tmp_path / "a", noise(4)))
    second = open_model("images", write_folder(tmp_path / "b", noise(4), names=[f"{i}.png" for i in range(4)]))
    other = open_model("images", write_folder(tmp_path / "c", noise(5)))
    assert first.sha256 == second.sha256 != other.sha256
    assert (first.embedded is not None, first.weights) == (False, str(tmp_path / "a"))


def test_a_registered_data_set_can_stand_in() -> None:
    subject = open_model("images", "stripes")
    assert len(subject.model) == 200
    assert subject.sha256 == toygan.Stripes.fingerprint


def test_a_folder_is_named_behind_a_colon_as_well(tmp_path: Path) -> None:
    folder = write_folder(tmp_path, noise(3))
    named, given = open_model(f"images:{folder}"), open_model("images", folder)
    assert (named.sha256, named.weights) == (given.sha256, str(folder))
    assert torch.equal(named.model.images([0, 1, 2]), given.model.images([0, 1, 2]))
    with pytest.raises(BadInputError, match=r"expected weights once, found them in the name .* give one of the two"):
        open_model(f"images:{folder}", folder)
    with pytest.raises(BadInputError, match="images:FOLDER"):
        open_model("images:")


def test_more_samples_than_images_are_refused(tmp_path: Path) -> None:
    model = load_model("images", write_folder(tmp_path, noise(3)))
    with pytest.raises(BadInputError, match="expected a sample below 3, the number of images, found 3"):
        model.images([0, 3])


def test_the_adapter_has_nothing_to_train_or_fetch(tmp_path: Path) -> None:
    assert registry.load("models", "images") is adapter
    assert isinstance(adapter, Adapter)
    with pytest.raises(BadInputError, match="expected a model with a training recipe"):
        adapter.train(toygan.Stripes(), Recipe("a"), tmp_path, False, lambda tick: None)
    with pytest.raises(BadInputError, match="images:FOLDER"):
        load_model("images")


def test_folders_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="expected images, found none"):
        load_model("images", tmp_path)
    with pytest.raises(BadInputError, match="expected a folder"):
        load_model("images", tmp_path / "nowhere")
    write_folder(tmp_path, noise(2))
    (tmp_path / "x.png").write_bytes(b"not an image")
    with pytest.raises(BadInputError, match=r"x\.png"):
        load_model("images", tmp_path).images([2])
