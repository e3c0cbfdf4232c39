"""Untrusted text, such as names of files and models, made safe for terminals and files."""

from typing import Any

BYTES = range(0xDC80, 0xDD00)  # how Python keeps the bytes of a file name that is not UTF-8


def printable(text: str) -> str:
    """Return a text in which control characters, unusual spaces and marks of writing direction are spelt out.

    An escape becomes the four characters ``\\x1b``, and a byte of a name that is not UTF-8 for example ``\\xff``.
    Printable text is returned unchanged, so that doing it twice does no harm.
    """
    return text if text.isprintable() else "".join(map(_spelt_out, text))


def one_line(text: str) -> str:
    """Return a sentence or more as one printable line, with spaces for line breaks."""
    return printable(" ".join(text.splitlines()))


def quoted(value: object, most: int = 60) -> str:
    """Return a value as Python writes it, printable, of which a message shows no more than the beginning."""
    try:
        shown = printable(repr(value))
    except ValueError:  # Python writes no whole number of more than 4,300 digits
        shown = f"{type(value).__name__} of endless digits"
    return shown if len(shown) <= most else f"{shown[:most]}..."


def printable_json(value: Any) -> Any:
    """Return a plain JSON value with every text in it printable, names included."""
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
