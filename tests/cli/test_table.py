from pathlib import Path

import pytest

from ganbench.records.store import Store
from tests.cli.command_line import complaint, ganbench
from tests.records.make import record, result


@pytest.fixture
def results(tmp_path: Path) -> Path:
    store = Store(tmp_path / "results")
    store.write(record(result(value=2.0), result("kid50k", 0.5), name="a"))
    store.write(record(result(value=3.0, count=500), name="b", at=1))
    return store.results_dir


@pytest.mark.parametrize(
    ("form", "part"),
    [
        ("text", "FID ↓ᵃ"),
        ("markdown", "| --- |"),
        ("csv", "fid50k [digits"),
        ("latex", r"\toprule"),
        ("html", "<table>"),
    ],
)
def test_every_format_is_printed_and_written(results: Path, tmp_path: Path, form: str, part: str) -> None:
    printed = ganbench("table", results, "--format", form)
    assert printed.exit_code == 0, printed.stderr
    assert part in printed.stdout
    done = ganbench("table", results, "--format", form, "--output", tmp_path / "out")
    assert (done.exit_code, done.stdout) == (0, "")
    assert (tmp_path / "out").read_text() == printed.stdout


@pytest.mark.parametrize(
    ("name", "part"),
    [("t.md", "| ---"), ("t.csv", "model,"), ("t.tex", r"\midrule"), ("t.html", "</table>"), ("t", "──")],
)
def test_the_name_of_the_output_tells_the_format(results: Path, tmp_path: Path, name: str, part: str) -> None:
    path = tmp_path / name
    path.write_text("older")
    assert ganbench("table", results, "--output", path).exit_code == 0
    assert part in path.read_text()
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == [name]


def test_the_results_folder_is_the_default(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ganbench("table", results).stdout
    assert ganbench("table", "--results-dir", results).stdout == wanted
    monkeypatch.setenv("GANBENCH_RESULTS", str(results))
    assert ganbench("table").stdout == wanted


def test_metrics_and_models_are_chosen(results: Path) -> None:
    chosen = ganbench("table", results, "--metrics", "kid", "--models", "a", "--format", "csv").stdout.splitlines()
    assert chosen[0] == 'model,weights_sha256,seed,"kid50k [digits, n=50,000]"'
    assert len(chosen) == 2
    assert "did you mean" in complaint("table", results, "--metrics", "fid50")
    assert "known: a, b" in complaint("table", results, "--models", "stylegan3")
    assert "single commas" in complaint("table", results, "--metrics", "fid,,kid")


def test_what_cannot_be_read_or_written_is_named(results: Path, tmp_path: Path) -> None:
    assert "expected records in" in complaint("table", tmp_path)
    assert "expected records in" in complaint("table")
    assert "none.json" in complaint("table", tmp_path / "none.json")
    assert f"found a folder: {tmp_path}" in complaint("table", results, "--output", tmp_path)
    (tmp_path / "file").touch()
    assert "file/t.md (" in complaint("table", results, "--output", tmp_path / "file" / "t.md")


def test_records_that_cannot_be_read_are_named_after_the_table_of_the_others(results: Path, tmp_path: Path) -> None:
    wanted = ganbench("table", results).stdout
    for name in ("broken", "also"):
        (results / "records" / f"{name}.json").write_text("{")
    done = ganbench("table", results)
    assert (done.exit_code, done.stdout) == (2, wanted)
    assert [line.count("not a readable record") for line in done.stderr.splitlines()] == [1, 1]
    assert "broken.json" in done.stderr
    done = ganbench("table", results, "--output", tmp_path / "t.txt")
    assert (done.exit_code, (tmp_path / "t.txt").read_text()) == (2, wanted)
    assert "also.json" in complaint("table", results / "records" / "also.json")


def test_rows_are_labelled_folded_and_transposed(results: Path) -> None:
    Store(results).write(record(result(value=4.0), name="a", weights="b", at=2))
    labelled = ganbench("table", results, "--label", "b.pkl=seed two", "--format", "markdown").stdout
    assert "| seed two |" in labelled
    folded = ganbench("table", results, "--fold", "--metrics", "fid50k", "--transpose", "--format", "markdown").stdout
    assert "| Metric | a (2 training seeds) |" in folded
    assert "| FID ↓ᵃ (n=50,000) | 3.0 ± 1.4 |" in folded
    assert "expected NAME=TEXT" in complaint("table", results, "--label", "b.pkl")
    assert "expected a model to label, found 'c'" in complaint("table", results, "--label", "c=x")


def test_published_numbers_stand_beside_measured_ones(tmp_path: Path) -> None:
    name = "stylegan3:ffhqu-1024-t"
    model = {"name": name, "weights": "https://example.org/stylegan3-t.pkl", "sha256": "a" * 64, "embedded": False}
    data = {"name": "ffhqu-1024x1024.zip", "fingerprint": "f" * 64, "count": 69_000}
    found = result("fid50k_full", 3.7234, extractor="inception")
    store = Store(tmp_path)
    store.write(record(found, model=model, benchmark="stylegan3", data=data))
    store.write(record(result(), name="b", at=1, benchmark="a benchmark of another package"))
    shown = ganbench("table", tmp_path, "--published", "--format", "markdown", "--models", name).stdout
    assert "| Model | FID ↓ | FID, published | difference |" in shown
    assert f"| {name} | 3.723 | 3.67 | +0.053 |" in shown
    assert "Published: StyleGAN3 paper arXiv:2106.12423 Figure 5 left (high confidence)." in shown
    assert (
        "fid50k_full [inception, n=50,000, data ffhqu-1024x1024.zip] published"
        in ganbench("table", tmp_path, "--published", "--format", "csv", "--models", name).stdout
    )
    assert "published" not in ganbench("table", tmp_path, "--models", name).stdout
    assert "No published number was measured like" in ganbench("table", tmp_path, "--published", "--models", "b").stdout


def test_a_layout_has_the_columns_of_a_papers_table(results: Path) -> None:
    shown = ganbench("table", results, "--layout", "stylegan-table1", "--format", "markdown").stdout
    assert "| Method | FID ↓ᵃ (n=50,000) |" in shown
    assert "KID" not in shown
    assert "found both: leave one out" in complaint("table", results, "--layout", "cyclegan", "--metrics", "fid")
    assert "did you mean cyclegan" in complaint("table", results, "--layout", "cycle-gan")
    assert "found none: measure one of these" in complaint("table", results, "--layout", "cyclegan")
