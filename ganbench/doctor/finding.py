"""One thing that was looked at, and what was found."""

from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How much a finding matters, in rising order."""

    GOOD = 0
    NOTE = 1  # changes numbers or time, and may be meant
    DOUBT = 2  # numbers will probably not be what they are taken for
    STOP = 3  # the run cannot go through


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes:
        subject: what was looked at, such as ``disk``.
        level: how much it matters.
        sentence: what was found and, from ``DOUBT`` on, what to do.
    """

    subject: str
    level: Level
    sentence: str
