import hashlib
import json
import os
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from baselines.digits import dataset
from ganbench.data import open_data
from ganbench.data.labels import MAX_BYTES, class_indices, classes_of, read_labels
from ganbench.errors import BadInputError, UnknownNameError
from ganbench.types import Dataset, NotedDataset, ResizableDataset, WatchedDataset
from tests.data.image_sets import dataset_json, encoded, members, noise, picture, write_folder, write_zip


@pytest.mark.parametrize("channels", [1, 3])
def test_images_come_back_bit_for_bit_in_the_order_of_their_paths(tmp_path: Path, channels: int) -> None:
    images = noise(7, channels=channels)
    data = open_data(str(write_folder(tmp_path / "set", images)))
    assert isinstance(data, Dataset)
    assert (len(data), data.resolution, data.channels, data.label_dim, data.name) == (7, 16, channels, 0, "set")
    assert torch.equal(data.images(range(7)), torch.from_numpy(images))
    assert torch.equal(data.images([5, 0, 5]), torch.from_numpy(images[[5, 0, 5]]))
    assert data.labels([1, 2]).shape == (2, 0)


@pytest.mark.parametrize(("kind", "suffix"), [("PNG", "png"), ("BMP", "bmp"), ("PPM", "ppm"), ("TIFF", "TIF")])
def test_lossless_formats(tmp_path: Path, kind: str, suffix: str) -> None:
    images = noise(1)
    (tmp_path / f"a.{suffix}").write_bytes(encoded(picture(images[0]), kind))
    assert torch.equal(open_data(str(tmp_path)).images([0]), torch.from_numpy(images))


@pytest.mark.parametrize(("kind", "suffix"), [("JPEG", "jpg"), ("JPEG", "jpeg"), ("WEBP", "webp")])
def test_lossy_formats(tmp_path: Path, kind: str, suffix: str) -> None:
    smooth = np.mgrid[:16, :16].sum(0).astype(np.uint8)[None].repeat(3, 0) * 8
    (tmp_path / f"a.{suffix}").write_bytes(encoded(picture(smooth), kind, quality=95))
    found = open_data(str(tmp_path)).images([0])[0]
    assert (found.int() - torch.from_numpy(smooth).int()).abs().max() < 12


def test_other_files_and_hidden_ones_do_not_count(tmp_path: Path) -> None:
    write_folder(tmp_path, noise(2))
    for name in ["notes.txt", "Thumbs.db", ".hidden.png", "._img.png"]:
        (tmp_path / name).write_bytes(b"no image")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.png").write_bytes(b"no image")
    assert len(open_data(str(tmp_path))) == 2


def test_a_palette_image_is_what_its_palette_says(tmp_path: Path) -> None:
    image = picture(noise(1)[0]).quantize(17)
    (tmp_path / "a.png").write_bytes(encoded(image))
    palette = np.array(image.getpalette()).reshape(-1, 3)
    expected = palette[np.asarray(image)].transpose(2, 0, 1)
    data = open_data(str(tmp_path))
    assert data.channels == 3
    assert (data.images([0])[0].numpy() == expected).all()


def test_a_one_bit_image_is_black_and_white(tmp_path: Path) -> None:
    bits = noise(1, channels=1)[0, 0] > 127
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(bits)))
    data = open_data(str(tmp_path))
    assert data.channels == 1
    assert (data.images([0])[0, 0].numpy() == bits * 255).all()


def sixteen_bit() -> Image.Image:
    return Image.fromarray(np.arange(256, dtype=np.uint16).reshape(16, 16) * 256)


def transparent_palette() -> Image.Image:
    image = picture(noise(1)[0]).quantize(17)
    image.info["transparency"] = 3
    return image


