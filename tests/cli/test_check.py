from pathlib import Path
from typing import Any

import pytest

from ganbench.records.record import RunRecord
from ganbench.records.store import Store
from tests.cli.command_line import complaint, ganbench
from tests.records.make import DIGITS, record, result


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    monkeypatch.setenv("GANBENCH_RESULTS", str(tmp_path / "results"))
    return Store()


def baseline(tmp_path: Path, one: RunRecord) -> Path:
    path = tmp_path / "baseline.json"
    path.write_text(one.to_json())
    return path


def check(*arguments: Any) -> tuple[int, str]:
    done = ganbench("check", *arguments)
    return done.exit_code, done.stdout


def test_the_newest_record_passes_or_fails(store: Store, tmp_path: Path) -> None:
    path = baseline(tmp_path, record(result(value=10.0)))
    store.write(record(result(value=20.0), at=1))
    store.write(record(result(value=10.1), at=2))
    code, out = check("--baseline", path, "--max-regression", "fid=2%")
    assert code == 0
    assert "fid50k (digits, n=50,000)  baseline 10  now 10.1" in out
    assert out.endswith("ok\n")
    code, out = check("--baseline", path, "--max-regression", "fid=0.5%")
    assert code == 1
    assert out.endswith("REGRESSION\n")


def test_a_given_record_is_compared(tmp_path: Path) -> None:
    path = baseline(tmp_path, record(result(value=10.0)))
    better, worse = (tmp_path / f"{value}.json" for value in (9, 11))
    better.write_text(record(result(value=9.0)).to_json())
    worse.write_text(record(result(value=11.0)).to_json())
    assert check("--baseline", path, "--max-regression", "fid=2%", better)[0] == 0
    assert check("--baseline", path, "--max-regression", "fid=2%", worse)[0] == 1
    assert check("--baseline", path, "--max-regression", "fid=1", worse)[0] == 0


def test_every_number_gets_a_line_and_one_regression_is_enough(store: Store, tmp_path: Path) -> None:
    path = baseline(tmp_path, record(result(value=10.0), result("ppl2_wend", 100.0)))
    store.write(record(result(value=10.0), result("ppl2_wend", 200.0)))
    code, out = check("--baseline", path, "--max-regression", "fid=2%", "--max-regression", "ppl=1%")
    assert code == 1
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["fid50k", "ppl2_wend"]


def test_what_cannot_be_judged_exits_2_and_says_why(store: Store, tmp_path: Path) -> None:
    path = baseline(tmp_path, record())
    store.write(record(result(count=500)))
    code, out = check("--baseline", path, "--max-regression", "fid=2%")
    assert code == 2
    assert "cannot judge: expected two numbers measured alike, found" in out
    assert "500 samples" in out
    code, out = check("--baseline", path, "--max-regression", "kid=2%")
    assert code == 2
    assert "cannot judge" in out


def test_the_same_run_is_nothing_new(store: Store, tmp_path: Path) -> None:
    one = record()
    path = store.write(one)
    for line in ((path,), (baseline(tmp_path, one),), (path, path), (path, baseline(tmp_path, one))):
        assert "expected a record newer than the baseline" in complaint(
            "check", "--max-regression", "fid=2%", "--baseline", *line
        )


def test_a_clock_set_back_hides_no_run(store: Store, tmp_path: Path) -> None:
    path = baseline(tmp_path, record(result(value=10.0)))
    store.write(record(result(value=10.0), at=60))
    store.write(record(result(value=20.0), at=30))
    assert check("--baseline", path, "--max-regression", "fid=2%")[0] == 1


def test_records_of_two_models_and_seeds_are_compared_and_told(tmp_path: Path) -> None:
    path = baseline(tmp_path, record())
    other = tmp_path / "other.json"
    other.write_text(record(name="stylegan2", seed=5).to_json())
    done = ganbench("check", "--baseline", path, "--max-regression", "fid=2%", other)
    assert done.exit_code == 0
    assert "ganbench: the record is of the model stylegan2, the baseline of stylegan3.\n" in done.stderr
    assert "seed 5" in done.stderr


def test_the_newest_run_of_another_model_is_not_passed_over(store: Store, tmp_path: Path) -> None:
    path = baseline(tmp_path, record())
    store.write(record(at=1))
    store.write(record(at=2, name="stylegan2", command=["ganbench", "run", "--model", "stylegan2"]))
    assert "found of stylegan2" in complaint("check", "--baseline", path, "--max-regression", "fid=2%")


def test_data_that_are_not_the_benchmarks_own_are_named(tmp_path: Path) -> None:
    path = baseline(tmp_path, record(data={**DIGITS, "name": "sketches"}))
    other = tmp_path / "other.json"
    other.write_text(record(data={**DIGITS, "name": "sketches"}, at=1).to_json())
    code, out = check("--baseline", path, "--max-regression", "fid=2%", other)
    assert code == 0
    assert out.startswith("stylegan3 on sketches (digits benchmark), ")
    assert "fid50k (digits, n=50,000, data sketches)" in out


def test_what_makes_no_sense_is_said_in_one_sentence(store: Store, tmp_path: Path) -> None:
    path = baseline(tmp_path, record())
    assert "expected a number to judge" in complaint("check", "--baseline", path)
    assert "found none" in complaint("check", "--baseline", path, "--max-regression", "fid=2%")
    assert "such as fid=2%" in complaint("check", "--baseline", path, "--max-regression", "fid=-2%")
    assert "none.json" in complaint("check", "--baseline", tmp_path / "none.json", "--max-regression", "fid=2%")
    broken = tmp_path / "broken.json"
    broken.write_text(record().to_json()[:200])
    assert "broken.json" in complaint("check", "--baseline", broken, "--max-regression", "fid=2%")
    assert "broken.json" in complaint("check", "--baseline", path, "--max-regression", "fid=2%", broken)
