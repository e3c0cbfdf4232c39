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
        skip: is told of a file that cannot be read, which is then left out; None to raise.

    Raises:
        BadInputError: a file is not a record, or there is no record at all.
    """
    found: dict[str, RunRecord] = {}
    for source in sources or [Store(results_dir).results_dir]:
        paths = _files(source) if source.is_dir() or not sources else [source]
        if not paths:
            raise BadInputError(
                f"expected records in {source}, found none: make one with `ganbench run`, or name another folder."
            )
        found |= {record.id: record for path in paths if (record := _read(path, skip))}
    return by_age(found.values())


def _files(folder: Path) -> list[Path]:
    nested = folder / "records"
    return sorted((nested if nested.is_dir() else folder).glob("*.json"))


def _read(path: Path, skip: Callable[[BadInputError], None] | None) -> RunRecord | None:
    try:
        return read(path)
    except BadInputError as error:
        if skip is None:
            raise
        skip(error)
        return None
