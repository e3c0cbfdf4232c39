"""Records from files and folders."""

from collections.abc import Callable, Sequence
from pathlib import Path

from ganbench.errors import BadInputError
from ganbench.records.record import RunRecord
from ganbench.records.store import Store, by_age, read


def collect(
    sources: Sequence[Path],
    results_dir: Path | None = None,
    skip: Callable[[BadInputError], None] | None = None,
) -> list[RunRecord]:
    """Return the records of files and folders, oldest first, each run once.

    Args:
        sources: record files, folders of them, or results folders; none for ``results_dir`` itself.
        results_dir: None for the default one.
        skip: is told of a file that cannot be used, which is then left out; None to raise.

    Raises:
        BadInputError: a file is not a record, two files hold different records of one id, such as a record and a copy
            that was edited, or there is no record at all.
    """
    skip = skip or _raise
    found: dict[str, tuple[Path, RunRecord]] = {}
    for source in sources or [Store(results_dir).results_dir]:
        paths = _files(source) if source.is_dir() or not sources else [source]
        if not paths:
            raise BadInputError(
                f"expected records in {source}, found none: make one with `ganbench run`, or name another folder."
            )
        for path in paths:
            try:
                _add(path, found)
            except BadInputError as error:
                skip(error)
    return by_age(record for _, record in found.values())


def _raise(error: BadInputError) -> None:
    raise error


def _files(folder: Path) -> list[Path]:
    nested = folder / "records"
    return sorted((nested if nested.is_dir() else folder).glob("*.json"))


def _add(path: Path, found: dict[str, tuple[Path, RunRecord]]) -> None:
    """Add the record of a file to those found before, by id."""
    record = read(path)
    first, known = found.setdefault(record.id, (path, record))
    if record != known:
        raise BadInputError(
            f"expected one record of the id {record.id}, found two that differ: {first} and {path}; move the wrong "
            "one elsewhere."
        )
