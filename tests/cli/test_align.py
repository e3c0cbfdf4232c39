"""``ganbench data align``: faces where they are in CelebA-HQ, by files of the user's, or a reason before any work."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from baselines.starganv2.landmarks import LandmarkNetwork
from ganbench.checkpoints.download import without_fetching
from tests.cli.command_line import complaint, ganbench
from tests.data.image_sets import noise, write_folder
from tests.starganv2.test_alignment import face


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a landmark network that finds the mean face, four pixels to the left."""
    folder = tmp_path / "weights"
    folder.mkdir()
    torch.save({"state_dict": LandmarkNetwork().state_dict()}, folder / "wing.ckpt")
    found = np.floor(face() / 4).clip(2, 61)
    np.savez(folder / "celeba_lm_mean.npz", mean=(found + 0.5) * 4 + [4, 0])
    monkeypatch.setenv("GANBENCH_WEIGHTS", str(folder))

    def forward(self: LandmarkNetwork, x: Tensor) -> Tensor:
        maps = torch.zeros(len(x), 98, 64, 64)
        for index, (column, row) in enumerate(found.astype(int).tolist()):
            maps[:, index, row, column] = 1
        return maps

    monkeypatch.setattr(LandmarkNetwork, "forward", forward)
    return folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    write_folder(tmp_path / "photos", noise(2, size=256, channels=3))
    return tmp_path / "photos"


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path), np.int64)


def test_faces_are_moved_to_the_mean(weights: Path, photos: Path, tmp_path: Path) -> None:
    done = ganbench("data", "align", photos, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    sources = sorted(photos.rglob("*.png"))
    made = [tmp_path / "out" / "-".join(path.relative_to(photos).parts) for path in sources]
    assert done.stdout.split() == [str(path) for path in made]
    for source, path in zip(sources, made, strict=True):
        before, after = pixels(source), pixels(path)
        assert after.shape == (256, 256, 3)
        assert np.abs(after[:, 4:] - before[:, :-4]).max() <= 1  # grey levels that the official rounding lowers
    assert "exists" in complaint("data", "align", photos, "--out", tmp_path / "out")


def test_without_the_files_the_reason_says_which(photos: Path, tmp_path: Path) -> None:
    with without_fetching():
        told = complaint("data", "align", photos, "--out", tmp_path / "out")
    for part in ("wing.ckpt", "https://www.dropbox.com/s/tjxpypwpt38926e/", "GANBENCH_WEIGHTS"):
        assert part in told
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [b"nothing", None])
def test_another_file_of_the_mean_face_is_refused(
    weights: Path, photos: Path, tmp_path: Path, content: bytes | None
) -> None:
    if content is None:
        np.savez(weights / "celeba_lm_mean.npz", mean=np.zeros((5, 2)))
    else:
        (weights / "celeba_lm_mean.npz").write_bytes(content)
    told = complaint("data", "align", photos, "--out", tmp_path / "out")
    assert "array mean" in told
