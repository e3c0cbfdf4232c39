"""The training log: one JSON object a line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from baselines.training.files import write_atomically, writing


def append(path: Path, entry: Mapping[str, Any]) -> None:
    """Add one line."""
    with writing(path), path.open("a") as file:
        file.write(json.dumps(entry) + "\n")


def read(path: Path) -> list[dict[str, Any]]:
    """Return all whole lines; a last line cut short by a crash is left out."""
    entries = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            entries.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return entries


def rewind(path: Path, step: int) -> None:
    """Drop what was logged after ``step``: the resumed run logs it again."""
    kept = [json.dumps(entry) + "\n" for entry in read(path) if entry["step"] <= step]
    write_atomically(path, "".join(kept).encode())
