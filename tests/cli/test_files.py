"""Output files: folders that are missing, links, pipes, and a standard output that cannot be written to."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from ganbench.atomic import write_output
from ganbench.cli import main
from ganbench.cli.files import place
from ganbench.errors import BadInputError
from ganbench.records.store import read
from tests.cli.command_line import complaint, ganbench
from tests.records.make import record, result

JUDGED = ("--max-regression", "fid=2%")
RUN = ("run", "--model", "stylegan3", "--metrics", "fid@32")
STATS = ("stats", "compute", "--data", "digits", "--extractor", "digits", "--count", 50)


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Return the files of two records, of which the second is worse."""
    paths = tmp_path / "a.json", tmp_path / "b.json"
    for at, path in enumerate(paths):
        path.write_text(record(result(value=10.0 + at), at=at).to_json())
    return paths


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (("table", "A", "--output", "OUT.csv"), 0),
        (("compare", "A", "B", "--output", "OUT.md"), 0),
        (("check", "--baseline", "A", "B", *JUDGED, "--junit", "OUT.xml"), 1),
        (("check", "--baseline", "OUT.json", "--update-baseline", "B"), 0),
        ((*RUN, "--record", "OUT.json"), 0),
        ((*STATS, "--out", "OUT.npz"), 0),
        ((*STATS, "--layout", "adm", "--images", 2, "--out", "OUT.npz"), 0),
    ],
)
def test_the_folder_of_an_output_file_is_created(
    line: tuple[str, ...], code: int, two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    places = {"A": str(two[0]), "B": str(two[1])}
    done = ganbench(*(places.get(word, str(word).replace("OUT", "new/folder/out")) for word in line))
    assert done.exit_code == code, done.output
    assert [path.stem for path in (tmp_path / "new" / "folder").iterdir()] == ["out"]


def test_a_folder_is_no_output_file_which_is_told_before_any_work(two: tuple[Path, Path], tmp_path: Path) -> None:
    told = "expected a file to write, found a folder"
    assert told in complaint("check", "--baseline", *two, *JUDGED, "--junit", tmp_path)
    assert told in complaint(*RUN, "--record", tmp_path, "--force")
    results = tmp_path / "results"
    for path in (results, results / "records"):
        assert "found a folder of the results" in complaint(*RUN, "--results-dir", results, "--record", path, "--force")
    assert not results.exists()


@pytest.mark.parametrize(
    "line", [("table", "A", "--output", "LINK"), ("check", "--baseline", "LINK", "--update-baseline", "B")]
)
def test_what_a_link_leads_to_is_replaced_and_keeps_its_permissions(
    line: tuple[str, ...], two: tuple[Path, Path], tmp_path: Path
) -> None:
    target, link = tmp_path / "elsewhere" / "file", tmp_path / "link"
    target.parent.mkdir()
    target.write_bytes(two[0].read_bytes())
    target.chmod(0o600)
    link.symlink_to(target)
    places = {"A": two[0], "B": two[1], "LINK": link}
    assert ganbench(*(places.get(word, word) for word in line)).exit_code == 0
    assert link.is_symlink()
    assert target.read_bytes() != two[0].read_bytes()
    assert target.stat().st_mode & 0o777 == 0o600
    assert list(target.parent.iterdir()) == [target]


def test_a_pipe_is_written_to(two: tuple[Path, Path], tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert ganbench("table", two[0], "--output", pipe, "--format", "csv").exit_code == 0
        assert os.read(reader, 1 << 16).startswith(b"model,")
        write_output(pipe, b"more")
        assert os.read(reader, 100) == b"more"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize("verb", ["run", "check"])
def test_a_full_standard_output_is_named_and_costs_no_file(
    verb: str, two: tuple[Any, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, results = tmp_path / "file", tmp_path / "results"
    lines = {
        "run": (*RUN, "--record", file, "--results-dir", results),
        "check": ("check", "--baseline", *two, *JUDGED, "--junit", file),
    }
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(SystemExit) as stop:
            main.main([str(word) for word in lines[verb]])
        monkeypatch.undo()
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())  # so that it can be closed
    assert stop.value.code == 2
    assert capsys.readouterr().err.endswith("ganbench: standard output: No space left on device.\n")
    assert file.stat().st_size
    if verb == "run":
        assert read(file) == read(next((results / "records").iterdir()))


def test_a_file_of_other_writers_is_put_where_a_link_leads_and_never_in_place_of_a_pipe(tmp_path: Path) -> None:
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to(tmp_path / "new" / "file")
    assert place(link) == tmp_path / "new" / "file"
    assert (tmp_path / "new").is_dir()
    os.mkfifo(pipe)
    with pytest.raises(BadInputError, match="found a device or pipe"):
        place(pipe)
