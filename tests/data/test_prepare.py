"""``prepare``: what is written has the layout, labels and pixels of NVlabs' tool, whatever the images come from."""

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench.data import open_data
from ganbench.data.idx import read_idx
from ganbench.data.npz import to_npz
from ganbench.data.preparing import Geometry, Prepared, prepare
from ganbench.data.raw_images import class_folders, open_raw, read_label_file
from ganbench.errors import BadInputError
from tests.data.image_sets import dataset_json, encoded, members, noise, picture, write_folder, write_zip


def made(source: Path | str, out: Path, size: int | None = None, **settings: object) -> Prepared:
    """Prepare images with the labels that they come with."""
    images = open_raw(source)
    geometry = Geometry(None if size is None else (size, size))
    return prepare(images, out, settings.pop("geometry", geometry), images.labels, **settings)  # type: ignore[arg-type]


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes()


def content(path: Path) -> bytes:
    return path.read_bytes()


def test_a_folder_becomes_a_zip_of_the_official_layout(tmp_path: Path) -> None:
    images = noise(5)
    folder = write_folder(tmp_path / "a", images)
    (folder / "dataset.json").write_bytes(dataset_json([4, 3, 2, 1, 0]))
    assert made(folder, tmp_path / "a.zip") == Prepared(5, 0, 0, (3, 16, 16))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [*(f"00000/img{i:08d}.png" for i in range(5)), "dataset.json"]
        assert {member.compress_type for member in archive.infolist()} == {zipfile.ZIP_STORED}
        assert json.loads(archive.read("dataset.json"))["labels"][1] == ["00000/img00000001.png", 3]
    data = open_data(tmp_path / "a.zip")
    assert torch.equal(data.images(range(5)), torch.from_numpy(images))
    assert data.labels(range(5)).argmax(1).tolist() == [4, 3, 2, 1, 0]
    assert data.fingerprint == open_data(folder).fingerprint


