import json
import math
from pathlib import Path
from typing import Any

import pytest

from ganbench.errors import BadInputError
from ganbench.records.record import SCHEMA, RunRecord, new_id, utc_now
from tests.records.make import DIGITS, record, result

ROOT = Path(__file__).resolve().parents[2]
RENAMED_BEFORE = {"double": False, "outs": 10, "alike": True}
RENAMED_AFTER = {"float64": False, "num_outputs": 10, "same_class": True}


def test_a_record_equals_its_round_trip() -> None:
    one = record(
        result("fid50k", 0.1 + 0.2, spec={"sizes": (1, 2), "nested": {"a": None}}),
        result("eqt50k_int", math.inf, higher_is_better=True, extractor=None, extractor_sha256=None, unit="dB"),
        result("low", -math.inf, higher_is_better=None, count=None, uses_data=False),
        data=None,
        limit=500,
    )
    assert RunRecord.from_json(one.to_json()) == one


def test_infinity_is_a_string_so_that_every_reader_of_json_takes_it() -> None:
    text = record(result(value=math.inf)).to_json()
    assert json.loads(text)["results"][0]["value"] == "inf"
    assert "Infinity" not in text


def test_the_interval_is_absent_until_there_is_one() -> None:
    assert "interval" not in json.loads(record().to_json())["results"][0]
    assert record().results[0].interval is None


def test_an_interval_is_written_and_read_with_infinite_bounds_too() -> None:
    interval = {"low": 60.5, "high": math.inf, "level": 0.95, "method": "jackknife over 20 shards"}
    one = record(result("eqt50k_int", math.inf, interval=interval))
    assert json.loads(one.to_json())["results"][0]["interval"] == {**interval, "high": "inf"}
    assert RunRecord.from_json(one.to_json()) == one


def test_every_field_of_the_layout_is_written_in_order() -> None:
    names = "schema id created ganbench command model data benchmark seed batch_size device limit results"
    more = "environment seconds missing options warnings benchmark_data"
    assert list(json.loads(record().to_json())) == [*names.split(), *more.split()]


def test_options_warnings_and_notes_on_the_data_are_kept() -> None:
    one = record(
        options={"given": {"metrics": ("fid",)}, "resolved": {"metrics": ["fid50k"], "batch_size": 32}},
        warnings=["no sample below 0 in the first 1,000: images are expected in -1..1"],
        data={**DIGITS, "notes": ["12 greyscale images became RGB"]},
        benchmark_data="digits",
    )
    assert RunRecord.from_json(one.to_json()) == one
    assert one.options["given"] == {"metrics": ["fid"]}


def _of_schema_1(one: RunRecord) -> str:
    fields = json.loads(one.to_json())
    for name in ("options", "warnings", "benchmark_data"):
        del fields[name]
    return json.dumps({**fields, "schema": 1})


def test_a_record_of_schema_1_is_read_and_its_numbers_compare_with_new_ones() -> None:
    spec = {"class": "ganbench.metrics.path_length:PerceptualPathLength", "epsilon": 1e-4}
    old, new = (record(result(spec=spec | names), id="a" * 32) for names in (RENAMED_BEFORE, RENAMED_AFTER))
    assert RunRecord.from_json(_of_schema_1(old)) == new
    assert RunRecord.from_json(new.to_json()) == new
    of_others = record(result(spec={**spec, **RENAMED_BEFORE, "class": "waves.metrics:Wave"}))
    assert RunRecord.from_json(_of_schema_1(of_others)) == of_others


@pytest.mark.parametrize("path", sorted((ROOT / "results" / "records").glob("*.json")), ids=lambda path: path.stem[-8:])
def test_the_records_of_this_repository_are_read_whole(path: Path) -> None:
    one = RunRecord.from_json(path.read_text())
    before = json.loads(path.read_text())
    assert [(r["key"], r["value"], len(r["spec"])) for r in before["results"]] == [
        (r.key, r.value, len(r.spec)) for r in one.results
    ]
    assert RunRecord.from_json(one.to_json()) == one


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"value": math.nan}, "NaN"),
        ({"value": "2.5"}, "value"),
        ({"value": True}, "value"),
        ({"count": 2.5}, "count"),
        ({"count": True}, "count"),
        ({"higher_is_better": 1}, "higher_is_better"),
        ({"version": "1"}, "version"),
        ({"spec": ["a"]}, "spec"),
        ({"spec": {"a": math.nan}}, "spec"),
        ({"spec": {"a": object()}}, "spec"),
        ({"interval": (1.0, 2.0)}, "interval"),
        ({"interval": {"low": 1.0, "high": 2.0}}, "interval"),
        ({"interval": {"low": 2.0, "high": 1.0, "level": 0.95, "method": "jackknife"}}, "interval"),
        ({"interval": {"low": 1.0, "high": math.nan, "level": 0.95, "method": "jackknife"}}, "interval"),
        ({"interval": {"low": 1.0, "high": 2.0, "level": 95, "method": "jackknife"}}, "interval"),
        ({"value": 10**400}, "value"),
        ({"parts": {"a": 10**400}}, "parts"),
    ],
)
def test_a_result_of_wrong_types_is_refused_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInputError, match=named):
        result(**changes)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"seed": True}, "seed"),
        ({"seed": 1.0}, "seed"),
        ({"id": "not hexadecimal"}, "id"),
        ({"created": "yesterday"}, "created"),
        ({"created": "2026-01-31T12:00:00"}, "UTC"),
        ({"created": "2026-01-31T12:00:00+02:00"}, "UTC"),
        ({"schema": SCHEMA + 1}, "schema"),
        ({"model": {"name": "stylegan3"}}, "model"),
        ({"data": {"name": "digits", "fingerprint": "d", "count": "many"}}, "data"),
        ({"data": {"name": "digits", "fingerprint": "d", "count": 1, "notes": "many"}}, "data"),
        ({"data": {"name": "digits", "fingerprint": "d", "count": 1, "surprise": 1}}, "data"),
        ({"command": "ganbench run"}, "command"),
        ({"seed": 10**5000}, "seed"),
        ({"options": {"given": {}}}, "options"),
        ({"options": {"given": {}, "resolved": []}}, "options"),
        ({"warnings": "one"}, "warnings"),
        ({"results": (result(), result())}, "fid50k"),
    ],
)
def test_a_record_of_wrong_types_is_refused_by_name(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInputError, match=named):
        record(**changes)


