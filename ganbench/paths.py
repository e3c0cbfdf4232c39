"""Paths on this machine."""

import os
from pathlib import Path

import platformdirs


def expanded(path: Path | str) -> Path:
    """Return a path with a leading ``~`` or ``~name`` as the folder of that user; unchanged where there is none."""
    return Path(os.path.expanduser(path))  # Path.expanduser raises where there is no such user


def weights_dir() -> Path | None:
    """Return the folder in which weights are looked for first, ``$GANBENCH_WEIGHTS``, or None; it is never written."""
    named = os.environ.get("GANBENCH_WEIGHTS")
    return expanded(named) if named else None


def cache_dir() -> Path:
    """Return the folder of caches: ``$GANBENCH_CACHE``, or else the user's cache folder."""
    named = os.environ.get("GANBENCH_CACHE")
    return expanded(named) if named else platformdirs.user_cache_path("ganbench")
