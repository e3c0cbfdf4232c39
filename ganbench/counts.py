"""Sample counts as people write them."""

import re

from ganbench.errors import BadInputError


def parse_count(text: str) -> int:
    """Return the number that ``500``, ``10k`` or ``1m`` stands for.

    Raises:
        BadInputError: the text is no such number, or 0.
    """
    match = re.fullmatch(r"([0-9]{1,12})([km]?)", text.strip().lower())
    number = int(match[1]) * {"": 1, "k": 1000, "m": 1_000_000}[match[2]] if match else 0
    if number < 1:
        raise BadInputError(f"{text!r} is no sample count: write a positive number such as 500 or 10k.")
    return number


def show_count(count: int) -> str:
    """Return a count as names show it: ``10k``, ``500``."""
    return f"{count // 1000}k" if count % 1000 == 0 else str(count)
