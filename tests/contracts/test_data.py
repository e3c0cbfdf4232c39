"""Every registered data set, and folders, keep the laws of data sets."""

from pathlib import Path

import numpy as np
import pytest

from ganbench import registry
from ganbench.data import at_size, open_data
from ganbench.testing import check_dataset
from ganbench.testing.context import inverted
from tests.data.image_sets import noise, write_folder

BUILT_IN = [name for name in registry.names("data") if name not in ("pairs", "classes")]  # which take a folder


@pytest.mark.parametrize("name", BUILT_IN)
def test_data_sets_keep_their_laws(name: str) -> None:
    check_dataset(open_data(name), same=open_data(name), other=inverted(open_data(name)))
    check_dataset(inverted(open_data(name)))


def test_folders_keep_their_laws_whatever_their_files_are_called(tmp_path: Path) -> None:
    for name, prefix, seed in (("one", "a", 4), ("same", "b", 4), ("other", "a", 5)):
        write_folder(tmp_path / name, noise(seed), [f"{prefix}{index}.png" for index in range(seed)])
    one, same, other = (open_data(tmp_path / name) for name in ("one", "same", "other"))
    check_dataset(one, same=same, other=other)


def test_folders_of_domains_keep_their_laws(tmp_path: Path) -> None:
    for number, domain in enumerate(("ant", "bee")):
        for split, more in (("train", 4), ("val", 3)):
            count = number + more
            write_folder(tmp_path / split / domain, noise(count), [f"{index}.png" for index in range(count)])
    check_dataset(at_size(open_data(tmp_path), 16, 3), same=at_size(open_data(tmp_path), 16, 3))


def test_class_folders_keep_their_laws(tmp_path: Path) -> None:
    for folder, moved in (("one", 0), ("other", 1)):
        write_folder(tmp_path / folder, noise(5), [f"{'ab'[index > 1 + moved]}/{index}.png" for index in range(5)])
    one, same, other = (open_data(f"classes:{tmp_path / name}") for name in ("one", "one", "other"))
    check_dataset(one, same=same, other=other)


def test_folders_of_pairs_keep_their_laws(tmp_path: Path) -> None:
    for folder, joined in (("one", noise(4)), ("other", noise(5))):
        for split in ("train", "test"):
            wide = np.concatenate([joined, 255 - joined], 3)[split == "test" :]
            write_folder(tmp_path / folder / split, wide, [f"{index}.png" for index in range(5)])
    one, other, swapped = (open_data(f"pairs:{tmp_path / name}") for name in ("one", "other", "one:BtoA"))
    check_dataset(one, same=at_size(one, 16, 3), other=other)
    check_dataset(inverted(one), other=swapped)
