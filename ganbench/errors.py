"""The errors of ganbench; each message is one sentence with what was expected, what was found and what to do."""

from collections.abc import Sequence


class GanbenchError(Exception):
    """An error that the user can fix; the command line prints it without a traceback and exits with 2."""


class UnknownNameError(GanbenchError):
    """A model, metric, data set, extractor or benchmark that no entry point provides."""


class BadInputError(GanbenchError):
    """A file, folder, image or argument that cannot be used as given."""


class UnsafeFileError(BadInputError):
    """A checkpoint that would run code when loaded, or that needs far more memory than its size."""


class MissingWeightsError(GanbenchError):
    """Weights that are not on this machine; the message names the file, its address, checksum and folder."""


class NonFiniteError(GanbenchError):
    """A NaN or an infinity; the message names the first sample that has one. Nothing of it is stored."""


class DataChangedError(BadInputError):
    """Images, reals or samples, that changed during the measurement; nothing of them is stored."""


class LostProcessError(GanbenchError):
    """Another process of the run has ended."""


class CacheError(BadInputError):
    """A cache folder that cannot be read or written."""


class MeasuringWarning(UserWarning):
    """A property of a model that makes its numbers doubtful; the record keeps it too."""


class PlanError(GanbenchError):
    """All problems that keep a plan from running, reported together and before any work."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
