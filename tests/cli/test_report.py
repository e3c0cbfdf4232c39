from pathlib import Path

import pytest

from ganbench.records.store import Store
from tests.cli.command_line import complaint, ganbench
from tests.records.make import record, result


@pytest.fixture
def results(tmp_path: Path) -> Path:
    store = Store(tmp_path / "results")
    store.write(record(result(value=2.0), name="a"))
    store.write(record(result(value=3.0), name="b", at=1))
    return store.results_dir


def test_a_page_of_records_is_written_where_it_is_asked_for(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "report.html"
    done = ganbench("report", results, "--no-pictures", "--out", out, "--title", "Two <models>")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith(f"{out} (")
    html = out.read_text(encoding="utf-8")
    assert "<h1>Two &lt;models&gt;</h1>" in html
    assert "2.000" in html
    assert "exists" in complaint("report", results, "--no-pictures", "--out", out)
    assert ganbench("report", results, "--no-pictures", "--out", out, "--force").exit_code == 0


def test_models_are_chosen_and_ordered_as_asked(results: Path, tmp_path: Path) -> None:
    Store(results).write(record(result(value=4.0), name="c", at=2))
    out = tmp_path / "report.html"
    line = ("report", results, "--no-pictures", "--out", out, "--models")
    assert ganbench(*line, "c,a").exit_code == 0
    html = out.read_text(encoding="utf-8")
    assert html.index('<th scope="col">c') < html.index('<th scope="col">a')
    assert "3.000" not in html
    assert "2 records of 2026-01-31" in html
    assert "expected a model with records, found 'd'" in complaint(*line, "d", "--force")


def test_what_cannot_be_read_is_named_and_left_out(results: Path, tmp_path: Path) -> None:
    (results / "records" / "broken.json").write_text("{")
    done = ganbench("report", results, "--no-pictures", "--out", tmp_path / "report.html")
    assert done.exit_code == 2
    assert "broken.json" in done.stderr
    assert "2.000" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "broken.json" in complaint("report", results / "records" / "broken.json", "--out", tmp_path / "b.html")
    assert not (tmp_path / "b.html").exists()


def test_without_a_record_or_a_place_to_write_nothing_is_made(results: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "expected records in" in complaint("report", tmp_path / "empty", "--out", tmp_path / "r.html")
    (tmp_path / "file").write_text("")
    assert "cannot write" in complaint("report", results, "--out", tmp_path / "file" / "report.html")
