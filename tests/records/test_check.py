import math
import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ganbench.errors import BadInputError
from ganbench.records.check import (
    Verdict,
    exit_code,
    is_same_run,
    judge,
    newest_of_model,
    remarks,
)
from ganbench.records.record import new_id
from ganbench.records.store import Store, read
from ganbench.records.tolerances import parse_tolerances
from tests.records.make import DIGITS, record, result


def verdict(before: float, now: float, tolerance: str, higher: bool = False) -> Verdict:
    """Return the gate's verdict on one number."""
    baseline, current = (record(result(value=value, higher_is_better=higher)) for value in (before, now))
    (judgement,) = judge(baseline, current, parse_tolerances([f"fid={tolerance}"]))
    return judgement.verdict


@pytest.mark.parametrize(
    ("before", "now", "tolerance", "good"),
    [
        (100, 102, "2%", True),
        (100, 102.0001, "2%", False),
        (3, 3.06, "2%", True),  # 3.06 - 3 is more than 0.06 in binary
        (3, 3.0600001, "2%", False),
        (100, 50, "0%", True),
        (100, 100, "0%", True),
        (100, 100.0000001, "0", False),
        (100, 100.5, "0.5", True),
        (100, 100.6, "0.5", False),
        (0.1, 0.3, "0.2", True),
        (100, 300, "200%", True),
        (0, 0, "2%", True),
        (0, 1e-9, "2%", False),
        (0, 0.4, "0.5", True),
        (-0.001, -0.0009, "10%", True),
        (-0.001, -0.0008, "10%", False),
        (1, math.inf, "1000%", False),
        (math.inf, math.inf, "2%", True),
        (math.inf, 5, "2%", True),
        (-math.inf, 5, "2%", False),
    ],
)
def test_lower_is_better(before: float, now: float, tolerance: str, good: bool) -> None:
    assert verdict(before, now, tolerance) is (Verdict.GOOD if good else Verdict.WORSE)
    mirrored = verdict(-before, -now, tolerance, higher=True)
    assert mirrored is (Verdict.GOOD if good else Verdict.WORSE)


def test_an_infinite_equivariance_may_not_become_finite() -> None:
    assert verdict(math.inf, 60.0, "50%", higher=True) is Verdict.WORSE
    assert verdict(math.inf, 60.0, "1000", higher=True) is Verdict.WORSE
    assert verdict(60.0, math.inf, "0", higher=True) is Verdict.GOOD


@pytest.mark.parametrize(
    ("current", "told"),
    [
        (record(result("kid50k")), "expected 'fid50k' in the record, found"),
        (record(result("fid@500", count=500)), "expected 'fid50k' in the record, found fid@500"),
        (record(result("fid50k_full")), "expected 'fid50k' in the record, found fid50k_full"),
        (record(result(extractor="inception")), "extractor inception"),
        (record(result(extractor_sha256="f" * 64)), "ffffffff"),
        (record(result(count=500)), "500 samples"),
        (record(result(version=2)), "version 2"),
        (record(result(spec={"ddof": 1})), "ddof 1"),
        (record(benchmark="stylegan3"), "benchmark stylegan3"),
        (record(data={**DIGITS, "fingerprint": "9" * 64}), "99999999"),
        (record(result(higher_is_better=True)), "better"),
        (record(result(higher_is_better=None)), "better"),
    ],
)
def test_what_does_not_compare_is_not_judged(current: Any, told: str) -> None:
    (judgement,) = judge(record(), current, parse_tolerances(["fid=1000%"]))
    assert judgement.verdict is Verdict.UNKNOWN
    assert told in str(judgement)
    assert "\n" not in str(judgement)
    assert exit_code([judgement]) == 2


def test_a_name_that_may_be_several_is_not_judged() -> None:
    one = record(result("pr50k3_precision"), result("pr50k3_recall"))
    (judgement,) = judge(one, one, parse_tolerances(["pr=2%"]))
    assert judgement.verdict is Verdict.UNKNOWN
    assert "pr50k3_precision and pr50k3_recall" in str(judgement)


def test_an_unknown_name_is_not_judged() -> None:
    (judgement,) = judge(record(), record(), parse_tolerances(["fit=2%"]))
    assert judgement.verdict is Verdict.UNKNOWN
    assert "did you mean fid" in str(judgement)


def test_a_regression_stands_whatever_else_cannot_be_judged() -> None:
    baseline = record(result(value=1.0), result("kid50k", 1.0))
    current = record(result(value=2.0))
    judgements = judge(baseline, current, parse_tolerances(["kid=2%", "fid=2%"]))
    assert [j.verdict for j in judgements] == [Verdict.UNKNOWN, Verdict.WORSE]
    assert exit_code(judgements) == 1
    assert exit_code(judgements[:1]) == 2
    assert exit_code([]) == 2


def test_a_judgement_says_everything_in_a_line() -> None:
    judgements = judge(record(result(value=2.0)), record(result(value=2.1)), parse_tolerances(["fid=2.5%"]))
    line = str(judgements[0])
    for part in ("fid50k", "digits, n=50,000", "2", "2.1", "+5.00%", "2.5 %", "REGRESSION"):
        assert part in line


