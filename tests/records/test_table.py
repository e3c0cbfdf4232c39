import json
import math
from pathlib import Path
from typing import Any

import pytest

from ganbench.errors import BadInputError, UnknownNameError
from ganbench.records.collect import collect
from ganbench.records.protocol import caption
from ganbench.records.record import RunRecord
from ganbench.records.store import Store
from ganbench.records.table import build
from tests.records.make import DIGITS, record, result


def labels(*records: Any) -> list[str]:
    return [row.label for row in build(records).rows]


def test_numbers_that_compare_share_a_column() -> None:
    table = build([record(result(value=3.0), name="a"), record(result(value=2.0), name="b")])
    assert len(table.columns) == 1
    assert [row.values for row in table.rows] == [(3.0,), (2.0,)]
    assert table.columns[0].mark == ""


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (record(result(extractor="inception", extractor_sha256="f" * 64), name="b"), "extractor inception ffffffff"),
        (record(result(extractor_sha256="f" * 64), name="b"), "extractor digits ffffffff"),
        (record(result(count=500), name="b"), "500 samples"),
        (record(result(spec={"ddof": 1}), name="b"), "ddof 1"),
        (record(result(version=2), name="b"), "version 2"),
        (record(name="b", benchmark="stylegan3"), "benchmark stylegan3"),
        (record(name="b", data={**DIGITS, "fingerprint": "9" * 64}), "99999999"),
        (record(name="b", data=None), "no data"),
    ],
)
def test_numbers_that_do_not_compare_stand_in_marked_columns(other: Any, told: str) -> None:
    table = build([record(name="a"), other])
    assert [column.mark for column in table.columns] == ["a", "b"]
    assert [row.values for row in table.rows] == [(2.5, None), (None, 2.5)]
    assert told in table.columns[1].difference
    assert told not in table.columns[0].difference
    assert ("b", f"FID: {table.columns[1].difference}.") in table.notes


def test_data_matter_only_to_numbers_that_use_them() -> None:
    one = record(result("ppl2_wend", uses_data=False), name="a")
    other = record(result("ppl2_wend", uses_data=False), name="b", data=None)
    assert len(build([one, other]).columns) == 1


def test_data_of_one_fingerprint_are_one_whatever_their_name() -> None:
    assert len(build([record(name="a"), record(name="b", data={**DIGITS, "name": "renamed"})]).columns) == 1


def test_the_best_is_chosen_within_a_column_only() -> None:
    table = build(
        [
            record(result(value=3.0), name="a"),
            record(result(value=2.0), name="b"),
            record(result(value=1.0, count=500), name="c"),
        ]
    )
    assert table.best(0) == {1}
    assert table.best(1) == set()


def test_higher_can_be_better_and_nothing_can_be() -> None:
    def both(value: float, name: str) -> Any:
        return record(
            result("eqt50k_int", value, higher_is_better=True),
            result("odd", value, higher_is_better=None),
            name=name,
        )

    table = build([both(1.0, "a"), both(math.inf, "b")])
    assert table.best(0) == {1}
    assert table.best(1) == set()
    assert table.cells(0) == ["1.000", "inf"]


def test_ties_as_printed_are_all_best() -> None:
    values = (2.0, 2.00001, 2.5)
    table = build([record(result(value=value), name=name) for value, name in zip(values, "abc", strict=True)])
    assert table.cells(0) == ["2.000", "2.000", "2.500"]
    assert table.best(0) == {0, 1}


@pytest.mark.parametrize(
    ("values", "printed"),
    [
        ((1146.93, 146.93), ["1146.9", "146.9"]),
        ((0.0005123, 0.01), ["0.000512", "0.010000"]),
        ((0.0,), ["0.0"]),
        ((-0.5, 12.25), ["-0.5000", "12.2500"]),
    ],
)
def test_a_column_shows_four_digits_of_its_smallest_number(values: tuple[float, ...], printed: list[str]) -> None:
    table = build([record(result(value=value), name=str(i)) for i, value in enumerate(values)])
    assert table.cells(0) == printed


def test_of_repeated_runs_the_newest_counts() -> None:
    old = record(result(value=9.0), result("kid50k", 0.5), at=1)
    new = record(result(value=2.0), at=2)
    table = build([old, new])
    assert len(table.rows) == 1
    assert table.rows[0].values == (2.0, 0.5)


