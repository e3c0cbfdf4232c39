"""Samples in files that somebody replaces while they are measured."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from torch import Tensor

import ganbench
from ganbench.errors import BadInputError
from ganbench.models.images import ImageSamples
from ganbench.paths import cache_dir
from tests.data.image_sets import encoded, noise, picture, write_folder


def test_nothing_of_them_is_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reals = write_folder(tmp_path / "reals", noise(20, 32, 1))
    samples = write_folder(tmp_path / "samples", noise(21, 32, 1))
    read = ImageSamples.images

    def replacing(self: ImageSamples, indices: Sequence[int]) -> Tensor:
        found = read(self, indices)
        (samples / "00000" / "img00000001.png").write_bytes(encoded(picture(noise(22, 32, 1)[0])))
        return found

    monkeypatch.setattr(ImageSamples, "images", replacing)
    with pytest.raises(BadInputError, match=r"samples/00000/img00000001\.png changed after the data were opened"):
        ganbench.run([f"images:{samples}"], ["fid@20"], data=str(reals), benchmark="digits", results_dir=tmp_path)
    kept = [path for path in cache_dir().rglob("*.safetensors") if path.is_file()]
    assert len(kept) <= 5, "at most the blocks of the real images"
    monkeypatch.undo()
    (record,) = ganbench.run(
        [f"images:{samples}"], ["fid@20"], data=str(reals), benchmark="digits", results_dir=tmp_path
    )
    assert record.results
