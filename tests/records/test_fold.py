"""Models that differ in their training seed as one row."""

import csv
import io
import math
from statistics import mean, stdev
from typing import Any

import pytest

from ganbench.records import render
from ganbench.records.fold import NOTE
from ganbench.records.table import build
from tests.records.make import record, result


def of_seeds(*values: float, name: str = "stylegan3", **changes: Any) -> list[Any]:
    """Return a record of other weights for each value."""
    return [
        record(result(value=value), name=name, weights=letter, at=at, **changes)
        for at, (value, letter) in enumerate(zip(values, "abcdef", strict=False))
    ]


def test_seeds_of_one_model_are_their_mean_and_spread() -> None:
    values = (2.0, 2.5, 3.5)
    table = build([*of_seeds(*values), record(result(value=5.0), name="other", at=9)], fold=True)
    assert [row.label for row in table.rows] == ["stylegan3 (3 training seeds)", "other"]
    (cell,), (single,) = (row.cells for row in table.rows)
    assert cell is not None
    assert single is not None
    assert cell.value == pytest.approx(mean(values))
    assert cell.half_width == pytest.approx(stdev(values))
    assert (cell.seeds, single.seeds) == (3, 0)
    assert table.texts(0) == [("2.67", "0.76"), ("5.000", "")]
    assert any(note.startswith(NOTE) for _, note in table.notes)
    assert "not the error of sampling" in render.markdown(table)
    header, row, _ = csv.reader(io.StringIO(render.as_csv(table)))
    assert [name.partition("] ")[2] for name in header[3:]] == ["", "spread"], "no ends of an interval"
    assert float(row[4]) == pytest.approx(stdev(values))


def test_rows_fold_only_where_asked() -> None:
    table = build(of_seeds(2.0, 2.5))
    assert len(table.rows) == 2
    assert not any(note.startswith(NOTE) for _, note in table.notes)


def test_a_spread_takes_the_place_of_the_interval_of_each_model() -> None:
    interval = {"low": 1.9, "high": 2.1, "level": 0.95, "method": "jackknife"}
    records = [record(result(value=value, interval=interval), weights=x) for value, x in ((2.0, "a"), (2.1, "b"))]
    (row,) = build(records, fold=True).rows
    assert row.cells[0] is not None
    assert row.cells[0].half_width == pytest.approx(stdev([2.0, 2.1]))
    (alone,) = build(records[:1], fold=True).rows
    assert alone.label == "stylegan3"
    assert alone.cells[0] is not None
    assert alone.cells[0].half_width == pytest.approx(0.1)


def test_a_seed_of_sampling_is_no_seed_of_training() -> None:
    records = [*of_seeds(2.0, 4.0), *of_seeds(6.0, 8.0, seed=1)]
    table = build(records, fold=True)
    assert [row.label for row in table.rows] == [
        "stylegan3 (2 training seeds, seed 0)",
        "stylegan3 (2 training seeds, seed 1)",
    ]
    assert [row.values for row in table.rows] == [(3.0,), (7.0,)]


def test_models_of_one_label_fold_and_the_embedded_one_stays_apart() -> None:
    embedded = {"name": "stylegan3", "weights": "digits32", "sha256": "e" * 64, "embedded": True}
    trained = [record(result(value=2.0), name="x", weights="a"), record(result(value=4.0), name="y", weights="b")]
    shipped = record(result(value=1.0), model=embedded, at=5)
    table = build([*trained, shipped], fold=True, labels=[("x", "ours"), ("y", "ours")])
    assert [row.label for row in table.rows] == ["ours (2 training seeds)", "stylegan3 (digits32)"]
    labels = [row.label for row in build([*of_seeds(2.0, 4.0), shipped], fold=True).rows]
    assert labels == ["stylegan3 (2 training seeds)", "stylegan3 (digits32)"]


def test_infinite_and_missing_numbers_fold() -> None:
    table = build(of_seeds(math.inf, 2.0), fold=True)
    assert table.cells(0) == ["inf"]
    both = [record(result(), result("kid50k", 0.5), weights="a"), record(result(), weights="b", at=1)]
    assert build(both, fold=True).rows[0].values == (2.5, 0.5)
    opposite = build(of_seeds(math.inf, -math.inf), fold=True)
    assert opposite.cells(0) == [""]
    assert build(of_seeds(1e308, 1.5e308), fold=True).cells(0) == ["1.25e+308"]


def test_notes_name_the_folded_row() -> None:
    records = [
        record(weights=letter, at=at, missing={"eqr50k": "eqr50k: no transform."}, warnings=["odd range."])
        for at, letter in enumerate("ab")
    ]
    told = [note for _, note in build(records, fold=True).notes]
    assert "EQ-R of stylegan3: no transform." in told
    assert "Warning on stylegan3 (2 training seeds): odd range." in told