def test_rows_of_one_name_are_told_apart() -> None:
    assert labels(record(name="a"), record(name="b")) == ["a", "b"]
    assert labels(record(seed=0), record(seed=1)) == ["stylegan3 (seed 0)", "stylegan3 (seed 1)"]
    assert labels(record(weights="a"), record(weights="b")) == ["stylegan3 (a.pkl)", "stylegan3 (b.pkl)"]
    one, other = ({"name": "m", "weights": f"{x}/G.pkl", "sha256": x * 64, "embedded": False} for x in "ab")
    assert labels(record(model=one), record(model=other)) == ["m (a/G.pkl)", "m (b/G.pkl)"]


def test_the_embedded_model_is_named_wherever_it_stands() -> None:
    embedded = {"name": "stylegan3", "weights": "digits32", "sha256": "a" * 64, "embedded": True}
    inception = result(extractor="inception")
    table = build([record(inception, model=embedded, benchmark="stylegan3")])
    assert table.rows[0].label == "stylegan3 (digits32)"
    assert "do not compare with published" in table.notes[-1][1]


def test_the_note_on_digits_is_there_exactly_when_digits_are() -> None:
    inception = result(extractor="inception")
    assert build([record(inception, benchmark="stylegan3")]).notes == ()
    assert len(build([record(result(), benchmark="stylegan3")]).notes) == 1
    assert len(build([record(inception)]).notes) == 1


def test_a_number_of_the_embedded_benchmark_says_digits_without_an_extractor() -> None:
    eqt = result("eqt2k_int", extractor=None, extractor_sha256=None, uses_data=False)
    assert build([record(eqt)]).columns[0].protocol.details == ("digits", "n=50,000")
    assert build([record(eqt, benchmark="stylegan3")]).columns[0].protocol.details == ("n=50,000",)


def test_metrics_and_models_can_be_chosen_and_ordered() -> None:
    records = [record(result(), result("kid50k"), name="a"), record(result(), name="b")]
    table = build(records, ["kid", "fid50k"], ["b", "a"])
    assert [column.protocol.key for column in table.columns] == ["kid50k", "fid50k"]
    assert [row.label for row in table.rows] == ["b", "a"]
    assert [row.label for row in build(records, ["kid"]).rows] == ["a"]
    with pytest.raises(UnknownNameError, match="did you mean"):
        build(records, ["fid50"])
    with pytest.raises(UnknownNameError, match="known: a, b"):
        build(records, models=["stylegan3"])


def test_marks_go_on_after_the_last_letter() -> None:
    table = build([record(result(count=count), name="a", at=count) for count in range(1, 28)])
    marks = [column.mark for column in table.columns]
    assert marks[0] == "a"
    assert marks[25:] == ["aa", "ab"]
    assert len(set(marks)) == 27


def test_records_are_collected_from_files_and_folders_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    late, early = record(at=2, name="a"), record(at=1, name="b")
    paths = [store.write(late), store.write(early)]
    assert collect([tmp_path]) == collect([store.folder]) == collect([], tmp_path) == [early, late]
    assert collect([paths[0], tmp_path, paths[0]]) == [early, late]
    assert collect([paths[0]]) == [late]


def test_no_records_are_an_error_that_names_the_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="expected records in"):
        collect([tmp_path])
    with pytest.raises(BadInputError, match="expected records in"):
        collect([], tmp_path / "none")
    with pytest.raises(BadInputError, match="found no file"):
        collect([tmp_path / "none.json"])


def test_a_file_that_is_not_a_record_may_be_skipped(tmp_path: Path) -> None:
    path = Store(tmp_path).write(record())
    (path.parent / "broken.json").write_text("{")
    with pytest.raises(BadInputError, match=r"broken\.json"):
        collect([tmp_path])
    skipped: list[BadInputError] = []
    assert len(collect([tmp_path], skip=skipped.append)) == 1
    assert "broken.json" in str(*skipped)


def test_data_are_named_where_they_are_not_the_benchmarks_own() -> None:
    sketches = {**DIGITS, "name": "sketches"}
    ppl = result("ppl2_wend", uses_data=False)

    def details(**changes: Any) -> list[tuple[str, ...]]:
        return [column.protocol.details for column in build([record(result(), ppl, **changes)]).columns]

    assert details() == [("digits", "n=50,000")] * 2
    assert details(data=sketches) == [("digits", "n=50,000", "data sketches"), ("digits", "n=50,000")]
    assert details(data=sketches, benchmark_data="sketches") == [("digits", "n=50,000")] * 2
    assert details(benchmark="stylegan3")[0] == ("digits", "n=50,000", "data digits"), "it has no data of its own"
    assert details(benchmark="digits-3-8", data={**DIGITS, "name": "digit-domains:3,8"})[0] == ("digits", "n=50,000")


