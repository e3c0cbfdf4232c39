"""Sample counts in words such as ``50k``."""

import re

from ganbench.errors import BadInputError

# Thousands only: fid50 is more likely a slip for fid50k than a request for fifty samples, which is fid@50.
COUNTED = re.compile(r"(?P<stem>[a-z]+)(?P<count>[0-9]{1,9}k)(?P<rest>\w*)")
MOST = 10**9  # samples, more than any metric has been measured on


def parse_count(text: str) -> int:
    """Return the number, 1 to ``MOST``, that a text such as ``500``, ``10k`` or ``1m`` stands for.

    Raises:
        BadInputError: the text is not such a number, or the number is out of range.
    """
    match = re.fullmatch(r"([0-9]{1,12})([km]?)", text.strip().lower())
    number = int(match[1]) * {"": 1, "k": 1000, "m": 1_000_000}[match[2]] if match else 0
    if not 1 <= number <= MOST:
        raise BadInputError(
            f"expected a sample count from 1 to {MOST:,}, found {text[:40]!r}: write a number such as 500 or 10k."
        )
    return number


def show_count(count: int) -> str:
    """Return a count as in names of metrics: ``10k``, ``500``."""
    return f"{count // 1000}k" if count % 1000 == 0 else str(count)


def countless(name: str) -> str:
    """Return a metric's name without its count: ``fid50k_full`` is ``fid_full``, ``pr50k3`` is ``pr3``."""
    match = COUNTED.fullmatch(name)
    return match["stem"] + match["rest"] if match else name.partition("@")[0]
