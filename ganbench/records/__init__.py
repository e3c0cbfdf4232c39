"""Records of runs: their layout, where they are kept, and the tables and gates made from them. Imports no torch."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganbench.records.data_frame import frame

__all__ = ["frame"]


def __getattr__(name: str) -> Any:
    """Return a public name, imported on first use."""
    if name in __all__:
        return getattr(importlib.import_module("ganbench.records.data_frame"), name)
    raise AttributeError(f"module 'ganbench.records' has no attribute {name!r}")
