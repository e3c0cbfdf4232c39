"""Escaping of untrusted text, such as names of files and models, for terminals and files."""

import re
from typing import Any

BYTES = range(0xDC80, 0xDD00)  # code points by which Python represents the bytes of a name that is not UTF-8


def printable(text: str) -> str:
    """Return a text with control characters, unusual spaces and marks of writing direction escaped.

    ESC becomes the four characters ``\\x1b``; a byte of a name that is not UTF-8 becomes, for example, ``\\xff``.
    Printable text is returned unchanged, so that a second call changes nothing.
    """
    return text if text.isprintable() else "".join(map(_spelt_out, text))


def one_line(text: str) -> str:
    """Return a text as one printable line, with spaces for line breaks."""
    return printable(" ".join(text.splitlines()))


def inert(text: str) -> str:
    """Return a text in which GitHub Actions, which reads what programs print, finds no command of its runner.

    Such commands are lines that begin with ``::``, as in ``::error::``, and anything after ``##[``.
    """
    return re.sub(r"(?m)^(\s*):(?=:)", r"\1\\x3a", text).replace("##[", "##\\u005b")


def quoted(value: object, most: int = 60) -> str:
    """Return the printable ``repr`` of a value, cut to at most ``most`` characters, for messages."""
    try:
        shown = printable(repr(value))
    except ValueError:  # Python refuses to format integers of more than 4,300 digits
        shown = f"{type(value).__name__} of endless digits"
    return shown if len(shown) <= most else f"{shown[:most]}..."


def printable_json(value: Any) -> Any:
    """Return a JSON value with all its strings made printable, including keys."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {printable(name): printable_json(each) for name, each in value.items()}
    return [printable_json(each) for each in value] if isinstance(value, list) else value


def _spelt_out(character: str) -> str:
    if character.isprintable():
        return character
    if ord(character) in BYTES:
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()
