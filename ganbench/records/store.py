"""Storage of records: one JSON file each under ``<results>/records``, added and never changed."""

import errno
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from ganbench.atomic import probe, write_once
from ganbench.errors import BadInputError
from ganbench.paths import expanded
from ganbench.records.record import RunRecord

STEP = 1_000_000  # nanoseconds: what file systems can tell apart
MAX_BYTES = 16 << 20  # of a record; a large one has some 100 kB


def default_results_dir() -> Path:
    """Return the folder of results: ``$GANBENCH_RESULTS``, or else ``results`` in the working folder."""
    return expanded(os.environ.get("GANBENCH_RESULTS") or "results")


class Store:
    """The records of one results folder.

    Args:
        results_dir: the folder above ``records``; None for ``default_results_dir()``. Made when first written to.
    """

    def __init__(self, results_dir: Path | str | None = None) -> None:
        self.results_dir = Path(results_dir) if results_dir is not None else default_results_dir()

    @property
    def folder(self) -> Path:
        """The folder that holds the files."""
        return self.results_dir / "records"

    def path(self, record: RunRecord) -> Path:
        """Return the path of a record: time, model, benchmark and the start of the id, so that names sort by time."""
        time = datetime.fromisoformat(record.created).strftime("%Y%m%dT%H%M%SZ")
        parts = (time, record.model["name"], record.benchmark, record.id[:8])
        return self.folder / ("-".join(re.sub(r"[^A-Za-z0-9._@]+", "_", part)[:80] for part in parts) + ".json")

    def write(self, record: RunRecord) -> Path:
        """Write a record whole or not at all, and return its path.

        Raises:
            BadInputError: the folder cannot be written to, or a file of that name is there already.
        """
        path = self.path(record)
        try:
            latest = max(map(_modified, self.files()), default=0)
            write_once(path, record.to_json().encode())
        except FileExistsError as error:
            if os.path.lexists(path):
                raise BadInputError(f"expected a new record, found one at {path}: give the run another id.") from error
            raise _unwritable(self.folder, error) from error
        except OSError as error:
            raise _unwritable(self.folder, error) from error
        _make_later(path, latest)
        return path

    def files(self) -> list[Path]:
        """Return the paths of the records, by name; empty if the folder does not exist."""
        return sorted(self.folder.glob("*.json"))

    def newest_first(self) -> list[Path]:
        """Return the paths of the records, last written first, even if the clock was set back in between."""
        return newest_first(self.files())

    def read_all(self) -> list[RunRecord]:
        """Return every record of the folder, oldest first.

        Raises:
            BadInputError: one of the files is not a record; the message names it.
        """
        return by_age(read(path) for path in self.files())

    def check_writable(self) -> None:
        """Check, before any work, that a record can be written; nothing is left behind.

        Raises:
            BadInputError: the folder is read-only, a file is in its way, or the disk is full.
        """
        try:
            probe(self.folder)
        except OSError as error:
            raise _unwritable(self.folder, error) from error


def newest_first(paths: Iterable[Path]) -> list[Path]:
    """Return paths of records, last written first, even if the clock was set back in between."""
    return sorted(paths, key=lambda path: (_modified(path), path.name), reverse=True)


def read(path: Path | str) -> RunRecord:
    """Return the record in a file.

    Raises:
        BadInputError: the file is missing, cut short, too large, or not a record.
    """
    try:
        return RunRecord.from_json(_content(Path(path)).decode("utf-8-sig"))
    except FileNotFoundError as error:
        raise BadInputError(f"expected a record, found no file: {path}; give one that `ganbench run` wrote.") from error
    except OSError as error:
        raise BadInputError(f"{path} cannot be read ({error.strerror}): give the path of a record.") from error
    except UnicodeDecodeError as error:
        raise BadInputError(f"{path} is not a readable record: it is not UTF-8 text; move it elsewhere.") from error
    except BadInputError as error:
        raise BadInputError(f"{path} is not a readable record: {str(error).rstrip('.')}; move it elsewhere.") from error


def _content(path: Path) -> bytes:
    if path.exists() and not path.is_file() and not path.is_dir():
        raise BadInputError("it is a pipe or a device")  # reading it may never end
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise BadInputError(f"it is larger than {MAX_BYTES >> 20} MiB")
    return content


def _modified(path: Path) -> int:
    """Return the time of modification in nanoseconds; 0 for a file that is gone or a link to nowhere."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _make_later(path: Path, latest: int) -> None:
    """Make a file's time of modification later than all others in its folder, so that these times give the order."""
    if _modified(path) <= latest:
        with suppress(OSError):  # on a file system without times, the names give the order
            os.utime(path, ns=(latest + STEP, latest + STEP))


def by_age(records: Iterable[RunRecord]) -> list[RunRecord]:
    """Return records oldest first."""
    return sorted(records, key=lambda record: (datetime.fromisoformat(record.created), record.id))


def _unwritable(folder: Path, error: OSError) -> BadInputError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return BadInputError(
            f"expected space for records in {folder}, found none: make room, or give another --results-dir."
        )
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return BadInputError(
            f"expected a folder for results, found a file: {folder}; move it, or give another --results-dir."
        )
    return BadInputError(f"cannot write records to {folder} ({error.strerror}): give another --results-dir.")
