"""Checkpoints, read without executing anything in them: official pickles into our own networks, and safetensors."""

from typing import TYPE_CHECKING, Any

from ganbench.checkpoints.digest import file_sha256
from ganbench.checkpoints.pickles import read_pickle

if TYPE_CHECKING:
    from ganbench.checkpoints.loading import load, load_one

__all__ = ["file_sha256", "load", "load_one", "read_pickle"]


def __getattr__(name: str) -> Any:
    # Building networks needs torch; reading a pickle and hashing a file do not.
    if name in ("load", "load_one"):
        from ganbench.checkpoints import loading

        return getattr(loading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
