"""The training log: one JSON object per line."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from baselines.training.files import append_line, write_atomically

DIVERGED, CHANGED = "diverged", "changed"  # fields of entries that are not ticks


def append(path: Path, entry: Mapping[str, Any]) -> None:
    """Append one entry.

    Raises:
        WriteError: the log cannot be written.
    """
    append_line(path, json.dumps(entry))


def read(path: Path) -> list[dict[str, Any]]:
    """Return all entries up to one that is none, such as a last line cut short by a crash."""
    entries: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []:
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            break
        if not isinstance(entry, dict) or not isinstance(entry.get("step", 0), int | float):
            break
        entries.append(entry)
    return entries


def clear(path: Path) -> None:
    """Replace the log with an empty one.

    Raises:
        WriteError: the log cannot be written.
    """
    write_atomically(path, b"")


def mend(path: Path) -> None:
    """Drop a last line that was cut short, so that the next entry starts on a new line.

    Raises:
        WriteError: the log cannot be written.
    """
    content = path.read_bytes() if path.exists() else b""
    if not content.endswith(b"\n") and content:
        write_atomically(path, content[: content.rfind(b"\n") + 1])


def rewind(path: Path, step: int, more: Sequence[Mapping[str, Any]] = ()) -> None:
    """Drop the entries after a step, which the resumed run logs again, and a line cut short; append ``more``.

    Entries about divergence stay: they permit changed settings until there is a later snapshot.

    Raises:
        WriteError: the log cannot be written.
    """
    kept = [entry for entry in read(path) if DIVERGED in entry or _is_past(entry, step)]
    write_atomically(path, "".join(json.dumps(entry) + "\n" for entry in (*kept, *more)).encode())


def diverged(path: Path, step: int) -> bool:
    """Return whether the run diverged after a step."""
    return any(DIVERGED in entry and entry.get("step", 0) > step for entry in read(path))


def _is_past(entry: Mapping[str, Any], step: int) -> bool:
    """Return whether a run that resumes at a step would not log an entry again; it does log changes at that step."""
    at = entry.get("step", 0)
    return bool(at < step or (at == step and CHANGED not in entry))
