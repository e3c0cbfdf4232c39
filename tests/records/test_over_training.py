"""The table of a training run by kimg, and the best of its snapshots."""

import re

import pytest

from ganbench.pictures.curves import curves
from ganbench.records.over_training import best, by_kimg, kimg_label
from ganbench.records.record import Interval, RunRecord
from tests.records.make import record, result


def snapshot(kimg: float, value: float, half: float | None = 0.1, **changes: object) -> RunRecord:
    interval: Interval | None = None
    if half is not None:
        interval = {"low": value - half, "high": value + half, "level": 0.95, "method": "jackknife"}
    letter = f"{round(kimg) % 16:x}"
    model = {"name": "m", "weights": f"x/{letter}.pkl", "sha256": letter * 64, "embedded": False, "kimg": kimg}
    return record(result(value=value, interval=interval, **changes), model=model)


def test_rows_are_in_the_order_of_kimg() -> None:
    table = by_kimg([snapshot(10, 1), snapshot(2, 2), snapshot(9, 3)])
    assert [(row.label, row.values) for row in table.rows] == [("2", (2,)), ("9", (3,)), ("10", (1,))]
    assert table.head == "kimg"


def test_the_best_is_named_with_its_file_and_its_ties() -> None:
    records = [snapshot(1, 3), snapshot(2, 2.05), snapshot(3, 2), snapshot(4, 2.5)]
    assert best(records) == ["best FID: 2.00 ± 0.10 at kimg 3 (3.pkl), tied with kimg 2 within the interval"]
    assert best([snapshot(1, 3), snapshot(2, 2)]) == ["best FID: 2.00 ± 0.10 at kimg 2 (2.pkl)"]


def test_the_best_is_the_highest_where_higher_is_better_and_none_where_neither_is() -> None:
    assert "at kimg 1 " in best([snapshot(1, 3, higher_is_better=True), snapshot(2, 2, higher_is_better=True)])[0]
    assert best([snapshot(1, 3, higher_is_better=None), snapshot(2, 2, higher_is_better=None)]) == []


def test_one_snapshot_without_an_interval_is_the_best() -> None:
    assert best([snapshot(1, 3, half=None)]) == ["best FID: 3.000 at kimg 1 (1.pkl)"]


def test_numbers_of_another_protocol_have_a_column_apart() -> None:
    table = by_kimg([snapshot(1, 3), snapshot(2, 2, version=2)])
    assert [row.values for row in table.rows] == [(3, None), (None, 2)]


def test_a_metric_without_a_number_is_told() -> None:
    lacking = record(model=dict(snapshot(2, 2).model), missing={"ppl_wend": "ppl_wend: it failed"})
    assert ("", "2 kimg: ppl_wend: it failed") in by_kimg([snapshot(1, 3), lacking]).notes


def test_kimg_is_written_out() -> None:
    assert [kimg_label(kimg) for kimg in (0, 0.016, 25000, 1234567, 10.5)] == ["0", "0.016", "25000", "1234567", "10.5"]


@pytest.mark.parametrize("values", [(float("inf"), 2.0), (float("inf"), float("inf")), (2.0,)])
@pytest.mark.parametrize("higher", [True, None])
def test_curves_are_drawn_of_numbers_without_end_and_without_direction(
    values: tuple[float, ...], higher: bool | None
) -> None:
    records = [snapshot(at, value, None, higher_is_better=higher) for at, value in enumerate(values)]
    for form, start in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        assert curves(by_kimg(records), "kimg", form).startswith(start)


def test_curves_of_kid_are_in_thousandths_like_its_tables() -> None:
    records = [snapshot(at, value, 0.001, metric="kid50k", key="kid50k") for at, value in enumerate((0.03, 0.02, 0.04))]
    words = re.findall(r"<!-- (.+?) -->", curves(by_kimg(records), "kimg", "svg").decode())
    assert any(word.startswith("KID50k × 10³") for word in words)
    numbers = [float(word) for word in words if re.fullmatch(r"[\d.]+", word)]
    assert max(numbers) > 30  # on the axis
    assert "20.0" in words  # at the best