def _changed(**changes: Any) -> str:
    return json.dumps({**json.loads(record().to_json()), **changes})


def _without(name: str) -> str:
    fields = json.loads(record().to_json())
    del fields[name]
    return json.dumps(fields)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "JSON"),
        (record().to_json()[:-20], "JSON"),
        ("[" * 100_000, "JSON"),
        ("[]", "not a ganbench record"),
        ("{}", "not a ganbench record"),
        ('{"schema": NaN}', "NaN"),
        (_changed(schema=99), "99"),
        (_changed(schema="1"), "'1'"),
        (_changed(schema=True), "schema"),
        (_changed(results={}), "results"),
        (_changed(results=[3]), "results"),
        (_changed(results=[{"key": "fid50k"}]), "fid50k"),
        (_changed(surprise=1), "surprise"),
        (_without("seed"), "seed"),
        (_changed(seed="0"), "seed"),
    ],
)
def test_what_is_no_record_is_refused_in_one_sentence(text: str, named: str) -> None:
    with pytest.raises(BadInputError, match=named) as caught:
        RunRecord.from_json(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_ids_differ_and_times_are_valid() -> None:
    assert new_id() != new_id()
    record(id=new_id(), created=utc_now())


HOSTILE = "x\x1b[2J\x1b]0;owned\x07\x9b31m\u202e"


def test_no_text_of_a_record_has_control_characters_whatever_it_was_made_of() -> None:
    one = record(
        result(f"fid{HOSTILE}", unit=HOSTILE, extractor=HOSTILE, spec={HOSTILE: [HOSTILE]}, parts={HOSTILE: 1.0}),
        name=HOSTILE,
        data={**DIGITS, "name": HOSTILE, "notes": [HOSTILE]},
        missing={HOSTILE: f"two\nlines{HOSTILE}"},
        warnings=[HOSTILE],
        options={"given": {HOSTILE: HOSTILE}, "resolved": {}},
        command=["ganbench", HOSTILE],
        environment={HOSTILE: HOSTILE},
        **dict.fromkeys(("benchmark", "device", "ganbench", "benchmark_data"), HOSTILE),
    )
    assert one.to_json().replace("\n", "").isprintable()
    assert "two lines" in one.to_json()
    assert RunRecord.from_json(one.to_json()) == one
    raw = {**json.loads(record().to_json()), "device": HOSTILE}
    for text in (json.dumps(raw), json.dumps(raw, ensure_ascii=False)):
        assert RunRecord.from_json(text).device == one.device


def test_names_that_are_not_utf_8_go_into_a_record_and_out_of_it() -> None:
    odd = b"photos\xff".decode("utf-8", "surrogateescape")
    one = record(command=["ganbench", "run", "--data", odd], data={**DIGITS, "name": odd})
    assert one.data is not None
    assert one.data["name"] == "photos\\xff"
    assert RunRecord.from_json(one.to_json().encode().decode()) == one
    lone = record().to_json().replace("stylegan3", "a\\ud800b")
    assert RunRecord.from_json(lone).model["name"] == "a\\ud800b"


@pytest.mark.parametrize("changes", [{"key": "x"}, {"metric": "x"}, {"unit": "x"}, {"extractor": "x"}])
def test_an_endless_name_of_a_result_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(BadInputError, match="a name of 100,000 characters"):
        result(**{name: text * 100_000 for name, text in changes.items()})


def test_an_endless_name_is_refused_and_an_endless_sentence_shortened() -> None:
    with pytest.raises(BadInputError, match="a name of 100,000 characters"):
        record(name="x" * 100_000)
    with pytest.raises(BadInputError, match="a name of 100,000 characters"):
        record(data={**DIGITS, "name": "x" * 100_000})
    one = record(missing={"fid50k": "x" * 100_000}, warnings=["x" * 100_000], command=["x" * 100_000])
    assert (len(one.missing["fid50k"]), len(one.warnings[0]), len(one.command[0])) == (2000, 2000, 100_000)
