"""Values that take long to compute, and that a run needs only for its first snapshot: the fingerprint of its data.

A new run computes them in a thread beside its first steps; one that resumes compares them before its first step.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from baselines.errors import TrainingError

__all__ = ["Later", "begin", "check", "check_sources", "known", "settled"]


class Later:
    """A text that is computed when it is first needed, or in a thread from ``begin`` on.

    Args:
        compute: returns it.
        changed: returns a sentence if what it is computed from is no longer what it was, or else "".
    """

    def __init__(self, compute: Callable[[], str], changed: Callable[[], str] = str) -> None:
        self._compute, self._changed = compute, changed
        self._lock = threading.Lock()
        self._found: str | None = None
        self._error: Exception | None = None

    def begin(self) -> None:
        """Compute it beside whatever follows; the end of the program does not wait for it."""
        threading.Thread(target=self._settle, daemon=True).start()

    def value(self) -> str:
        """Return the text; errors are those of computing it."""
        self._settle()
        self.check()
        assert self._found is not None
        return self._found

    def check(self) -> None:
        """Raise the error of computing it, if there was one; do not wait."""
        if self._error is not None:
            raise self._error

    def check_source(self) -> None:
        """Raise a TrainingError if what the text is computed from has changed."""
        if sentence := self._changed():
            raise TrainingError(sentence)

    def _settle(self) -> None:
        with self._lock:
            if self._found is None and self._error is None:
                try:
                    self._found = self._compute()
                except Exception as error:  # raised to whoever asks for the value
                    self._error = error


def begin(entries: Mapping[str, Any]) -> None:
    """Begin to compute those of some entries that come later.

    Worker processes must have started: they would inherit locks that the thread holds.
    """
    for value in entries.values():
        if isinstance(value, Later):
            value.begin()


def check(entries: Mapping[str, Any]) -> None:
    """Raise the error of one of some entries that could not be computed; do not wait for the others."""
    for value in entries.values():
        if isinstance(value, Later):
            value.check()


def check_sources(entries: Mapping[str, Any]) -> None:
    """Check that the entries that come later tell what the run has read since it began.

    Raises:
        TrainingError: the files that one of them is computed from have changed.
    """
    for value in entries.values():
        if isinstance(value, Later):
            value.check_source()


def known(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return entries without those that come later."""
    return {name: value for name, value in entries.items() if not isinstance(value, Later)}


def settled(entries: Mapping[str, Any]) -> dict[str, Any]:
    """Return entries with the values of those that come later, for which this waits."""
    return {name: value.value() if isinstance(value, Later) else value for name, value in entries.items()}
