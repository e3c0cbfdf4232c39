"""Folders of pairs: the layouts, the direction, and pairs that do not match."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from ganbench.data import at_size, open_data
from ganbench.data.pairs import PairFolder
from ganbench.errors import BadInputError
from ganbench.types import DomainDataset, NotedDataset, WatchedDataset, WithPairs
from tests.data.image_sets import noise, write_folder

NAMES = [f"{index}.png" for index in range(9)]
A, B = noise(4), 255 - noise(4)
SEPARATE = {"train": A[1:], "test": A[:1]}, {"train": B[1:], "test": B[:1]}


def opened(path: Path, direction: str = "") -> PairFolder:
    data = open_data(f"pairs:{path}{direction}")
    assert isinstance(data, PairFolder)
    return data


def write_joined(path: Path, test: str = "test") -> Path:
    joined = np.concatenate([A, B], 3)
    write_folder(path / "train", joined[1:], NAMES)
    write_folder(path / test, joined[:1], NAMES)
    return path


def write_separate(path: Path, pattern: str) -> Path:
    for domain, splits in zip("AB", SEPARATE, strict=True):
        for split, images in splits.items():
            write_folder(path / pattern.format(split=split, domain=domain), images, NAMES)
    return path


def check(data: PairFolder, source: np.ndarray, truth: np.ndarray) -> None:
    """Check that training pairs are those after the first, and the first is for validation."""
    assert torch.equal(data.images(range(6)), torch.from_numpy(np.concatenate([source[1:], truth[1:]])))
    assert torch.equal(data.validation.images(range(2)), torch.from_numpy(np.concatenate([source[:1], truth[:1]])))
    assert data.labels(range(6)).argmax(1).tolist() == [0, 0, 0, 1, 1, 1]
    assert data.partners([0, 2, 4]) == [3, 5, 1]
    assert isinstance(data.validation, WithPairs)
    assert data.validation.partners([1, 0]) == [0, 1]
    assert isinstance(data, DomainDataset)
    assert isinstance(data, WithPairs)


@pytest.mark.parametrize("test", ["test", "val"])
def test_side_by_side_images_in_both_directions(tmp_path: Path, test: str) -> None:
    data = opened(write_joined(tmp_path / "facades", test))
    assert (data.name, data.domains, data.resolution, data.channels) == ("facades", ("A", "B"), 16, 3)
    check(data, A, B)
    back = opened(tmp_path / "facades", ":BtoA")
    assert back.domains == ("B", "A")
    check(back, B, A)
    assert len({data.fingerprint, back.fingerprint, opened(tmp_path / "facades", ":AtoB").fingerprint}) == 2


def test_test_wins_over_val(tmp_path: Path) -> None:
    write_folder(write_joined(tmp_path) / "val", np.concatenate([A, B], 3), NAMES)
    assert len(opened(tmp_path).validation) == 2


@pytest.mark.parametrize("pattern", ["{split}{domain}", "{domain}/{split}", "{split}/{domain}"])
def test_folders_of_equal_names_in_both_directions(tmp_path: Path, pattern: str) -> None:
    write_separate(tmp_path, pattern)
    check(opened(tmp_path), A, B)
    check(opened(tmp_path, ":BtoA"), B, A)


def test_two_folders_without_splits_are_of_both_splits_and_a_note_says_so(tmp_path: Path) -> None:
    write_folder(write_folder(tmp_path / "A", A, NAMES).parent / "B", B, NAMES)
    data = opened(tmp_path)
    assert len(data) == len(data.validation) == 8
    assert torch.equal(data.images(range(8)), data.validation.images(range(8)))
    assert isinstance(data, NotedDataset)
    assert data.notes == (
        f"{tmp_path.name} has no splits: its pairs were taken for training and for validation images alike",
    )
    assert opened(write_joined(tmp_path / "split")).notes == ()


def test_suffixes_may_differ_and_do_not_change_the_order(tmp_path: Path) -> None:
    write_folder(tmp_path / "A", A[:2], ["a.bmp", "a.k.bmp"])
    write_folder(tmp_path / "B", B[:2], ["a.png", "a.k.png"])
    data = opened(tmp_path)
    assert torch.equal(data.images([0, *data.partners([0])]), torch.from_numpy(np.stack([A[0], B[0]])))


def test_an_image_without_partner_is_named(tmp_path: Path) -> None:
    write_separate(tmp_path, "{split}{domain}")
    shutil.copy(tmp_path / "testB" / "0.png", tmp_path / "testB" / "more.png")
    with pytest.raises(BadInputError, match=r"no partner in A of \S*/testB/more\.png: add it, or remove this one"):
        opened(tmp_path)
    shutil.copy(tmp_path / "trainA" / "0.png", tmp_path / "trainA" / "0.bmp")  # of two, only one has a partner
    with pytest.raises(BadInputError, match=r"no partner in B of \S*/trainA/0\.(png|bmp)"):
        opened(tmp_path)


def test_pairs_of_two_sizes_are_named_even_where_they_are_resized(tmp_path: Path) -> None:
    write_separate(tmp_path, "{split}{domain}")
    write_folder(tmp_path / "testB", noise(1, size=20), NAMES)
    with pytest.raises(BadInputError, match=r"pairs of one size, found 16x16 and 20x20: \S*testA/0.png and \S*testB/0"):
        at_size(opened(tmp_path), 8, 3)


def test_a_folder_read_unpaired_before_is_checked_all_the_same(tmp_path: Path) -> None:
    """What is remembered of the same files as CycleGAN's says nothing of pairs."""
    write_separate(tmp_path, "{split}{domain}")
    write_folder(tmp_path / "trainB", noise(1, size=20), NAMES)
    for file in tmp_path.rglob("*.png"):
        os.utime(file, (1e9, 1e9))
    unpaired = at_size(open_data(tmp_path), 8, 3)
    assert unpaired.fingerprint == at_size(open_data(tmp_path), 8, 3).fingerprint
    with pytest.raises(BadInputError, match="pairs of one size"):
        at_size(opened(tmp_path), 8, 3)