@pytest.mark.parametrize(
    ("image", "kind", "what"),
    [
        (picture(noise(1, channels=3)[0]).convert("RGBA"), "PNG", "alpha channel"),
        (picture(noise(1, channels=1)[0]).convert("LA"), "PNG", "alpha channel"),
        (transparent_palette(), "PNG", "alpha channel"),
        (sixteen_bit(), "PNG", "more than 8 bits"),
        (picture(noise(1)[0]).convert("CMYK"), "TIFF", "colour mode CMYK"),
        (picture(noise(1, channels=1)[0]).convert("F"), "TIFF", "floating-point"),
    ],
)
def test_modes_that_leave_a_choice_are_refused(tmp_path: Path, image: Image.Image, kind: str, what: str) -> None:
    (tmp_path / "odd.png").write_bytes(encoded(image, kind))
    with pytest.raises(BadInputError, match=rf"odd\.png, found .*{what}"):
        open_data(str(tmp_path))


def test_an_animation_is_refused(tmp_path: Path) -> None:
    frames = [picture(pixels) for pixels in noise(2)]
    (tmp_path / "a.png").write_bytes(encoded(frames[0], save_all=True, append_images=frames[1:]))
    with pytest.raises(BadInputError, match=r"found an animated one: .*a\.png"):
        open_data(str(tmp_path))


def test_a_mixed_size_names_the_odd_one(tmp_path: Path) -> None:
    write_folder(tmp_path, noise(3))
    write_folder(tmp_path, noise(1, size=8), ["z.png"])
    with pytest.raises(BadInputError, match=r"16x16 RGB like 00000/img00000000\.png, found 8x8 RGB: .*z\.png"):
        open_data(str(tmp_path))


def test_a_mixed_mode_names_the_odd_one(tmp_path: Path) -> None:
    write_folder(tmp_path, noise(3))
    write_folder(tmp_path, noise(1, channels=1), ["z.png"])
    with pytest.raises(
        BadInputError, match=r"expected all images to be 16x16 RGB like .*, found 16x16 greyscale: .*z\.png; convert"
    ):
        open_data(str(tmp_path))


def test_a_rectangle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(picture(noise(1)[0, :, :8])))
    with pytest.raises(BadInputError, match=r"expected square images, found 16x8: .*a\.png; crop"):
        open_data(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"this is text\n", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"GIF89a" + b"\0" * 40])
def test_what_is_no_image_is_named(tmp_path: Path, content: bytes) -> None:
    write_folder(tmp_path, noise(3))
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(BadInputError, match=r"bad\.png cannot be read as an image: replace it or remove it"):
        open_data(str(tmp_path))


def test_broken_pixels_are_named_when_they_are_decoded(tmp_path: Path) -> None:
    write_folder(tmp_path, noise(3, size=64))
    file = tmp_path / "00000" / "img00000001.png"
    file.write_bytes(file.read_bytes()[:2000])
    data = open_data(str(tmp_path))
    assert len(data.images([0, 2])) == 2
    with pytest.raises(BadInputError, match=r"img00000001\.png cannot be decoded .*: replace it or remove it"):
        data.images([0, 1])
    with pytest.raises(BadInputError, match=r"img00000001\.png cannot be decoded"):
        _ = data.fingerprint


def bomb(side: int) -> bytes:
    """A PNG of a few hundred bytes that declares ``side`` x ``side`` pixels."""
    content = bytearray(encoded(Image.new("L", (8, 8))))
    content[16:24] = side.to_bytes(4, "big") * 2
    from zlib import crc32

    content[29:33] = crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize("side", [8193, 9500, 60000])
def test_a_decompression_bomb_is_refused_by_its_header(tmp_path: Path, side: int) -> None:
    (tmp_path / "bomb.png").write_bytes(bomb(side))
    with pytest.raises(BadInputError, match=r"at most 67,108,864 pixels, found more: .*bomb\.png"):
        open_data(str(tmp_path))


