"""The command that makes ``results/`` anew, on few samples, elsewhere."""

import os
from pathlib import Path

import pytest
from PIL import Image

from ganbench.records.collect import collect
from results import make
from results.current import is_study, newest
from results.experiments import RUNS
from tests.records.make import record, result


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Restore what the command sets for ganbench."""
    monkeypatch.setenv("GANBENCH_RESULTS", os.environ.get("GANBENCH_RESULTS", "results"))
    monkeypatch.setattr("sys.argv", ["pytest"])


def test_records_a_table_a_figure_and_the_report_of_a_model(tmp_path: Path) -> None:
    line = ["--models", "cyclegan", "--limit", "8", "--folder", str(tmp_path)]
    make.main([*line, "--only", "records", "--only", "tables", "--only", "figures", "--only", "report"])
    (measured,) = collect([tmp_path])
    assert measured.command[:4] == ["ganbench", "run", "--model", "cyclegan"]
    assert measured.command[-2:] == ["--limit", "8"]
    assert str(tmp_path) not in " ".join(measured.command)
    assert "| FID ↓" in (tmp_path / "tables" / "cyclegan.md").read_text()
    assert sorted(path.name for path in (tmp_path / "figures" / "cyclegan").iterdir()) == ["to-3.png", "to-8.png"]
    page = (tmp_path / "report.html").read_text()
    assert page.count("<figure") > 1
    assert "The digits32 models" in page

    make.main([*line, "--only", "records"])
    assert len(collect([tmp_path])) == 1, "it is up to date"
    make.main([*line, "--only", "records", "--anew"])
    assert len(collect([tmp_path])) == 2


def test_the_newest_record_of_each_model_is_shown_and_its_newest_study() -> None:
    psi = result("fid10k_psi0.5", metric="fid10k_psi0.5", spec={"truncation_psi": 0.5})
    old, study = record(weights="b"), record(result("fid10k"), psi, at=1)
    other, new = record(at=2, name="progan"), record(at=3)
    assert newest([old, study, other, new]) == [study, other, new]


def test_studies_of_truncation_are_told_from_runs() -> None:
    psi = result("fid10k_psi0.5", metric="fid10k_psi0.5", spec={"truncation_psi": 0.5})
    assert is_study(record(result("fid10k"), psi))
    assert not is_study(record(psi))


def test_pictures_that_differ_by_rounding_stay_as_they_are(tmp_path: Path) -> None:
    for at, level in enumerate((100, 101, 102)):
        picture = Image.new("RGB", (4, 4), (100, 100, 100))
        picture.putpixel((1, 2), (100, 100, level))
        picture.save(tmp_path / f"{at}.png")
    Image.new("L", (4, 4), 100).save(tmp_path / "grey.png")
    paths = [tmp_path / name for name in ("0.png", "1.png", "2.png", "grey.png", "missing.png")]
    assert [make._looks_the_same(paths[0], other) for other in paths] == [True, True, False, False, False]


def test_the_report_that_is_kept_has_pictures_of_every_model() -> None:
    page = (Path(make.__file__).parent / "report.html").read_text(encoding="utf-8")
    assert "Left out" not in page
    for model in RUNS:
        assert page.count(f'<h2 id="pictures-{model}">') == 1, model
