"""The training log: one JSON object a line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from baselines.training.files import append_line, write_atomically


def append(path: Path, entry: Mapping[str, Any]) -> None:
    """Add one line.

    Raises:
        WriteError: it cannot be written.
    """
    append_line(path, json.dumps(entry))


def read(path: Path) -> list[dict[str, Any]]:
    """Return all whole lines; a last line cut short by a crash is left out."""
    entries: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            break
        if not isinstance(entry, dict):
            break
        entries.append(entry)
    return entries


def rewind(path: Path, upto: float, by: str = "step") -> None:
    """Drop what was logged after step ``upto``, or after that of another field, and a line cut short.

    The resumed run logs it again.

    Raises:
        WriteError: it cannot be written.
    """
    kept = [json.dumps(entry) + "\n" for entry in read(path) if entry.get(by, 0) <= upto]
    write_atomically(path, "".join(kept).encode())
