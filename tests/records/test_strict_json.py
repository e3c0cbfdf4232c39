import time

import pytest

from ganbench.errors import BadInputError
from ganbench.records.strict_json import parse


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "not complete, valid JSON"),
        ('{"a": 1', "not complete, valid JSON"),
        ('{"a": NaN}', "NaN"),
        ('{"a": Infinity}', "Infinity"),
        ('{"a": 1e400}', "1e400"),
        ('{"a": -1e400}', "too large"),
        ('{"a": %s}' % ("9" * 400), "400 digits"),
        ('{"a": %s}' % ("9" * 5000), "5,000 digits"),
        ('{"a": 1, "b": 2, "a": 3}', "'a' twice"),
        ("[" * 40 + "]" * 40, "levels deep"),
        ("[" * 100_000, "nests too deeply"),
        ('{"a":' * 950 + "1" + "}" * 950, "nest"),
    ],
)
def test_what_is_not_strict_json_is_refused_in_a_short_sentence(text: str, told: str) -> None:
    with pytest.raises(BadInputError, match=told) as caught:
        parse(text)
    assert len(str(caught.value)) < 200


def test_values_come_as_json_has_them() -> None:
    assert parse('{"a": [1, -2.5e3, "x", true, null], "b": {"c": {}}}') == {
        "a": [1, -2500.0, "x", True, None],
        "b": {"c": {}},
    }


def test_many_names_take_time_in_proportion() -> None:
    text = "{" + ",".join(f'"{name}": 1' for name in (*range(200_000), 0)) + "}"
    started = time.monotonic()
    with pytest.raises(BadInputError, match="'0' twice"):
        parse(text)
    assert time.monotonic() - started < 5
