"""Numbers of ordered pairs of domains, and how they go into a record."""

import json
import math

import pytest
import torch

from ganbench.errors import BadInputError
from ganbench.metrics.pairs import Number, folded, mean_over_pairs, rows_of_pairs
from ganbench.records.record import RunRecord
from tests.records.make import record, result


def test_rows_are_told_apart_by_source_and_target_in_the_order_in_which_pairs_come() -> None:
    task = torch.tensor([[1, 0], [2, 0], [1, 0], [0, 1]])
    found = {pair: rows.tolist() for pair, rows in rows_of_pairs(task).items()}
    assert list(found) == [(1, 0), (2, 0), (0, 1)]
    assert found[1, 0] == [True, False, True, False]
    assert found[0, 1] == [False, False, False, True]


def test_the_mean_is_plain_and_the_parts_are_named_by_the_domains() -> None:
    numbers = mean_over_pairs("fid_latent", {(1, 0): 3.0, (0, 1): 5.0, (2, 10): 10.0})
    assert numbers["fid_latent"] == 6.0
    domains = [f"d{place}" for place in range(11)]
    assert folded(numbers, domains) == {"fid_latent": Number(6.0, {"d1->d0": 3.0, "d0->d1": 5.0, "d2->d10": 10.0})}


def test_numbers_without_parts_stay_as_they_are() -> None:
    assert folded({"fid50k": 2.0, "pr50k3_recall": 0.5}) == {"fid50k": Number(2.0), "pr50k3_recall": Number(0.5)}


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
    with pytest.raises(BadInputError, match="'a' is NaN"):
        result(parts={"b": 1.0, "a": math.nan})