def test_without_labels_there_are_none(tmp_path: Path) -> None:
    made(write_zip(tmp_path / "a.zip", members(noise(2))), tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert json.loads(archive.read("dataset.json")) == {"labels": None}
    assert open_data(tmp_path / "b.zip").label_dim == 0


def test_vectors_are_labels_too(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "a", noise(2))
    (folder / "dataset.json").write_bytes(dataset_json([[0.1, 2.5], [1, 0]]))
    made(folder, tmp_path / "a.zip")
    expected = torch.tensor([[0.1, 2.5], [1, 0]])
    assert torch.equal(open_data(tmp_path / "a.zip").labels([0, 1]), expected)


FILTERS = {
    "pil-lanczos": Image.Resampling.LANCZOS,
    "pil-bicubic": Image.Resampling.BICUBIC,
    "pil-bilinear": Image.Resampling.BILINEAR,
}


@pytest.mark.parametrize("method", FILTERS)
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_pillows(tmp_path: Path, method: str, channels: int) -> None:
    images = noise(2, 24, channels)
    made(write_folder(tmp_path / "a", images), tmp_path / "a.zip", geometry=Geometry((10, 10), "none", method))  # type: ignore[arg-type]
    with zipfile.ZipFile(tmp_path / "a.zip") as archive, archive.open("00000/img00000001.png") as file:
        assert np.array_equal(
            np.array(Image.open(file)), np.array(picture(images[1]).resize((10, 10), FILTERS[method]))
        )


def test_box_is_the_mean_of_blocks(tmp_path: Path) -> None:
    images = noise(1, 16)
    made(write_folder(tmp_path / "a", images), tmp_path / "a.zip", geometry=Geometry((8, 8), "none", "box"))
    blocks = images.reshape(1, 3, 8, 2, 8, 2).astype(float).mean((3, 5))
    assert np.array_equal(open_data(tmp_path / "a.zip").images([0]).numpy(), np.rint(blocks).astype(np.uint8))


def test_a_filter_of_real_numbers_is_rounded() -> None:
    image = torch.tensor([[[0, 1], [1, 2]]], dtype=torch.uint8)
    doubled = Geometry((4, 4), "none", "tf1-bilinear").apply(image, "a")
    assert doubled is not None
    assert doubled[0, 0].tolist() == [0, 0, 1, 1]  # 0, 0.5, 1, 1, rounded half to even


@pytest.mark.parametrize(("width", "height"), [(21, 16), (16, 21), (20, 16)])
def test_the_middle_square_is_cut_out(width: int, height: int) -> None:
    image = torch.from_numpy(noise(1, 32)[0])[:, :height, :width]
    cut = Geometry(None, "center-crop").apply(image, "a")
    assert cut is not None
    left, top = (width - 16) // 2, (height - 16) // 2
    assert torch.equal(cut, image[:, top : top + 16, left : left + 16])


def test_the_wide_crop_is_resized_onto_a_black_square() -> None:
    image = torch.from_numpy(noise(1, 32)[0])[:, :24]  # 32 wide, 24 high: 16 * 24 / 32 = 12 rows are kept
    wide = Geometry((16, 8), "center-crop-wide").apply(image, "a")
    assert wide is not None
    assert wide.shape == (3, 16, 16)
    expected = Image.fromarray(image[:, 6:18].permute(1, 2, 0).numpy()).resize((16, 8), Image.Resampling.LANCZOS)
    assert np.array_equal(wide[:, 4:12].permute(1, 2, 0).numpy(), np.array(expected))
    assert not wide[:, :4].any()
    assert not wide[:, 12:].any()


def test_images_below_the_wide_crop_are_left_out_and_keep_their_number(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    for name, size in (("0.png", (8, 8)), ("1.png", (32, 32)), ("2.png", (40, 10)), ("3.png", (32, 24))):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(encoded(Image.new("RGB", size, "white")))
    (folder / "dataset.json").write_text(json.dumps({"labels": [[f"{i}.png", i] for i in range(4)]}))
    told = made(folder, tmp_path / "a.zip", geometry=Geometry((16, 8), "center-crop-wide"))
    assert (told.count, told.left_out) == (2, 2)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        labels = json.loads(archive.read("dataset.json"))["labels"]
    assert labels == [["00000/img00000001.png", 1], ["00000/img00000003.png", 3]]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(("names", "channels"), [(("images", "labels"), 3), (("arr_0", "arr_1"), 1)])
def test_arrays_are_read_with_their_labels(
    tmp_path: Path, save: Callable[..., None], names: tuple[str, str], channels: int
) -> None:
    images, classes = noise(5, 16, channels), np.array([2, 1, 0, 1, 2])
    save(tmp_path / "a.npz", **dict(zip(names, (images.transpose(0, 2, 3, 1), classes), strict=True)))
    made(tmp_path / "a.npz", tmp_path / "a.zip")
    data = open_data(tmp_path / "a.zip")
    assert torch.equal(data.images(range(5)), torch.from_numpy(images))
    assert data.labels(range(5)).argmax(1).tolist() == classes.tolist()


def test_arrays_without_channels_or_labels_are_images_too(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", noise(5, 16, 1)[:, 0])
    assert made(tmp_path / "a.npz", tmp_path / "a.zip").shape == (1, 16, 16)
    assert open_data(tmp_path / "a.zip").label_dim == 0


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"mu": np.zeros(3)}, "expected an array images or arr_0, found mu"),
        ({"images": np.zeros((2, 4, 4, 3), np.float32)}, r"expected images \[N, H, W, C\] uint8"),
        ({"images": np.zeros((2, 4, 4, 4), np.uint8)}, r"with 1 or 3 channels, found \[2, 4, 4, 4\]"),
        ({"images": np.zeros(4, np.uint8)}, r"found \[4\] uint8"),
        ({"images": np.zeros((10**12, 0, 4), np.uint8)}, r"images of some size, found \[1000000000000, 0, 4\]"),
        ({"images": np.zeros((0, 4, 4), np.uint8)}, r"images of some size, found \[0, 4, 4\]"),
        ({"images": np.array([None])}, "found Python objects"),
        ({"images": np.zeros((2, 4, 4), np.uint8), "labels": np.array([0.5, 1])}, "expected class numbers"),
    ],
)
def test_other_arrays_are_no_images(tmp_path: Path, arrays: dict[str, np.ndarray], sentence: str) -> None:
    np.savez(tmp_path / "a.npz", allow_pickle=True, **arrays)
    with pytest.raises(BadInputError, match=sentence):
        open_raw(tmp_path / "a.npz")