@pytest.mark.parametrize(
    "text", ["fid", "fid=", "=2%", "fid=two", "fid=-1%", "fid=-0.5", "fid=nan", "fid=inf", "fid=1e99"]
)
def test_a_tolerance_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="such as fid=2%"):
        parse_tolerances([text])


@pytest.mark.parametrize("text", ["1e-999999999", "0e-999999999", "0e999999999", "9" * 5000, "0." + "0" * 5000 + "1"])
def test_a_tolerance_of_endless_digits_is_refused_at_once(text: str) -> None:
    with pytest.raises(BadInputError, match="expected a tolerance") as caught:
        parse_tolerances([f"fid={text}"])
    assert len(str(caught.value)) < 300


def test_nothing_to_judge_is_no_success() -> None:
    with pytest.raises(BadInputError, match="--max-regression fid=2%"):
        parse_tolerances([])


def test_a_name_has_one_tolerance() -> None:
    with pytest.raises(BadInputError, match=r"expected one tolerance for .*, found two"):
        parse_tolerances(["fid=1%", "fid=2%"])


def test_two_names_of_one_number_have_one_tolerance() -> None:
    tolerances = parse_tolerances(["fid=2%", "fid50k=3%"])
    with pytest.raises(BadInputError, match="expected one tolerance for fid50k, found fid and fid50k"):
        judge(record(), record(at=1), tolerances)


def test_percent_and_units_are_told_apart() -> None:
    found = parse_tolerances(["fid = 2 %", "ppl=0.5", "is=100%", "kid=0%", "eqt=2.50%"])
    assert found["fid"].allowed(50.0) == Decimal("1")
    assert found["ppl"].allowed(50.0) == Decimal("0.5")
    assert [str(tolerance) for tolerance in found.values()] == ["2 %", "0.5", "100 %", "0 %", "2.5 %"]


def test_why_a_metric_has_no_number_is_told() -> None:
    current = record(result("kid50k"), missing={"fid50k": "fid50k: the features are not finite."})
    (judgement,) = judge(record(), current, parse_tolerances(["fid=2%"]))
    assert "the features are not finite" in judgement.reason


def test_the_newest_run_is_the_last_written_whatever_its_clock_says(tmp_path: Path) -> None:
    store = Store(tmp_path)
    old, new = record(at=100), record(at=1)
    os.utime(store.write(old), ns=(2**62, 2**62))  # the clock was far ahead
    store.write(new)
    assert newest_of_model("stylegan3", store) == new


def test_older_runs_do_not_stand_in_for_the_newest(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with pytest.raises(BadInputError, match="found none"):
        newest_of_model("stylegan3", store)
    store.write(record(at=1))
    store.write(record(at=2, name="stylegan2", command=["ganbench", "run", "again"]))
    with pytest.raises(BadInputError, match=r"of stylegan3 from the newest run in .* found of stylegan2"):
        newest_of_model("stylegan3", store)


def test_a_run_of_several_models_is_one_run(tmp_path: Path) -> None:
    store = Store(tmp_path)
    a, b = (record(at=at, name=name) for at, name in enumerate("ab"))
    for one in (record(at=9, name="c"), record(at=8, name="a"), a, b):
        store.write(one)
    assert newest_of_model("a", store) == a
    assert newest_of_model("b", store) == b
    with pytest.raises(BadInputError, match="of b and a"):
        newest_of_model("c", store)


def test_a_newest_record_that_cannot_be_read_is_not_passed_over(tmp_path: Path) -> None:
    store = Store(tmp_path)
    path = store.write(record())
    (store.folder / "broken.json").write_text("{")
    os.utime(store.folder / "broken.json", ns=(2**62, 2**62))
    with pytest.raises(BadInputError, match=r"broken\.json"):
        newest_of_model("stylegan3", store)
    skipped: list[BadInputError] = []
    assert newest_of_model("stylegan3", store, skipped.append) == read(path)
    assert "broken.json" in str(skipped)
    os.utime(path, ns=(2**62 + 1, 2**62 + 1))
    assert newest_of_model("stylegan3", store) == read(path)


def test_a_copy_of_a_record_is_of_the_same_run() -> None:
    one = record()
    assert is_same_run(one, one)
    assert is_same_run(one, replace(one, id=new_id()))
    assert is_same_run(one, replace(one, results=(result(value=9.0),)))
    assert not is_same_run(one, record(at=1))


def test_what_a_reader_has_to_know_is_told() -> None:
    other = record(name="stylegan2", seed=1, benchmark="stylegan3", warnings=["no sample below 0."])
    told = remarks(record(at=1), other)
    for part in ("stylegan2", "seed 1", "benchmark stylegan3", "older than the baseline", "no sample below 0."):
        assert len([remark for remark in told if part in remark]) == 1, part
    assert remarks(record(), record(at=1, weights="b")) == []
