import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ganbench.records.record import RunRecord
from ganbench.records.store import Store, read
from tests.cli.command_line import complaint, ganbench
from tests.records.make import DIGITS, record, result
from tests.records.test_difference import known


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


def test_a_record_that_cannot_be_read_is_named_and_passed_over_but_lets_nothing_pass(
    store: Store, tmp_path: Path
) -> None:
    path = baseline(tmp_path, record())
    store.write(record(at=1))
    (store.folder / "broken.json").write_text("{")
    os.utime(store.folder / "broken.json", ns=(2**62, 2**62))
    done = ganbench("check", "--baseline", path, "--max-regression", "fid=2%")
    assert done.exit_code == 2
    assert "broken.json is not a readable record" in done.stderr
    assert "not exceeded" in done.stdout
    store.write(record(result(value=9.0), at=2))
    os.utime(store.folder / "broken.json", ns=(2**62 + 2**32, 2**62 + 2**32))
    done = ganbench("check", "--baseline", path, "--max-regression", "fid=2%")
    assert done.exit_code == 1, "a regression is one all the same"


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


@pytest.fixture
def seeds(tmp_path: Path) -> tuple[Path, Path]:
    """Return a baseline at 200 samples, and the file of another seed, 12 % worse by chance."""
    path = baseline(tmp_path, record(known(3.1, 1.3, count=200)))
    other = tmp_path / "seed1.json"
    other.write_text(record(known(3.47, 1.4, count=200), seed=1, at=1).to_json())
    return path, other


def test_another_seed_of_few_samples_is_no_regression(seeds: tuple[Path, Path]) -> None:
    code, out = check("--baseline", seeds[0], "--max-regression", "fid=2%", seeds[1])
    assert code == 0
    assert "(+11.94%), 95 % interval -" in out
    assert "exceeded, but the interval includes 0, unpaired, the reals cancel; more samples would tell" in out
    assert out.endswith("ok, no evidence\n")


def test_old_records_are_judged_by_the_tolerance_alone_and_it_is_said(seeds: tuple[Path, Path], tmp_path: Path) -> None:
    path = baseline(tmp_path, record(result(value=3.1, count=200)))
    code, out = check("--baseline", path, "--max-regression", "fid=2%", seeds[1])
    assert code == 1
    assert "by the tolerance alone, as one of the records without an interval" in out


