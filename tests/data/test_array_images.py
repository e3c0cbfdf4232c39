"""Images in npz files, such as ADM's reference batches: measured as the same images in a zip, refused where damaged."""

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganbench.data import open_data
from ganbench.data.array_images import ArrayDataset
from ganbench.data.opening import open_reals
from ganbench.errors import BadInputError
from ganbench.testing import check_dataset
from ganbench.types import Statistics


def pixels(*shape: int) -> Any:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def saved(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize(("shape", "channels"), [((6, 8, 8, 3), 3), ((6, 8, 8, 1), 1), ((6, 8, 8), 1)])
def test_the_images_of_a_batch_are_those_that_were_saved(shape: tuple[int, ...], channels: int, tmp_path: Path) -> None:
    images = pixels(*shape)
    data = open_data(saved(tmp_path / "batch.npz", arr_0=images, arr_1=np.arange(6) % 3))
    assert (len(data), data.resolution, data.channels, data.label_dim) == (6, 8, channels, 3)
    expected = torch.from_numpy(images.reshape(6, 8, 8, channels)).permute(0, 3, 1, 2)
    assert torch.equal(data.images([5, 0]), expected[[5, 0]])
    assert data.labels([1, 5]).tolist() == [[0, 1, 0], [0, 0, 1]]
    check_dataset(data)
    again = pickle.loads(pickle.dumps(data))
    assert (again.fingerprint, torch.equal(again.images([2]), data.images([2]))) == (data.fingerprint, True)


def test_packed_images_are_the_same_data(tmp_path: Path) -> None:
    images = pixels(6, 8, 8, 3)
    np.savez_compressed(tmp_path / "packed.npz", images=images)
    plain = open_data(saved(tmp_path / "plain.npz", arr_0=images))
    assert open_data(tmp_path / "packed.npz").fingerprint == plain.fingerprint


def test_statistics_beside_images_are_kept_and_count_for_the_fingerprint(tmp_path: Path) -> None:
    images = pixels(6, 8, 8, 3)
    alone = open_reals(saved(tmp_path / "a.npz", arr_0=images))
    moments = {"mu": np.zeros(4), "sigma": np.eye(4), "mu_s": np.zeros(2), "sigma_s": np.eye(2)}
    both = open_reals(saved(tmp_path / "b.npz", arr_0=images, **moments))
    assert isinstance(alone, ArrayDataset)
    assert isinstance(both, ArrayDataset)
    assert alone.statistics is None
    assert both.statistics is not None
    assert both.fingerprint != alone.fingerprint
    statistics = saved(tmp_path / "c.npz", **moments)
    for name in ("c.npz", "c.NPZ", "c"):
        statistics = statistics.rename(tmp_path / name)
        assert isinstance(open_reals(statistics), Statistics)


BAD: dict[str, dict[str, Any]] = {
    "Python objects": {"arr_0": np.array([None, 1], dtype=object)},
    "float64": {"arr_0": np.zeros((2, 8, 8, 3))},
    r"\[2, 8\]": {"arr_0": pixels(2, 8)},
    r"\[2, 8, 8, 2\]": {"arr_0": pixels(2, 8, 8, 2)},
    "square images, found 9x8": {"arr_0": pixels(2, 8, 9, 3)},
    "expected 2 labels, one per image, found 3": {"arr_0": pixels(2, 8, 8, 3), "arr_1": np.arange(3)},
    r"finite vectors \[N, label_dim\] in float32, found \[2, 3\]": {
        "arr_0": pixels(2, 8, 8, 3),
        "labels": np.full((2, 3), 1e300),
    },
    r"found \[2, 0\]": {"arr_0": pixels(2, 8, 8, 3), "labels": np.zeros((2, 0))},
    "found features": {"features": np.zeros((2, 4))},
    "negative eigenvalues": {
        "arr_0": pixels(2, 8, 8, 3),
        "mu": np.zeros(2),
        "sigma": np.array([[1.0, 2.0], [2.0, 1.0]]),
    },
}


@pytest.mark.parametrize("told", BAD)
def test_what_is_no_batch_of_images_is_refused(told: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "f.npz", **BAD[told])
    with pytest.raises(BadInputError, match=told if told != "found features" else "expected"):
        open_reals(path)


def test_a_cut_or_changed_file_is_refused(tmp_path: Path) -> None:
    whole = saved(tmp_path / "f.npz", arr_0=pixels(6, 8, 8, 3)).read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for content in (whole[: len(whole) // 2], bytes(flipped)):
        (tmp_path / "g.npz").write_bytes(content)
        with pytest.raises(BadInputError, match=r"found (a )?damage.*g\.npz; copy"):
            open_reals(tmp_path / "g.npz")


def test_members_that_lead_out_and_arrays_that_claim_too_much_are_refused(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (2**30, 64, 64, 3)})
    nothing = io.BytesIO()  # numpy refuses it, although it takes no memory
    np.lib.format.write_array_header_1_0(nothing, {"descr": "|u1", "fortran_order": False, "shape": (0, 2**46, 2**46)})
    with zipfile.ZipFile(tmp_path / "f.npz", "w") as archive:
        archive.writestr("arr_0.npy", nothing.getvalue())
    with pytest.raises(BadInputError, match="as its shape 0x70368744177664x70368744177664 says"):
        open_reals(tmp_path / "f.npz")
    told = {
        "../arr_0.npy": r"expected only arrays \(NAME\.npy\), found '\.\./arr_0\.npy': .*f\.npz",
        "arr_0.npy": r"expected arr_0 to hold as many bytes as its shape 1073741824x64x64x3 says, found 1,048,576: ",
    }
    for name, sentence in told.items():
        with zipfile.ZipFile(tmp_path / "f.npz", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, header.getvalue() + bytes(2**20))
        with pytest.raises(BadInputError, match=sentence):
            open_reals(tmp_path / "f.npz")


def test_an_array_that_unpacks_to_far_more_than_the_file_is_refused(tmp_path: Path) -> None:
    """A bomb: all bytes are there, but no photographs are packed a thousand times."""
    np.savez_compressed(tmp_path / "f.npz", arr_0=np.zeros((400, 256, 256, 3), np.uint8))
    with pytest.raises(BadInputError, match="arr_0 to be compressed at most 200 times, found 78,643,200 bytes in"):
        open_reals(tmp_path / "f.npz")
