"""Errors that the user of a training can fix; each message is one sentence with the value found and the remedy."""

from collections.abc import Mapping
from types import MappingProxyType


class TrainingError(ValueError):
    """Data, settings or a run folder that cannot be used as given, or a loss that became infinite or NaN."""


class SettingsError(TrainingError):
    """A setting that is unknown, of the wrong kind or out of range; the message names it."""


class WriteError(OSError, TrainingError):
    """A file that could not be written; ``errno``, ``strerror`` and ``filename`` are those of the system's error."""

    def __str__(self) -> str:
        return f"cannot write {self.filename} ({self.strerror}): free space or choose another folder."


class LostProcessError(ConnectionError, TrainingError):
    """Another process of the run has ended, so that this one cannot continue."""


class DivergenceError(TrainingError):
    """A loss or a weight that became infinite or NaN.

    Attributes:
        advice: settings with which the run may go on, such as lower learning rates.
        resumes: whether it can be resumed; otherwise it must start again.
    """

    def __init__(self, message: str, advice: Mapping[str, float] = MappingProxyType({}), resumes: bool = False) -> None:
        super().__init__(message)
        self.advice, self.resumes = dict(advice), resumes
