import math

import pytest

from ganbench.errors import BadInputError
from ganbench.records.compare import Finding, compare, pairs
from ganbench.records.record import Result
from tests.records.make import DIGITS, record, result
from tests.records.test_difference import known


def finding(before: Result, now: Result, seed: int = 1) -> Finding:
    (number,) = compare(record(before), record(now, seed=seed)).numbers
    return number.finding


def test_better_and_worse_need_an_interval_that_excludes_0() -> None:
    assert finding(known(3.0, 0.1), known(4.0, 0.1)) is Finding.WORSE
    assert finding(known(4.0, 0.1), known(3.0, 0.1)) is Finding.BETTER
    assert finding(known(3.0, 1.0), known(4.0, 1.0)) is Finding.NO_EVIDENCE
    up = {"higher_is_better": True}
    assert finding(known(3.0, 0.1, **up), known(4.0, 0.1, **up)) is Finding.BETTER
    neither = {"higher_is_better": None}
    assert finding(known(3.0, 0.1, **neither), known(4.0, 0.1, **neither)) is Finding.DIFFERENT
    assert finding(result(value=3.0), result(value=4.0)) is Finding.UNKNOWN
    assert finding(known(3.0, 0.1), known(4.0, 0.1, higher_is_better=True)) is Finding.UNKNOWN


def test_one_model_of_one_seed_is_never_better_than_itself() -> None:
    assert finding(known(3.0, 0.1), known(4.0, 0.1), seed=0) is Finding.DIFFERENT
    assert finding(known(3.0, 0.1), known(3.0, 0.1), seed=0) is Finding.NO_EVIDENCE
    (number,) = compare(record(known(3.0, 0.1)), record(known(4.0, 0.1))).numbers
    assert "program or machine" in number.reason
    assert number.worse
    assert not compare(record(known(4.0, 0.1)), record(known(3.0, 0.1))).numbers[0].worse


def test_numbers_that_do_not_compare_say_why() -> None:
    first = record(known(3.0, 0.1, count=500), known(1.0, 0.1, key="kid"), known(1.0, 0.1, key="is"))
    second = record(
        known(3.0, 0.1, count=200), known(5.0, 0.1, key="pr"), seed=1, missing={"is": "the features are not finite."}
    )
    numbers = {number.key: number for number in compare(first, second).numbers}
    assert {number.finding for number in numbers.values()} == {Finding.UNKNOWN}
    assert "500 samples" in numbers["fid50k"].reason
    assert numbers["kid"].reason == "not measured in B"
    assert numbers["pr"].reason == "not measured in A"
    assert (numbers["pr"].first, numbers["pr"].second) == (None, 5.0)
    assert numbers["is"].reason == "the features are not finite."
    assert finding(result(value=math.inf), result(value=3.0)) is Finding.UNKNOWN


def test_what_differs_in_provenance_is_listed() -> None:
    options = {"given": {}, "resolved": {"truncation_psi": 0.7, "batch_size": 32}}
    second = record(
        result(extractor="vgg16"),
        weights="b",
        seed=7,
        data={**DIGITS, "fingerprint": "9" * 64},
        environment={"python": "3.12"},
        options=options,
    )
    found = {change.name: (change.first, change.second) for change in compare(record(), second).provenance}
    assert found == {
        "weights": ("a.pkl (aaaaaaaa)", "b.pkl (bbbbbbbb)"),
        "data": ("digits (dddddddd, 1,797 images)", "digits (99999999, 1,797 images)"),
        "extractors": ("digits (eeeeeeee)", "vgg16 (eeeeeeee)"),
        "seed": ("0", "7"),
        "option truncation_psi": ("-", "0.7"),
        "python": ("3.11", "3.12"),
    }
    assert compare(record(), record(at=9, command=["x"])).provenance == ()


def test_folders_are_compared_model_by_model() -> None:
    old, new = record(at=1, name="a"), record(at=2, name="a")
    assert pairs([old], [record(name="b")])[0][0][1].model["name"] == "b"
    found, remarks = pairs([old, new, record(name="x")], [new, record(name="b")])
    assert found == [(new, new)]
    assert remarks == ["x on digits is in A alone and left out.", "b on digits is in B alone and left out."]
    with pytest.raises(BadInputError, match="a model that both have, found a on digits and b on digits in A and c"):
        pairs([old, record(name="b")], [record(name="c")])