def test_a_decompression_bomb_is_refused_without_a_warning_beside_the_sentence(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(bomb(12000))  # so large that Pillow warns and not so large that it refuses
    with (
        warnings.catch_warnings(record=True, action="always") as told,
        pytest.raises(BadInputError, match="found more"),
    ):
        open_data(tmp_path)
    assert not told


def test_a_pipe_among_the_images_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    write_folder(tmp_path, noise(2))
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(BadInputError, match=r"expected a regular file, found a pipe or device: .*pipe\.png; remove it"):
        open_data(tmp_path)


def test_an_image_replaced_by_another_size_is_noticed(tmp_path: Path) -> None:
    data = open_data(str(write_folder(tmp_path, noise(2), ["a.png", "b.png"])))
    write_folder(tmp_path, noise(1, size=8), ["b.png"])
    with pytest.raises(BadInputError, match=r"b\.png to be 16x16 RGB, as when it was opened, found 8x8 RGB"):
        data.images([1])


def test_an_image_taken_away_is_noticed(tmp_path: Path) -> None:
    data = open_data(str(write_folder(tmp_path, noise(2), ["a.png", "b.png"])))
    (tmp_path / "b.png").unlink()
    with pytest.raises(BadInputError, match=r"b\.png cannot be read \(No such file"):
        data.images([1])


def test_a_dangling_link_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(BadInputError, match=r"a\.png cannot be read \(No such file"):
        open_data(str(tmp_path))


def test_a_link_to_a_folder_is_named_and_not_silently_left_out(tmp_path: Path) -> None:
    write_folder(tmp_path / "set", noise(2))
    (tmp_path / "set" / "loop").symlink_to(tmp_path / "set")
    with pytest.raises(BadInputError, match=r"found a link to one: .*loop"):
        open_data(str(tmp_path / "set"))


def test_an_empty_folder_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"expected images, found none: .*; put PNG, JPEG"):
        open_data(str(tmp_path))


def test_a_missing_path_is_named() -> None:
    with pytest.raises(BadInputError, match="expected a folder, zip file or data set, found no '/nowhere/at/all'"):
        open_data("/nowhere/at/all")


def test_a_name_typed_wrong_suggests_the_right_one() -> None:
    with pytest.raises(UnknownNameError, match="unknown data set 'digts': did you mean digits"):
        open_data("digts")


@pytest.mark.parametrize(
    "spec", ["a" * 5000, "a\0b", "~nobody-of-this-name/data", "", f"digits:{'9' * 5000}", f"digit-domains:{'9' * 5000}"]
)
def test_what_cannot_be_a_path_is_refused_in_one_sentence(spec: str) -> None:
    with pytest.raises((BadInputError, UnknownNameError)) as caught:
        open_data(spec)
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


def test_names_that_are_not_utf8_are_read(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"d\xff")
    images = noise(2)
    write_folder(folder, images, [os.fsdecode(b"a\xfe.png"), "b.png"])
    data = open_data(folder)
    assert isinstance(data, WatchedDataset)
    assert torch.equal(data.images([0, 1]), torch.from_numpy(images))
    assert (data.fingerprint, data.changed()) == (open_data(folder).fingerprint, "")


def test_asking_what_a_data_set_can_do_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = open_data(write_folder(tmp_path / "set", noise(2)))
    monkeypatch.setattr("ganbench.data.image_files.pixels", lambda *_: pytest.fail("a pixel was read"))
    found = [isinstance(data, kind) for kind in (WatchedDataset, NotedDataset, ResizableDataset)]
    assert found == [True, True, False]


