"""Every registered data set, and folders, keep the laws of data sets."""

from pathlib import Path

import pytest

from ganbench import registry
from ganbench.data import at_size, open_data
from ganbench.testing import check_dataset
from ganbench.testing.context import inverted
from tests.data.image_sets import noise, write_folder


@pytest.mark.parametrize("name", registry.names("data"))
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
