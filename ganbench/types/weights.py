"""Published files of weights, described where they are used, fetched and listed from that one description."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Opener = TypeVar("Opener", bound=Callable[..., Any])


@dataclass(frozen=True)
class WeightsFile:
    """A published file of weights.

    Attributes:
        url: http, https, or ``hf://OWNER/REPO/FILE``.
        sha256: "" where none is on record.
        file: its name here, where the address does not end in it.
        nbytes: its size; 0 where none is on record.
        licence: one line on whose it is, and on what terms.
    """

    url: str
    sha256: str = ""
    file: str = ""
    nbytes: int = 0
    licence: str = ""

    @property
    def name(self) -> str:
        """The name of the file here."""
        return self.file or self.url.partition("?")[0].rpartition("/")[2]


_NEEDED: dict[Callable[..., Any], Callable[[], tuple[WeightsFile, ...]]] = {}


def needs(files: Callable[[], tuple[WeightsFile, ...]]) -> Callable[[Opener], Opener]:
    """Return a decorator for the function that opens an extractor: it tells which published files that one needs."""

    def mark(opener: Opener) -> Opener:
        _NEEDED[opener] = files
        return opener

    return mark


def needed_by(opener: Callable[..., Any]) -> tuple[WeightsFile, ...]:
    """Return the published files that an extractor's opener needs; none where it does not say."""
    return _NEEDED[opener]() if opener in _NEEDED else ()
