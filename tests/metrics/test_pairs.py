"""Numbers of ordered pairs of domains, and how they go into a record."""

import json
import math

import pytest
import torch

from ganbench.errors import BadInputError
from ganbench.metrics import Number
from ganbench.metrics.pairs import mean_over_pairs, rows_of_pairs
from ganbench.records.record import RunRecord
from tests.records.make import record, result


def test_rows_are_told_apart_by_source_and_target_in_the_order_in_which_pairs_come() -> None:
    task = torch.tensor([[1, 0], [2, 0], [1, 0], [0, 1]])
    found = {pair: rows.tolist() for pair, rows in rows_of_pairs(task).items()}
    assert list(found) == [(1, 0), (2, 0), (0, 1)]
    assert found[1, 0] == [True, False, True, False]
    assert found[0, 1] == [False, False, False, True]


def test_the_mean_is_plain_with_the_numbers_of_the_pairs_as_parts() -> None:
    values = {(1, 0): 3.0, (0, 1): 5.0, (2, 10): 10.0}
    assert mean_over_pairs(values, None) == Number(6.0, None, values)


def test_parts_survive_the_record_and_infinity_among_them() -> None:
    one = record(result("eqt_int_translator", math.inf, parts={"3->8": math.inf, "8->3": 41.5, "x->y": 2}), result())
    text = one.to_json()
    assert RunRecord.from_json(text) == one
    parts, none = (entry.get("parts") for entry in json.loads(text)["results"])
    assert parts == {"3->8": "inf", "8->3": 41.5, "x->y": 2.0}
    assert none is None, "a number without parts is written as it was before there were any"


@pytest.mark.parametrize("parts", [{"a": "2"}, {"a": None}, {1: 2.0}, ["a"], {"a": True}])
def test_parts_of_wrong_types_are_refused(parts: object) -> None:
    with pytest.raises(BadInputError, match="parts"):
        result(parts=parts)


def test_a_part_that_is_nan_is_never_stored() -> None:
    with pytest.raises(BadInputError, match="for the result 'a', found NaN"):
        result(parts={"b": 1.0, "a": math.nan})
