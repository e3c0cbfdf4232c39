"""Errors that are predicates, completed to sentences about a file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganbench.errors import BadInputError, UnsafeFileError


@contextmanager
def errors_about(path: Path) -> Iterator[None]:
    """Complete errors whose message is a predicate, such as "is cut short", to a sentence about ``path``."""
    try:
        yield
    except UnsafeFileError as error:
        raise UnsafeFileError(f"{path} {error}: nothing in it was run.") from error
    except BadInputError as error:
        raise BadInputError(f"{path} {error}.") from error
