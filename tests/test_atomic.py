import errno
import os
from pathlib import Path
from typing import Any

import pytest

from ganbench.atomic import probe, write_atomically, write_once


def full(*_: Any) -> None:
    raise OSError(28, "No space left on device")


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 250)
    for content in (b"old", b"new"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_atomically(path, b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
    assert path.read_bytes() == b"old"


def test_trying_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    probe(tmp_path / "a" / "b")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        probe(tmp_path / "a" / "b")
    (tmp_path / "file").write_text("")
    with pytest.raises(FileExistsError):
        probe(tmp_path / "file")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def no_links(*_: Any) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.mark.parametrize("links", [True, False])
def test_a_new_file_never_replaces_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "folder" / "file"
    write_once(path, b"old")
    with pytest.raises(FileExistsError):
        write_once(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_another_process_removes_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process's test of the folder ends between the creation of the folder and the writing of the file."""
    make = Path.mkdir
    made = []

    def mkdir_and_remove(path: Path, *arguments: Any, **options: Any) -> None:
        make(path, *arguments, **options)
        made.append(path)
        if len(made) < 4:
            path.rmdir()

    monkeypatch.setattr(Path, "mkdir", mkdir_and_remove)
    write_once(tmp_path / "records" / "file", b"new")
    assert (tmp_path / "records" / "file").read_bytes() == b"new"
    assert len(made) == 4
