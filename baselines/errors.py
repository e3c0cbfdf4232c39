"""What training raises where the caller can put it right: one sentence, with the value and what to do."""


class TrainingError(ValueError):
    """Data, settings or a run folder that cannot be used as given, or a loss that is no longer finite."""


class SettingsError(TrainingError):
    """A setting that is unknown, of the wrong kind or out of range; the message names it."""


class WriteError(OSError, TrainingError):
    """A file that could not be written; ``errno``, ``strerror`` and ``filename`` are the system's."""

    def __str__(self) -> str:
        return f"cannot write {self.filename} ({self.strerror}): free space or choose another folder."


class LostProcessError(ConnectionError, TrainingError):
    """Another process of the run has ended, so that this one cannot go on."""


class DivergenceError(TrainingError):
    """A loss or a weight that became infinite or NaN."""
