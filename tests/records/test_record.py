import json
import math
from typing import Any

import pytest

from ganbench.errors import BadInputError
from ganbench.records.record import SCHEMA, RunRecord, new_id, utc_now
from tests.records.make import record, result


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


def test_every_field_of_the_layout_is_written() -> None:
    names = "schema id created ganbench command model data benchmark seed batch_size device limit results"
    assert list(json.loads(record().to_json())) == [*names.split(), "environment", "seconds", "missing"]


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
        ({"command": "ganbench run"}, "command"),
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
