"""The result of one check."""

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How much a finding matters, in rising order."""

    GOOD = 0
    NOTE = 1  # changes numbers or time, perhaps on purpose
    DOUBT = 2  # numbers will probably be misleading
    STOP = 3  # the run cannot succeed


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        subject: what was checked, such as ``disk``.
        level: how much it matters.
        sentence: what was found and, from ``DOUBT`` on, what to do.
    """

    subject: str
    level: Level
    sentence: str