def test_a_caption_names_the_data_where_they_are_not_the_benchmarks_own() -> None:
    assert caption(record()) == "stylegan3 on digits"
    assert caption(record(data=None)) == "stylegan3 on digits"
    assert caption(record(data={**DIGITS, "name": "sketches"})) == "stylegan3 on sketches (digits benchmark)"
    assert caption(record(benchmark="toy", benchmark_data="digits")) == "stylegan3 on toy"
    assert caption(record(benchmark="toy")) == "stylegan3 on digits (toy benchmark)"


@pytest.mark.parametrize(("ddof", "told"), [(0, ("divisor N",)), (1, ("divisor N-1",))])
def test_the_divisor_of_the_covariance_is_shown_where_samples_are_few(ddof: int, told: tuple[str, ...]) -> None:
    def details(count: int | None) -> tuple[str, ...]:
        return build([record(result(count=count, spec={"ddof": ddof}))]).columns[0].protocol.details

    assert details(64) == ("digits", "n=64", *told)
    assert details(4999) == ("digits", "n=4,999", *told)
    assert details(5000) == ("digits", "n=5,000")
    assert details(None) == ("digits",)
    parts = {str(number): 2.5 for number in range(20)}
    of_parts = build([record(result(count=50_000, spec={"ddof": ddof}, parts=parts))]).columns[0].protocol
    assert of_parts.details == ("digits", "n=50,000", *told), "each part has 2,500"
    assert build([record(result(count=64, spec={"ddof": [0]}))]).columns[0].protocol.details == ("digits", "n=64")


def test_warnings_of_a_record_stand_below_the_table() -> None:
    warning = "no sample below 0 in the first 1,000: images are expected in -1..1."
    table = build([record(name="a", warnings=[warning]), record(name="a", at=1, warnings=[warning]), record(name="b")])
    assert [row.warnings for row in table.rows] == [(warning,), ()]
    assert [note for _, note in table.notes if warning in note] == [f"Warning on a: {warning}"]


def test_huge_numbers_take_no_more_room_than_others() -> None:
    table = build([record(result(value=value), name=str(value)) for value in (1e300, 2.5)])
    assert table.cells(0) == ["1e+300", "2.5"]


EQT = "eqt50k_int"
REASON = {EQT: f"{EQT}: it moves the input, and this model has no input transform."}
NOTE = "EQ-T of {}: it moves the input, and this model has no input transform."


def test_what_a_model_cannot_have_is_a_dash_with_the_reason() -> None:
    has = record(result(value=1.0), result(EQT, 60.0, extractor=None, unit="dB"), name="a")
    lacks = [record(result(value=2.0), name=name, at=1, missing=REASON) for name in ("b", "c")]
    table = build([has, *lacks])
    assert [row.values for row in table.rows] == [(1.0, 60.0), (2.0, None), (2.0, None)]
    assert ("-", NOTE.format("b, c")) in table.notes
    assert [mark for mark, _ in build([has, *lacks], ["fid"]).notes] == [""], "no dash, no reason"
    assert [mark for mark, _ in build([has, *lacks], models=["a"]).notes] == [""]


def test_a_metric_that_no_model_has_is_a_column_of_dashes() -> None:
    lacks = record(name="b", missing=REASON)
    table = build([lacks])
    assert [column.title for column in table.columns] == ["FID", "EQ-T"]
    assert table.rows[0].values[1] is None
    assert ("-", NOTE.format("b")) in table.notes
    alone = build([lacks, record(name="d")], ["eqt"])
    assert [(row.label, row.values) for row in alone.rows] == [("b", (None,))]


def test_a_reason_gives_way_to_a_value() -> None:
    """The same weights, measured in an older run or by a newer ganbench."""
    measured = record(result(EQT, 60.0, extractor=None), at=1)
    for records in ([measured, record(at=2, missing=REASON)], [record(at=0, missing=REASON), measured]):
        assert not [note for mark, note in build(records).notes if mark == "-"]


@pytest.mark.parametrize("schema", [1, 2])
def test_records_of_older_schemas_share_columns_with_new_ones(schema: int) -> None:
    """They have no interval, which takes no number from the table and no mark from the others."""
    plain = json.loads(record(result(value=3.0), name="old").to_json())
    if schema == 1:
        for name in ("options", "warnings", "benchmark_data"):
            del plain[name]
    old = RunRecord.from_json(json.dumps({**plain, "schema": schema}))
    interval = {"low": 1.5, "high": 2.5, "level": 0.95, "method": "jackknife"}
    table = build([old, record(result(value=2.0, interval=interval), name="new", at=1)])
    assert len(table.columns) == 1
    assert table.texts(0) == [("3.000", ""), ("2.00", "0.50")]
    assert table.best(0) == {1}