def test_labels_in_an_array_that_are_of_another_number_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=noise(3, 4, 1)[:, 0], labels=np.array([0, 1]))
    with pytest.raises(BadInputError, match=r"a label for each of 3 images of .*a\.npz, found 2"):
        made(tmp_path / "a.npz", tmp_path / "a.zip")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_damaged_arrays_are_refused(tmp_path: Path, save: Callable[..., None]) -> None:
    save(tmp_path / "a.npz", images=noise(40).transpose(0, 2, 3, 1))
    raw = bytearray(content(tmp_path / "a.npz"))
    for damaged in (raw[: len(raw) // 2], raw[: len(raw) // 2] + b"xxxx" + raw[len(raw) // 2 + 4 :], b""):
        (tmp_path / "a.npz").write_bytes(damaged)
        with pytest.raises(BadInputError, match=r"found (a )?damage"):
            open_raw(tmp_path / "a.npz")


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_are_read_with_the_labels_beside_them(tmp_path: Path, packed: bool) -> None:
    images, classes = noise(6, 28, 1)[:, 0], np.array([1, 0, 2, 2, 1, 0], np.uint8)
    for name, array in (("t-images-idx3-ubyte", images), ("t-labels-idx1-ubyte", classes)):
        raw = idx(array)
        (tmp_path / f"{name}.gz" if packed else tmp_path / name).write_bytes(gzip.compress(raw) if packed else raw)
    made(tmp_path / f"t-images-idx3-ubyte{'.gz' if packed else ''}", tmp_path / "t.zip")
    data = open_data(tmp_path / "t.zip")
    assert torch.equal(data.images(range(6))[:, 0], torch.from_numpy(images))
    assert data.labels(range(6)).argmax(1).tolist() == classes.tolist()


@pytest.mark.parametrize("change", [lambda raw: raw[:-1], lambda raw: raw + b"x", lambda raw: raw[:9]])
@pytest.mark.parametrize("packed", [False, True])
def test_damaged_idx_files_are_refused(tmp_path: Path, change: object, packed: bool) -> None:
    raw = change(idx(noise(2, 8, 1)[:, 0]))  # type: ignore[operator]
    (tmp_path / "a").write_bytes(gzip.compress(raw) if packed else raw)
    with pytest.raises(BadInputError, match="expected an idx file of bytes, found"):
        open_raw(tmp_path / "a")


def test_no_memory_is_taken_for_what_an_idx_file_announces(tmp_path: Path) -> None:
    head = bytes([0, 0, 8, 3]) + np.array([2**32 - 1] * 3, ">u4").tobytes()
    for name, raw in (("a", head), ("b", gzip.compress(head))):
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(BadInputError, match="announces"):
            read_idx(tmp_path / name)


def test_an_idx_file_that_is_packed_far_too_tightly_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(idx(np.zeros((100, 100, 100), np.uint8)))
    (tmp_path / "a").write_bytes(packed)
    assert read_idx(tmp_path / "a").shape == (100, 100, 100)
    monkeypatch.setattr("ganbench.data.idx._SMALL", 2**10)
    with pytest.raises(BadInputError, match="at most 200 times as many are unpacked"):
        read_idx(tmp_path / "a")


def header_alone(path: Path, shape: tuple[int, ...]) -> None:
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<i8", "fortran_order": False, "shape": shape})


UNFIT_LABELS: dict[str, Callable[[Path], object]] = {
    "beyond float32": lambda path: np.save(path, np.full((3, 2), 1e300)),
    "no numbers": lambda path: np.save(path, np.zeros((3, 0))),
    "an npz": lambda path: path.write_bytes(to_npz({"a": np.arange(3)})),
    "huge": lambda path: header_alone(path, (2**60,)),
}


@pytest.mark.parametrize("what", UNFIT_LABELS)
@pytest.mark.filterwarnings("error")
def test_label_files_that_cannot_be_used_are_refused(tmp_path: Path, what: str) -> None:
    UNFIT_LABELS[what](tmp_path / "labels.npy")
    with pytest.raises(BadInputError, match=r"^expected (labels|class numbers)[^\n]*labels\.npy"):
        read_label_file(open_raw(write_folder(tmp_path / "a", noise(3))), tmp_path / "labels.npy")


def test_folders_are_classes_where_that_is_asked(tmp_path: Path) -> None:
    images = open_raw(write_folder(tmp_path / "a", noise(3), ["dog/1.png", "cat/x/2.png", "dog/3.png"]))
    assert list(images.names) == ["cat/x/2.png", "dog/1.png", "dog/3.png"]
    assert class_folders(images).tolist() == [0, 1, 1]
    loose = open_raw(write_folder(tmp_path / "b", noise(2), ["dog/1.png", "2.png"]))
    with pytest.raises(BadInputError, match=r"the folder of its class, found 2\.png"):
        class_folders(loose)


def test_labels_come_from_files(tmp_path: Path) -> None:
    images = open_raw(write_folder(tmp_path / "a", noise(3)))
    (tmp_path / "a-idx").write_bytes(idx(np.array([1, 2, 0], np.uint8)))
    np.save(tmp_path / "b.npy", np.array([[1], [2], [0]]))
    (tmp_path / "c.json").write_bytes(dataset_json([1, 2, 0]))
    for name in ("a-idx", "b.npy", "c.json"):
        assert read_label_file(images, tmp_path / name).tolist() == [1, 2, 0]


@pytest.mark.parametrize("array", [np.array([0.5, 1]), np.array([-1, 0]), np.array(["a"]), np.zeros((1, 2, 2))])
def test_other_arrays_are_no_labels(tmp_path: Path, array: np.ndarray) -> None:
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(BadInputError, match="expected class numbers"):
        read_label_file(open_raw(write_folder(tmp_path / "a", noise(2))), tmp_path / "a.npy")


def test_labels_that_are_objects_are_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([None, 1], object), allow_pickle=True)
    with pytest.raises(BadInputError, match="expected labels as"):
        read_label_file(open_raw(write_folder(tmp_path / "a", noise(2))), tmp_path / "a.npy")


def test_labels_of_another_number_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    images = open_raw(write_folder(tmp_path / "a", noise(3)))
    with pytest.raises(BadInputError, match="a label for each of 3 images"):
        prepare(images, tmp_path / "a.zip", Geometry(), torch.zeros(2, dtype=torch.int64), limit=2)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