class TestLabels:
    def test_class_numbers_become_one_hot(self, tmp_path: Path) -> None:
        write_folder(tmp_path, noise(4))
        (tmp_path / "dataset.json").write_bytes(dataset_json([2, 0, 2, 1]))
        data = open_data(str(tmp_path))
        assert data.label_dim == 3
        assert data.labels([0, 1, 3]).tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
        assert data.labels([0]).dtype == torch.float32

    def test_vectors_stay_as_they_are(self, tmp_path: Path) -> None:
        write_folder(tmp_path, noise(2))
        (tmp_path / "dataset.json").write_bytes(dataset_json([[0.5, -1], [2, 0.25]]))
        data = open_data(str(tmp_path))
        assert data.label_dim == 2
        assert data.labels([1, 0]).tolist() == [[2, 0.25], [0.5, -1]]

    @pytest.mark.parametrize("zipped", [False, True])
    def test_a_file_below_the_root_is_told(self, tmp_path: Path, zipped: bool) -> None:
        labels, images = dataset_json([1, 0]), noise(2)
        path = write_folder(tmp_path / "set", images)
        (path / "00000" / "dataset.json").write_bytes(labels)
        if zipped:
            path = write_zip(tmp_path / "set.zip", {**members(images), "00000/dataset.json": labels})
        data = open_data(path)
        assert isinstance(data, NotedDataset)
        assert data.label_dim == 0
        (note,) = data.notes
        assert f"the labels in {path}/00000/dataset.json are not read: move them to {path}/dataset.json" in note

    def test_a_file_below_the_root_is_not_told_where_the_root_has_one(self, tmp_path: Path) -> None:
        write_folder(tmp_path, noise(2))
        (tmp_path / "dataset.json").write_bytes(dataset_json([1, 0]))
        (tmp_path / "00000" / "dataset.json").write_bytes(b"other")
        data = open_data(tmp_path)
        assert isinstance(data, NotedDataset)
        assert (data.label_dim, data.notes) == (2, ())

    def test_null_means_none(self, tmp_path: Path) -> None:
        write_folder(tmp_path, noise(2))
        (tmp_path / "dataset.json").write_text('{"labels": null}')
        assert open_data(str(tmp_path)).label_dim == 0

    def test_a_missing_label_names_the_image(self, tmp_path: Path) -> None:
        write_folder(tmp_path, noise(3))
        (tmp_path / "dataset.json").write_bytes(dataset_json([1, 0]))
        with pytest.raises(BadInputError, match=r"found none for 00000/img00000002\.png: .*dataset\.json"):
            open_data(str(tmp_path))

    @pytest.mark.parametrize(
        "content", [b"", b"{", b"[]", b"{}", b'{"labels": 3}', b'{"labels": [1]}', b"\xff\xfe", b"[" * 100_000]
    )
    def test_another_layout_is_refused(self, tmp_path: Path, content: bytes) -> None:
        write_folder(tmp_path, noise(1))
        (tmp_path / "dataset.json").write_bytes(content)
        with pytest.raises(BadInputError, match=r"expected \{\"labels\".*found another layout: .*dataset\.json"):
            open_data(str(tmp_path))

    @pytest.mark.parametrize(
        "labels",
        [
            *([0, -1], [0, True], [0, "a"], [0, [1]], [0, None], [0, 2**16], [0, 10**400], [0, "9" * 4000], [0.5, 1.5]),
            *([[1], [1, 2]], [[], []], [[1.0], [float("nan")]], [[1], 1], [[1], ["a"]], [[1], [[1]]], [[1], [True]]),
            *([[1], [10**400]], [[1], [1e39]], [[1], ["1e999"]], [[1], [float("inf")]], [0, float("nan")]),
            *([{"a": 1}, {"b": 2}], [{"a": 1, "b": 2}] * 2, [{}, {}], [0, [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]),
        ],
    )
    def test_odd_labels_are_refused(self, tmp_path: Path, labels: list[object]) -> None:
        write_folder(tmp_path, noise(2))
        (tmp_path / "dataset.json").write_bytes(dataset_json(labels))
        with pytest.raises(BadInputError, match=r"found .{1,50} for 00.*dataset\.json; use") as caught:
            open_data(str(tmp_path))
        assert str(caught.value).count("\n") == 0

    @pytest.mark.parametrize(
        "labels", [["2", "0", "1"], [2.0, 0.0, 1.0], [2, "0", 1.0], [{"class": 2}, {"class": 0}, {"class": 1}]]
    )
    def test_class_numbers_are_read_however_they_are_written(self, tmp_path: Path, labels: list[object]) -> None:
        write_folder(tmp_path, noise(3))
        (tmp_path / "dataset.json").write_bytes(dataset_json(labels))
        data = open_data(tmp_path)
        assert class_indices(data.labels(range(3))).tolist() == [2, 0, 1]
        assert data.label_dim == 3

    def test_the_classes_of_all_images_come_in_batches(self) -> None:
        digits = dataset.load("train")
        data = open_data("digits")
        asked: list[int] = []
        labels = data.labels
        data.labels = lambda indices: asked.append(len(indices)) or labels(indices)  # type: ignore[method-assign,func-returns-value]
        assert torch.equal(classes_of(data), digits.labels)
        assert asked == [1024, 418], "all one-hot labels of a large set are too many"

    def test_names_may_be_the_keys_of_one_dict_or_of_many(self, tmp_path: Path) -> None:
        write_folder(tmp_path, noise(2), ["a.png", "b.png"])
        for labels in ({"b.png": 1, "a.png": 0}, [{"a.png": 0}, {"b.png": 1}], [["b.png", "1"], ["a.png", "0"]]):
            (tmp_path / "dataset.json").write_text(json.dumps({"labels": labels}))
            assert class_indices(open_data(tmp_path).labels([1, 0])).tolist() == [1, 0]

    def test_numbers_in_vectors_may_be_text(self, tmp_path: Path) -> None:
        """As for the official class, whose NumPy converts them."""
        write_folder(tmp_path, noise(2))
        (tmp_path / "dataset.json").write_bytes(dataset_json([["0.5"], [2]]))
        assert open_data(tmp_path).labels([0, 1]).tolist() == [[0.5], [2]]

    @pytest.mark.parametrize(
        "content", [b'{"labels": [' + b'["a",1],' * 3_400_000 + b'["b",1]]}', b" " * (MAX_BYTES + 1)]
    )
    def test_more_than_anybody_has_is_refused_before_it_is_parsed(self, content: bytes) -> None:
        tracemalloc.start()
        with pytest.raises(
            BadInputError, match=r"at most 96 MiB with 10,000,000 values, found more: .*x\.zip/dataset\.json"
        ):
            read_labels(content, ["a"], "x.zip/dataset.json")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 10_000


class TestFingerprint:
    def test_it_is_the_sha256_of_shape_and_pixels(self, tmp_path: Path) -> None:
        images = noise(7)
        found = open_data(str(write_folder(tmp_path, images))).fingerprint
        assert found == hashlib.sha256(b"7 3 16 16" + images.tobytes()).hexdigest()

    def test_the_digits_written_to_disk_are_the_digits(self, tmp_path: Path) -> None:
        digits = dataset.load("test")
        write_folder(tmp_path, digits.images.numpy())
        (tmp_path / "dataset.json").write_bytes(dataset_json(digits.labels.tolist()))
        assert open_data(str(tmp_path)).fingerprint == dataset.SHA256["test"] == open_data("digits:test").fingerprint

    def test_names_do_not_matter_but_order_does(self, tmp_path: Path) -> None:
        images = noise(3)
        one = open_data(str(write_folder(tmp_path / "one", images)))
        other = open_data(str(write_folder(tmp_path / "other", images, ["a.png", "b.png", "deep/er.png"])))
        turned = open_data(str(write_folder(tmp_path / "turned", images[::-1])))
        assert one.fingerprint == other.fingerprint != turned.fingerprint

    def test_labels_matter(self, tmp_path: Path) -> None:
        images, found = noise(2), set()
        for number, labels in enumerate([None, [0, 1], [1, 0], [[1.0], [0.0]]]):
            folder = write_folder(tmp_path / str(number), images)
            if labels:
                (folder / "dataset.json").write_bytes(dataset_json(list(labels)))
            found.add(open_data(str(folder)).fingerprint)
        assert len(found) == 4
