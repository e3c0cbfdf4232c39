"""What ganbench raises: one sentence that says what is wrong, with the value, and what to do."""

from collections.abc import Sequence


class GanbenchError(Exception):
    """Something the caller can put right; the command line prints it without a traceback and exits with 2."""


class UnknownNameError(GanbenchError):
    """A model, metric, data set, extractor or benchmark that no entry point provides."""


class BadInputError(GanbenchError):
    """A file, folder, image or argument that cannot be used as given."""


class UnsafeFileError(BadInputError):
    """A checkpoint that asks for code to be run, or for memory that its size does not justify."""


class MissingWeightsError(GanbenchError):
    """Weights that are not on this machine; the message names the file, its address, checksum and folder."""


class NonFiniteError(GanbenchError):
    """A NaN or an infinity, with the first sample that has one; it is never stored."""


class DataChangedError(BadInputError):
    """Images that were changed while they were measured, real ones or samples; nothing of them is stored."""


class CacheError(BadInputError):
    """A cache folder that cannot be read or written."""


class MeasuringWarning(UserWarning):
    """Something about a model that makes its numbers doubtful; it also stands in the record."""


class PlanError(GanbenchError):
    """Everything that keeps a plan from running, reported at once and before any work."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
