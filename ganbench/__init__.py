"""Evaluation and benchmark harness for image GANs.

``import ganbench`` imports no torch; the names below load what they need when first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganbench.engine.measure import measure
    from ganbench.engine.run import run
    from ganbench.models.base import load_model

__all__ = ["load_model", "measure", "run"]

_HOMES = {"load_model": "ganbench.models.base", "measure": "ganbench.engine.measure", "run": "ganbench.engine.run"}


def __getattr__(name: str) -> Any:
    """Return a public name, importing its home on first use; or a subpackage such as ``ganbench.functional``."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in ("checkpoints", "functional", "records"):
        return importlib.import_module(f"ganbench.{name}")
    raise AttributeError(f"module 'ganbench' has no attribute {name!r}")