def test_an_odd_width_is_refused(tmp_path: Path) -> None:
    write_joined(tmp_path)
    write_folder(tmp_path / "test", np.zeros([1, 3, 16, 33], np.uint8), ["odd.png"])
    with pytest.raises(BadInputError, match=r"side by side, found 33 pixels in all: \S*odd\.png; cut it to an even"):
        at_size(opened(tmp_path), 16, 3)


def test_halves_are_resized_one_by_one_and_greyscale_stays(tmp_path: Path) -> None:
    grey = np.concatenate([np.full([2, 1, 24, 24], 10, np.uint8), np.full([2, 1, 24, 24], 200, np.uint8)], 3)
    write_folder(tmp_path / "train", grey, NAMES)
    write_folder(tmp_path / "test", grey, NAMES)
    data = at_size(opened(tmp_path), 8)
    assert (data.channels, data.resolution) == (1, 8)
    assert data.images([0, 2]).unique(dim=2).flatten().unique().tolist() == [10, 200]
    assert (data.images([0]) == 10).all()
    assert at_size(opened(tmp_path), 8, 3).channels == 3


def test_changes_are_seen(tmp_path: Path) -> None:
    data = opened(write_joined(tmp_path))
    assert isinstance(data, WatchedDataset)
    assert data.changed() == ""
    write_folder(tmp_path / "test", np.zeros([1, 3, 16, 32], np.uint8), NAMES)
    assert "0.png" in data.changed()


@pytest.mark.parametrize("spec", ["pairs", "pairs:", "pairs:nowhere", "pairs:nowhere:BtoA"])
def test_no_folder_is_an_error_that_shows_the_form(spec: str) -> None:
    with pytest.raises(BadInputError, match=r"expected a folder of pairs, found none at .*: write pairs:FOLDER"):
        open_data(spec)


def test_another_layout_is_refused_and_domains_are_not_cut_in_two(tmp_path: Path) -> None:
    for split in ("train", "val"):
        write_folder(tmp_path / split / "cat", A, NAMES)
        write_folder(tmp_path / split / "dog", B, NAMES)
    with pytest.raises(BadInputError, match=r"expected train and test \(or val\) with images of A and B side by side"):
        opened(tmp_path)
