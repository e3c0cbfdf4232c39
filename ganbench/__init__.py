"""Evaluation and benchmark harness for image GANs.

``import ganbench`` does not import torch; the names below import what they need on first use.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganbench import checkpoints, functional, records, testing
    from ganbench.engine.measure import measure
    from ganbench.engine.run import run
    from ganbench.models.base import load_model

    __version__: str

__all__ = ["__version__", "checkpoints", "functional", "load_model", "measure", "records", "run", "testing"]

_HOMES = {"load_model": "ganbench.models.base", "measure": "ganbench.engine.measure", "run": "ganbench.engine.run"}
_SUBPACKAGES = ("checkpoints", "functional", "records", "testing")


def __getattr__(name: str) -> Any:
    """Return a public name or a subpackage, such as ``ganbench.functional``, imported on first use."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _SUBPACKAGES:
        return importlib.import_module(f"ganbench.{name}")
    if name == "__version__":
        return importlib.import_module("ganbench.records.environment").ganbench_version()
    raise AttributeError(f"module 'ganbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names, including those not imported yet, and the special attributes of a module."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
