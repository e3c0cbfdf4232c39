import json
from pathlib import Path
from typing import Any

import pytest

from ganbench.records.record import RunRecord
from ganbench.records.store import Store
from tests.cli.command_line import complaint, ganbench
from tests.records.make import record
from tests.records.test_difference import known


def written(path: Path, one: RunRecord) -> Path:
    path.write_text(one.to_json())
    return path


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Return the files of two records, of which the second is worse."""
    first, second = record(known(3.0, 0.1)), record(known(4.0, 0.1), seed=1, at=1)
    return written(tmp_path / "a.json", first), written(tmp_path / "b.json", second)


def test_two_records_are_compared(two: tuple[Any, Any], tmp_path: Path) -> None:
    done = ganbench("compare", *two)
    assert done.exit_code == 0
    assert done.stdout.startswith("A: stylegan3 on digits, weights a.pkl, seed 0, ")
    assert "+1 (+33.33%)" in done.stdout
    assert "worse" in done.stdout
    assert "unpaired, the reals cancel" in done.stdout
    assert done.stdout.splitlines()[-1].split() == ["seed", "0", "1"]
    out = tmp_path / "comparison.md"
    assert ganbench("compare", *two, "--format", "markdown", "--output", out).stdout == ""
    assert "| fid50k (digits, n=50,000) | 3 | 4 | +1 (+33.33%) |" in out.read_text()


def test_json_has_every_number(two: tuple[Any, Any]) -> None:
    ((plain),) = json.loads(ganbench("compare", *two, "--format", "json").stdout)
    assert plain["numbers"][0]["finding"] == "worse"
    assert plain["numbers"][0]["interval"]["low"] > 0
    assert plain["provenance"] == {"seed": {"a": "0", "b": "1"}}


def test_it_fails_where_asked_to(two: tuple[Any, Any]) -> None:
    assert ganbench("compare", *two, "--fail-on", "worse").exit_code == 1
    assert ganbench("compare", *reversed(two), "--fail-on", "worse").exit_code == 0


def test_a_worse_number_of_the_same_samples_is_one_to_fail_on(tmp_path: Path) -> None:
    files = [written(tmp_path / f"{value}.json", record(known(value, 0.1))) for value in (3.0, 4.0)]
    assert ganbench("compare", *files, "--fail-on", "worse").exit_code == 1
    assert ganbench("compare", *reversed(files), "--fail-on", "worse").exit_code == 0


def test_two_folders_are_compared_and_broken_files_named(tmp_path: Path) -> None:
    for place, name in enumerate(("one", "two")):
        for model in ("stylegan2", "stylegan3"):
            Store(tmp_path / name).write(record(known(3.0 + place, 0.1), name=model, seed=place))
    done = ganbench("compare", tmp_path / "one", tmp_path / "two")
    assert done.exit_code == 0
    assert done.stdout.count("worse") == 2
    (tmp_path / "two" / "records" / "broken.json").write_text("{")
    done = ganbench("compare", tmp_path / "one", tmp_path / "two")
    assert done.exit_code == 2
    assert "broken.json" in done.stderr
    assert done.stdout.count("worse") == 2


def test_a_clock_set_back_hides_no_run(two: tuple[Any, Any], tmp_path: Path) -> None:
    store = Store(tmp_path / "results")
    store.write(record(known(9.0, 0.1), at=60))
    store.write(record(known(5.0, 0.1), at=30))
    assert "+2 (+66.67%)" in ganbench("compare", two[0], tmp_path / "results").stdout


def test_what_cannot_be_compared_is_one_sentence(two: tuple[Any, Any], tmp_path: Path) -> None:
    assert "none.json" in complaint("compare", two[0], tmp_path / "none.json")
    broken = tmp_path / "broken.json"
    broken.write_text(record().to_json()[:200])
    assert "broken.json" in complaint("compare", broken, two[0])
    (tmp_path / "empty").mkdir()
    assert "found none" in complaint("compare", tmp_path / "empty", two[0])
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "broken.json").write_text("{")
    assert "broken.json" in complaint("compare", tmp_path / "bad", two[0])
    other = written(tmp_path / "c.json", record(known(3.0, 0.1, key="kid50k")))
    assert ganbench("compare", two[0], other).exit_code == 2
