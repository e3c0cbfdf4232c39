"""Layouts of weights: which networks a file holds, by names and shapes of its tensors or records.

Each module has a ``Format``, registered in the entry-point group ``ganbench.formats``. A third party reads a layout of
another program by one file with a ``BaseFormat`` of its own, and one line in ``pyproject.toml``.
"""

from ganbench.checkpoints.format import (
    Architecture,
    BaseFormat,
    Config,
    Content,
    Format,
    Header,
    MisfitError,
    NetworkSpec,
    Snapshot,
    Tensors,
)
from ganbench.checkpoints.networks import check_fit

__all__ = [
    "Architecture",
    "BaseFormat",
    "Config",
    "Content",
    "Format",
    "Header",
    "MisfitError",
    "NetworkSpec",
    "Snapshot",
    "Tensors",
    "check_fit",
]
