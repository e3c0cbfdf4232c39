"""Two records: what differs, and what closes the gap."""

from dataclasses import replace
from typing import Any

import pytest

from ganbench.engine import run
from ganbench.errors import BadInputError, UnknownNameError
from ganbench.explain import Explanation, Measurer, Question, ask
from ganbench.explain.records import common_results, differences, setup_of
from ganbench.records.record import RunRecord
from tests.explain.sets import options


def record(*metrics: str, **given: Any) -> RunRecord:
    (made,) = run(["waves"], list(metrics) or ["fid@64"], device="cpu", **given)
    return made


def answer(question: Question) -> Explanation:
    found = question.answer(Measurer(options()))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("given", "names"),
    [({"seed": 1}, ["seed 1"]), ({"metrics": "fid@48"}, ["count 48 (was 64)"])],
)
def test_what_alone_differs_closes_all_of_the_gap(given: dict[str, Any], names: list[str]) -> None:
    first, second = record(), record(*filter(None, [given.pop("metrics", "")]), **given)
    question = ask(first, second, None, options())
    found = answer(question)
    assert found.value == first.results[0].value
    assert found.target == second.results[0].value
    assert [each.name for each in found.tried] == names
    assert found.tried[0].closed == 1
    assert question.notes == ()


def test_several_differences_are_changed_one_by_one_and_together() -> None:
    first, second = record(), record("fid@48", seed=1, data="digits")
    found = answer(ask(first, second, "fid", options()))
    by_name = {each.name: each.closed for each in found.tried if " + " not in each.name}
    assert by_name.keys() == {"count 48 (was 64)", "seed 1", "reals digits", "all that differs"}
    assert by_name["all that differs"] == 1
    assert "All that differs explains" not in found.verdict


def test_differences_are_those_of_protocol_and_provenance() -> None:
    first, second = record(), record("fid@48", seed=1)
    found = differences(first, first.results[0], second, second.results[0])
    assert [(each.what, each.first, each.second) for each in found] == [("samples", "64", "48"), ("seed", "0", "1")]


def test_ways_of_quantising_are_tried_on_models() -> None:
    made = record()
    base = setup_of(made, made.results[0])
    other = base.changed({"quantiser": "cyclegan"})
    question = ask(made, Measurer(options())([other])[other], None, options())
    found = {each.name: each for each in answer(question).tried}
    assert found["quantised as cyclegan does"].closed == 1
    assert "samples not rounded to 8 bits" in found
    assert question.recorded == answer(question).value


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": {"sha256": "0" * 64}}, "expected the weights embedded of sha256 00000000..."),
        ({"data": {"fingerprint": "0" * 64}}, "expected the images of fingerprint 00000000..."),
        (
            {"data": {"name": "gone"}, "benchmark_data": "gone"},
            "expected a folder, zip file or data set, found no 'gone'",
        ),
    ],
)
def test_what_is_not_here_any_more_is_told_and_the_differences_are_left(changes: Any, words: str) -> None:
    first, second = record(), record(seed=1)
    fields = {name: {**getattr(first, name), **new} if isinstance(new, dict) else new for name, new in changes.items()}
    question = ask(replace(first, **fields), second, None, options())
    assert question.answer(Measurer(options())) is None
    assert question.notes[0].startswith(words)
    assert "seed" in [each.what for each in question.differences]


def test_an_older_definition_is_not_taken_for_todays() -> None:
    made = record()
    old = replace(made.results[0], version=0)
    with pytest.raises(BadInputError, match="found version 0"):
        setup_of(made, old)
    unknown = replace(made.results[0], spec={**made.results[0].spec, "flavour": "sweet"})
    with pytest.raises(BadInputError, match="as this ganbench defines it"):
        setup_of(made, unknown)


def test_records_of_other_metrics_are_refused() -> None:
    first, second = record("fid@64"), record("kid@64")
    with pytest.raises(BadInputError, match="expected a metric that both records have, found fid@64 and kid@64"):
        ask(first, second, None, options())
    with pytest.raises(UnknownNameError):
        ask(first, second, "fjd", options())


def test_a_metric_is_the_same_at_other_counts_and_against_all_reals() -> None:
    first, second = record("fid50k@64", "kid@64"), record("kid@32", "fid50k_full@32")
    one, other = common_results(first, second)
    assert (one.key, other.key) == ("fid@64", "fid_full@32")
    one, other = common_results(first, second, "kid")
    assert (one.key, other.key) == ("kid@64", "kid@32")
