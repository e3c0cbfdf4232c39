"""Where the golden cases lie: beside the checkout in full, or the copied subset under ``tests/golden``."""

import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent
FULL = ROOT.parent.parent / "shared" / "golden"
SUBSET = ROOT / "golden"
GOLDEN = FULL if FULL.is_dir() else SUBSET


def golden(case: str) -> Path:
    """Return the folder of one case; skip the test where only the subset is at hand and lacks it."""
    path = GOLDEN / case
    if not path.exists():
        pytest.skip(f"golden case {case} is not in the copied subset")
    return path


def cases(pattern: str) -> list[Path]:
    """Return the folders that match a pattern such as ``stylegan23/pkl_sg3*``, sorted, for parametrising a test."""
    return sorted(path.parent for path in GOLDEN.glob(f"{pattern}/case.json"))


def facts(path: Path) -> dict[str, Any]:
    """Return the ``case.json`` of a case."""
    content: dict[str, Any] = json.loads((path / "case.json").read_text())
    return content