def test_the_verdict_goes_where_continuous_integration_looks(
    seeds: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary, xml = tmp_path / "summary.md", tmp_path / "gate.xml"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    line = ("check", "--baseline", seeds[0], "--max-regression", "fid=2%", "--junit", xml)
    done = ganbench(*line, seeds[1], "--format", "json")
    assert json.loads(done.stdout)["verdict"] == "ok"
    assert "::warning title=fid50k%3A ok%2C no evidence::fid50k (digits, n=200, divisor N)" in done.stderr
    assert summary.read_text().startswith("before\n### ganbench check: ok\n")
    assert ElementTree.parse(xml).getroot().get("failures") == "0"
    done = ganbench(*line, tmp_path / "none.json")
    assert done.exit_code == 2
    assert "::error title=ganbench check%3A cannot judge::expected a record, found no file" in done.stderr
    assert ElementTree.parse(xml).getroot().get("errors") == "1"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    done = ganbench(*line, seeds[1])
    assert done.exit_code == 0
    assert "cannot be written" in done.stderr


def test_nothing_printed_is_a_command_to_a_runner(tmp_path: Path) -> None:
    key = "::error::x ##[add-path]/tmp"
    path = baseline(tmp_path, record(result(key, 1.0, metric="fid")))
    other = tmp_path / "other.json"
    other.write_text(record(result(key, 2.0, metric="fid"), at=1).to_json())
    done = ganbench("check", "--baseline", path, "--max-regression", "fid=2%", other)
    assert done.exit_code == 1
    assert not [each for each in done.stdout.splitlines() if each.lstrip().startswith("::")]
    assert "##[" not in done.stdout
    done = ganbench("compare", path, other, "--format", "json")
    assert "##[" not in done.stdout
    assert json.loads(done.stdout)[0]["numbers"][0]["name"] == key


def test_a_baseline_is_made_and_updated_and_what_changed_is_said(store: Store, tmp_path: Path) -> None:
    path, now = tmp_path / "baseline.json", tmp_path / "now.json"
    update = ("check", "--baseline", path, "--update-baseline")
    assert "expected a RECORD for the new baseline" in complaint(*update)
    now.write_text(record(result(value=1.0)).to_json())
    done = ganbench(*update, now)
    assert (done.exit_code, "is new: stylegan3 on digits" in done.stdout) == (0, True)
    assert read(path) == read(now)
    assert "nothing changed" in ganbench(*update, now).stdout
    store.write(record(result(value=2.0), at=1, seed=3))
    done = ganbench(*update)
    assert done.exit_code == 0
    assert "+1 (+100.00%)" in done.stdout
    assert "seed" in done.stdout
    assert read(path).results[0].value == 2.0
    assert "found fid=2%" in complaint(*update, "--max-regression", "fid=2%")


def test_what_is_no_baseline_is_not_replaced(tmp_path: Path) -> None:
    notes, now = tmp_path / "notes.txt", tmp_path / "now.json"
    notes.write_text("mine")
    now.write_text(record().to_json())
    assert "notes.txt" in complaint("check", "--baseline", notes, "--update-baseline", now)
    assert notes.read_text() == "mine"
    now.write_text("{")
    assert "now.json" in complaint("check", "--baseline", tmp_path / "new.json", "--update-baseline", now)
    assert not (tmp_path / "new.json").exists()


def test_samples_are_drawn_until_one_count_decides(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "baseline.json"
    counts = ("fid@8", "fid@16", "fid@32")
    done = ganbench(
        "run", "--model", "waves", "--metrics", ",".join(counts), "--results-dir", tmp_path / "old", "--record", path
    )
    assert done.exit_code == 0, done.stderr
    line = ("check", "--baseline", path, "--sequential", "--max-regression")
    done = ganbench(*line, "fid=1%")
    assert done.exit_code == 0, done.stderr
    assert [each.metric for one in store.read_all() for each in one.results] == ["fid@8"]  # the same samples
    path.write_text(replace(read(path), seed=1).to_json())
    done = ganbench(*line, "fid=0")
    assert done.exit_code in (0, 1), done.stderr
    assert "of up to 32 samples, unpaired" in done.stdout
    assert {each.metric for one in store.read_all() for each in one.results} <= set(counts)
    assert "expected 'kid' at two or more sample counts" in complaint(*line, "kid=1%")


def test_sequential_options_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    path = baseline(tmp_path, record())
    line = ("check", "--baseline", path, "--max-regression", "fid=2%")
    assert "expected --sequential with --weights x.pkl" in complaint(*line, "--weights", "x.pkl")
    assert "as it measures by itself, found" in complaint(*line, "--sequential", path)
    assert "found --update-baseline" in complaint("check", "--baseline", path, "--sequential", "--update-baseline")
    assert "expected --sequential with --model waves" in complaint(*line, "--model", "waves")
    assert "found fid50k" in complaint(*line, "--sequential")


def test_a_baseline_cannot_have_code_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "evil.py").write_text("open('owned', 'w').close()\ndef make(): ...\n")
    given = {"given": {"models": ["x"], "command": 1, "nproc": "many"}, "resolved": {}}
    results = [known(3.0, 0.1, key=f"fid@{count}", count=count) for count in (8, 16)]
    path = baseline(tmp_path, record(*results, name="evil:make"))
    line = ("check", "--baseline", path, "--max-regression", "fid=2%", "--sequential")
    assert "whose code would be run: if you trust it, add --model evil:make" in complaint(*line)
    assert not (tmp_path / "owned").exists()
    baseline(tmp_path, record(*results, name="waves", options=given))
    assert "nproc" in complaint(*line)
