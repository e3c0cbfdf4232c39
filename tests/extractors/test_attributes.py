"""Attribute classifiers from a file: sizes, channels, and files that are something else."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from baselines.attributes.networks import AttributeNetwork
from baselines.training.streams import seeded
from baselines.training.weights import save_weights
from ganbench.checkpoints import file_sha256
from ganbench.errors import BadInputError, UnknownNameError, UnsafeFileError
from ganbench.extractors.attributes import TrainedAttributes
from ganbench.extractors.opening import open_extractor
from ganbench.testing import check_extractor
from ganbench.types import AttributeExtractor

NAMES = ["bald", "young"]


def config(channels: int = 3) -> dict[str, Any]:
    return {"num_attributes": 2, "img_resolution": 8, "img_channels": channels, "fmap_base": 32, "fmap_max": 8}


def network(channels: int = 3) -> AttributeNetwork:
    with seeded(0):
        return AttributeNetwork(**config(channels)).eval()


def write(path: Path, channels: int = 3, **changes: Any) -> Path:
    header = {"model": "attributes", "config": config(channels), "attributes": NAMES}
    save_weights(path, network(channels), **{**header, **changes})
    return path


def noise(channels: int, size: int = 8) -> torch.Tensor:
    return torch.rand([3, channels, size, size], generator=torch.Generator().manual_seed(0)) * 3 - 1.5


def opened(path: Path) -> TrainedAttributes:
    found = open_extractor(f"attributes:{path}")
    assert isinstance(found, TrainedAttributes)
    return found


@pytest.mark.usefixtures("untouched_random_state")
def test_the_file_says_all(tmp_path: Path) -> None:
    path = write(tmp_path / "a.safetensors")
    found = opened(path)
    assert isinstance(found, AttributeExtractor)
    assert (found.name, found.sha256) == ("attributes:a.safetensors", file_sha256(path))
    assert (found.attributes, found.resolution, found.layers) == (("bald", "young"), 8, {"logits": 2})
    torch.testing.assert_close(found.attribute_logits(noise(3)), network()(noise(3)).detach())
    images = torch.randint(256, [2, 3, 8, 8], dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(found(images)["logits"], found.attribute_logits(images / 127.5 - 1))
    assert found.to("cpu", float64=True).attribute_logits(noise(3)).dtype == torch.float64
    check_extractor(found)


def test_grey_and_colour_are_made_of_each_other(tmp_path: Path) -> None:
    colour, grey = opened(write(tmp_path / "3.safetensors", 3)), opened(write(tmp_path / "1.safetensors", 1))
    images = noise(1)
    torch.testing.assert_close(colour.attribute_logits(images), colour.attribute_logits(images.expand(-1, 3, -1, -1)))
    torch.testing.assert_close(
        grey.attribute_logits(noise(3)), grey.attribute_logits(noise(3).mean(1, keepdim=True)), rtol=1e-4, atol=1e-5
    )
    with pytest.raises(BadInputError, match=r"expected 8x8 images .*, found 16x16"):
        grey.attribute_logits(noise(1, 16))


def test_files_of_another_kind_are_refused_by_name(tmp_path: Path) -> None:
    for name, message in (
        ("none.safetensors", "expected a file of attribute classifiers, found none"),
        ("", "write attributes:FILE"),
    ):
        with pytest.raises(BadInputError, match=message):
            open_extractor(f"attributes:{tmp_path / name if name else ''}")
    cases: dict[str, dict[str, Any]] = {
        r"expected attribute classifiers, found 'stylegan2'": {"model": "stylegan2"},
        r"the names of 2 attributes in the header, found others": {"attributes": ["bald"]},
        r"attributes in the header, found others: ": {"attributes": ["bald", 1]},
        r"lacks the tensor": {"config": {**config(), "img_resolution": 16}},
        r"arguments that do not make a network": {"config": {**config(), "img_resolution": 12}},
        r"with shape \[2, 8\], and a network of attributes": {"config": {**config(), "num_attributes": 3}},
    }
    for message, changes in cases.items():
        with pytest.raises(BadInputError, match=message) as caught:
            opened(write(tmp_path / "a.safetensors", **changes))
        assert str(tmp_path) in str(caught.value)
    with pytest.raises(UnsafeFileError, match="which no network takes"):
        opened(write(tmp_path / "a.safetensors", config={**config(), "img_resolution": 2**40}))


def test_files_that_are_damaged_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.safetensors")
    content = path.read_bytes()
    for damaged in (content[:-4], content[:-1] + bytes([content[-1] ^ 1]), b"", b"\x80\x04."):
        path.write_bytes(damaged)
        with pytest.raises(BadInputError, match=r"a\.safetensors"):
            opened(path)
    header = {"model": json.dumps("attributes"), "config": json.dumps(config()), "attributes": json.dumps(NAMES)}
    broken = {name: tensor.clone().fill_(float("nan")) for name, tensor in network().state_dict().items()}
    save_file(broken, path, metadata=header)
    with pytest.raises(BadInputError, match="NaN or an infinity"):
        opened(path)


def test_only_extractors_that_understand_more_take_a_colon() -> None:
    with pytest.raises(UnknownNameError, match="unknown extractor 'digits:x'"):
        open_extractor("digits:x")
    assert open_extractor("digits").name == "digits"
