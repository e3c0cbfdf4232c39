"""Labels and fingerprints of folders of images."""

import hashlib
import json
import tracemalloc
from pathlib import Path

import pytest
import torch

from baselines.digits import dataset
from ganbench.data import open_data
from ganbench.data.labels import MAX_BYTES, class_indices, classes_of, read_labels
from ganbench.errors import BadInputError
from ganbench.types import NotedDataset
from tests.data.image_sets import dataset_json, members, noise, write_folder, write_zip


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
