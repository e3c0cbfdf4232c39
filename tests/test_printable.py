import json
import sys

import pytest

from ganbench.printable import inert, one_line, printable, printable_json, quoted

HOSTILE = [
    "\x1b[2J",
    "\x1b]0;owned\x07",
    "\x9b31m",
    "a\rb",
    "\u202egpj.exe",
    "\u2066x",
    "\u2028",
    "\x7f",
    "\ud800",
    "\udcff",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_not_printable_is_spelt_out(text: str) -> None:
    shown = printable(f"fid {text}")
    assert shown.isprintable()
    assert shown.startswith("fid ")
    assert "\\" in shown
    assert printable(shown) == shown
    shown.encode()


@pytest.mark.parametrize("text", ["", "stylegan3-t", "ψ = 0.7 ± 0.1", "猫 → 犬", "naïve"])
def test_printable_text_is_left_alone(text: str) -> None:
    assert printable(text) == text


def test_a_byte_of_a_file_name_is_shown_as_that_byte() -> None:
    assert printable(b"photos\xff".decode(sys.getfilesystemencoding(), "surrogateescape")) == "photos\\xff"


def test_line_breaks_of_sentences_become_spaces() -> None:
    assert one_line("first.\nsecond.\x1b") == "first. second.\\x1b"


def test_json_is_made_printable_throughout() -> None:
    value = {"a\x07": ["b\x07", {"c": "d\x07", "e": 1.5, "f": None, "g": True}]}
    assert printable_json(value) == {"a\\x07": ["b\\x07", {"c": "d\\x07", "e": 1.5, "f": None, "g": True}]}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("fid", "'fid'"),
        (1.5, "1.5"),
        ("\x1b\u202e", r"'\x1b\u202e'"),
        ("x" * 1000, "'" + "x" * 59 + "..."),
        ([10**5000], "list of endless digits"),
    ],
)
def test_a_value_in_a_message_is_printable_and_short(value: object, shown: str) -> None:
    assert quoted(value) == shown


def test_a_number_that_python_does_not_write_is_quoted_by_its_type() -> None:
    assert quoted(10**5000) == "int of endless digits"


def test_a_runner_finds_no_command_in_what_is_printed() -> None:
    assert inert("::error::x\n  ::set-env name=a::b\nok ::c") == "\\x3a:error::x\n  \\x3a:set-env name=a::b\nok ::c"
    assert json.loads(inert('"##[add-path]"')) == "##[add-path]"
    assert "##[" not in inert("a ##[error]")
    assert inert("torchscript::x: y") == "torchscript::x: y"
