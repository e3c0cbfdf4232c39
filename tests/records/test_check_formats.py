import json
import math
import re
from xml.etree import ElementTree

import pytest

from ganbench.records.check import Check, judge
from ganbench.records.check_formats import FORMATS, annotation, annotations, junit, markdown
from ganbench.records.compare import compare
from ganbench.records.compare_formats import FORMATS as COMPARISONS
from ganbench.records.tolerances import parse_tolerances
from tests.records.make import record, result
from tests.records.test_difference import known

HOSTILE = "::error::x\n##[add-path]/tmp %0A ]]> <script>alert(1)</script> | \x1b[31m `a` [b](c) \u202e &amp; ,:"


def check(*names: str) -> Check:
    """Return a check of numbers that pass, are left to chance, regress and cannot be judged."""
    before = [known(10.0, 0.1, key="good"), known(10.0, 3.0, key="chance"), known(10.0, 0.1, key="worse")]
    now = [known(10.0, 0.1, key="good"), known(11.0, 3.0, key="chance"), known(12.0, 0.1, key="worse")]
    tolerances = parse_tolerances([f"{name}=2%" for name in (names or ("good", "chance", "worse", "gone"))])
    return Check("a title", judge(record(*before), record(*now, seed=1), tolerances), ["of seed 1."])


def hostile() -> Check:
    before = known(10.0, 0.1, key=HOSTILE, metric=HOSTILE, extractor=HOSTILE)
    now = known(12.0, 0.1, key=HOSTILE, metric=HOSTILE, extractor=HOSTILE)
    (name,) = {before.key}
    judgements = judge(record(before), record(now, seed=1, name=HOSTILE), {name: parse_tolerances(["a=0"])["a"]})
    return Check(HOSTILE, judgements, [HOSTILE])


def test_junit_has_a_case_for_each_number() -> None:
    suite = ElementTree.fromstring(junit(check())).find("testsuite")
    assert suite is not None
    assert suite.attrib == {"name": "ganbench check", "tests": "4", "failures": "1", "errors": "1"}
    cases = {case.get("name"): case for case in suite.findall("testcase")}
    assert list(cases) == ["good", "chance", "worse", "gone"]
    assert [name for name, case in cases.items() if case.find("failure") is not None] == ["worse"]
    assert [name for name, case in cases.items() if case.find("error") is not None] == ["gone"]
    failure = cases["worse"].find("failure")
    assert failure is not None
    assert "excludes 0" in failure.get("message", "")


def test_a_problem_is_an_error_wherever_it_is_shown() -> None:
    found = Check("a.json", problem="expected a record, found no file.")
    assert found.exit_code == 2
    assert ElementTree.fromstring(junit(found)).attrib == {"tests": "1", "failures": "0", "errors": "1"}
    assert annotations(found) == ["::error title=ganbench check%3A cannot judge::expected a record, found no file."]
    assert "expected a record, found no file." in markdown(found)


def test_json_has_verdict_reason_and_interval() -> None:
    plain = json.loads(FORMATS["json"](check()))
    assert (plain["verdict"], plain["exit_code"]) == ("REGRESSION", 1)
    assert [each["verdict"] for each in plain["judgements"]] == ["ok", "ok, no evidence", "REGRESSION", "cannot judge"]
    worse = plain["judgements"][2]
    assert worse["change"] == 2.0
    assert worse["interval"]["low"] > 0
    assert worse["standard_error"] == pytest.approx(0.1 * math.sqrt(2))
    assert all(each["reason"] for each in plain["judgements"])


def test_infinite_numbers_are_json() -> None:
    judgements = judge(record(result(value=1.0)), record(result(value=math.inf)), parse_tolerances(["fid=1"]))
    (plain,) = json.loads(FORMATS["json"](Check("t", judgements)))["judgements"]
    assert plain["now"] == "inf"


def test_what_fails_is_annotated_first() -> None:
    lines = annotations(check())
    assert [line.split("::")[1].split("=")[0] for line in lines] == ["error title", "error title", "warning title"]
    assert lines[0].startswith("::error title=worse%3A REGRESSION::worse (")
    assert len(annotations(check("chance"))) == 1
    assert annotations(check("good")) == []


def test_an_annotation_is_one_line_whatever_is_in_it() -> None:
    assert annotation("error", "a:b,c%", "d%\n::e") == r"::error title=a%3Ab%2Cc%25::d%25\n::e"
    for line in annotations(hostile()):
        assert line.isprintable()
        _, head, *_ = line.split("::")
        assert "," not in head
        assert head.count("=") == 1


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_in_a_record_breaks_out_of_a_format(form: str) -> None:
    shown = FORMATS[form](hostile())
    assert shown.replace("\n", "").isprintable()
    assert "\n::" not in f"\n{shown}"
    assert "##[" not in shown
    if form == "markdown":
        assert not re.search(r"(?<!\\)<script", shown)
        row = next(line for line in shown.splitlines() if line.startswith("| ") and "alert" in line)
        assert len(re.findall(r"(?<!\\)\|", row)) == 9  # eight cells
    if form == "json":
        assert json.loads(shown)["judgements"][0]["verdict"] == "REGRESSION"


def test_nothing_in_a_record_breaks_out_of_xml() -> None:
    (case,) = ElementTree.fromstring(junit(hostile())).iter("testcase")
    assert "<script>alert(1)</script>" in case.get("name", "")
    assert "]]>" in case.get("name", "")


@pytest.mark.parametrize("form", COMPARISONS)
def test_nothing_in_a_record_breaks_out_of_a_comparison(form: str) -> None:
    one, other = (
        record(known(value, 0.1, key=HOSTILE), name=HOSTILE, seed=seed, environment={HOSTILE: f"{HOSTILE}{seed}"})
        for seed, value in enumerate((1.0, 2.0))
    )
    shown = COMPARISONS[form]([compare(one, other)])
    assert shown.replace("\n", "").isprintable()
    assert "\n::" not in shown
    assert "##[" not in shown
    if form == "markdown":
        assert not re.search(r"(?<!\\)<script", shown)
    if form == "json":
        assert len(json.loads(shown)[0]["numbers"]) == 1
