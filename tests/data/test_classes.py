"""Class folders: labels by the names of folders, and what keeps images from having them."""

import json
from pathlib import Path

import pytest
import torch

from ganbench.data import open_data
from ganbench.data.classes import ClassFolders, names_of, with_classes
from ganbench.errors import BadInputError
from tests.data.image_sets import encoded, noise, picture, write_folder, write_zip

NAMES = ["cat/b.png", "dog/x/a.png", "dog/c.png", "ant/d.png"]


def labelled(path: Path) -> ClassFolders:
    data = with_classes(open_data(path))
    assert isinstance(data, ClassFolders)
    return data


def test_labels_follow_the_sorted_names_of_the_folders(tmp_path: Path) -> None:
    write_folder(tmp_path / "data", noise(4), NAMES)
    for data in (labelled(tmp_path / "data"), open_data(f"classes:{tmp_path / 'data'}")):
        assert data.names == ["ant/d.png", "cat/b.png", "dog/c.png", "dog/x/a.png"]
        assert names_of(data) == ("ant", "cat", "dog")
        assert data.label_dim == 3
        assert torch.equal(data.labels(range(4)), torch.eye(3)[[0, 1, 2, 2]])
        assert torch.equal(data.images([1])[0], torch.from_numpy(noise(4)[0]))


def test_the_numbered_folders_of_prepared_images_are_no_classes(tmp_path: Path) -> None:
    names = ["00000/img00000998.png", "00000/img00000999.png", "00001/img00001000.png"]
    write_folder(tmp_path, noise(3), names)
    with pytest.raises(BadInputError, match=r"found prepared images.*prepare them with --labels folders"):
        with_classes(open_data(tmp_path))
    (tmp_path / names[2]).rename(tmp_path / "00001" / "img00003000.png")  # of no thousand that its folder names
    assert labelled(tmp_path).classes == ("00000", "00001")


def test_folders_in_a_zip_are_classes_too(tmp_path: Path) -> None:
    members = {name: encoded(picture(pixels)) for name, pixels in zip(NAMES, noise(4), strict=True)}
    data = labelled(write_zip(tmp_path / "data.zip", members))
    assert (data.classes, data.labels([3]).tolist()) == (("ant", "cat", "dog"), [[0, 0, 1]])


def test_the_fingerprint_is_that_of_images_and_labels(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("one", "same", "other")]
    for path, second in zip(paths, ("a/1.png", "a/1.png", "b/1.png"), strict=True):
        write_folder(path, noise(3), ["a/0.png", second, "b/2.png"])
    found = [labelled(path).fingerprint for path in paths]
    assert found[0] == found[1] != found[2]
    assert len({open_data(path).fingerprint for path in paths}) == 1  # the same images in the same order
    assert labelled(paths[0]).fingerprint == found[0] != open_data(paths[0]).fingerprint  # now that it is remembered


def test_labels_that_are_there_go_first(tmp_path: Path) -> None:
    write_folder(tmp_path, noise(2), ["a/0.png", "b/1.png"])
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": [["a/0.png", 2], ["b/1.png", 0]]}))
    data = with_classes(open_data(tmp_path))
    assert names_of(data) == ()
    assert data.labels([0]).tolist() == [[0, 0, 1]]
    assert torch.equal(labelled_by_name(tmp_path).labels([0]), torch.tensor([[1.0, 0.0]]))


def labelled_by_name(path: Path) -> ClassFolders:
    data = open_data(f"classes:{path}")
    assert isinstance(data, ClassFolders)
    return data


def test_domains_are_classes(tmp_path: Path) -> None:
    assert names_of(with_classes(open_data("digit-domains:3,8"))) == ("3", "8")


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    write_folder(tmp_path, noise(2), ["a/0.png", "b/1.png"])
    (tmp_path / ".hidden").mkdir()
    assert labelled(tmp_path).classes == ("a", "b")
    (tmp_path / "c").mkdir()
    with pytest.raises(BadInputError, match=r"expected images in every class folder, found none in .*/c: add some"):
        with_classes(open_data(tmp_path))


def test_one_class_is_told(tmp_path: Path) -> None:
    write_folder(tmp_path / "one", noise(2), ["a/0.png", "a/1.png"])
    with pytest.raises(
        BadInputError, match=r"expected a folder of images for each of several classes, found only a in"
    ):
        with_classes(open_data(tmp_path / "one"))
    (tmp_path / "one" / "dataset.json").write_text(json.dumps({"labels": [["a/0.png", 0], ["a/1.png", 0]]}))
    with pytest.raises(BadInputError, match="expected several classes for a conditional model, found one in one"):
        with_classes(open_data(tmp_path / "one"))


def test_labels_for_some_images_only_are_told(tmp_path: Path) -> None:
    write_folder(tmp_path, noise(3), ["a/0.png", "b/1.png", "c.png"])
    with pytest.raises(BadInputError, match=r"expected every image in the folder of its class, found c\.png beside"):
        with_classes(open_data(tmp_path))
    (tmp_path / "dataset.json").write_text(json.dumps({"labels": [["a/0.png", 0], ["b/1.png", 1]]}))
    with pytest.raises(BadInputError, match=r"expected a label for each image, found none for c\.png"):
        open_data(tmp_path)


def test_neither_labels_nor_folders_are_told(tmp_path: Path) -> None:
    write_folder(tmp_path / "plain", noise(2), ["0.png", "1.png"])
    with pytest.raises(BadInputError, match="found none in plain: put the images of each class into a folder, add a"):
        with_classes(open_data(tmp_path / "plain"))
    with pytest.raises(BadInputError, match="expected a folder of class folders, found none at ''"):
        open_data("classes:")
    (tmp_path / "no.txt").write_text("")
    with pytest.raises(BadInputError):
        open_data(f"classes:{tmp_path / 'no.txt'}")
