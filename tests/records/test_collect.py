from dataclasses import replace
from pathlib import Path

import pytest

from ganbench.errors import BadInputError
from ganbench.records.collect import collect
from ganbench.records.store import Store
from tests.records.make import record, result


def test_files_and_folders_give_each_run_once_oldest_first(tmp_path: Path) -> None:
    store, late, early = Store(tmp_path / "a"), record(at=2), record(at=1)
    paths = [store.write(late), store.write(early)]
    copy = tmp_path / "copy.json"
    copy.write_bytes(paths[0].read_bytes())
    assert collect([copy, store.results_dir, store.folder, *paths]) == [early, late]
    assert collect([], store.results_dir) == [early, late]


def test_an_edited_copy_does_not_silently_take_the_place_of_its_record(tmp_path: Path) -> None:
    store, one = Store(tmp_path), record(result(value=2.0))
    path, edited = store.write(one), store.folder / "edited.json"
    edited.write_text(replace(one, results=(result(value=1.0),)).to_json())
    with pytest.raises(BadInputError, match=rf"two that differ: {path} and {edited}"):
        collect([tmp_path])
    skipped: list[BadInputError] = []
    assert collect([tmp_path], skip=skipped.append) == [one]
    assert "move the wrong one elsewhere" in str(skipped[0])


def test_unreadable_files_are_told_and_left_out(tmp_path: Path) -> None:
    store, one = Store(tmp_path), record()
    store.write(one)
    (store.folder / "broken.json").write_text("{")
    with pytest.raises(BadInputError, match=r"broken\.json is not a readable record"):
        collect([tmp_path])
    skipped: list[BadInputError] = []
    assert collect([tmp_path], skip=skipped.append) == [one]
    assert len(skipped) == 1
