"""Paths of users, weights and caches."""

import os
from pathlib import Path

import platformdirs


def expanded(path: Path | str) -> Path:
    """Return a path with a leading ``~`` or ``~name`` replaced by that user's folder, or unchanged if there is none."""
    return Path(os.path.expanduser(path))  # Path.expanduser would raise if there is no such user


def weights_dir() -> Path | None:
    """Return the folder to search for weights first, ``$GANBENCH_WEIGHTS``, or None; nothing is written there."""
    named = os.environ.get("GANBENCH_WEIGHTS")
    return expanded(named) if named else None


def cache_dir() -> Path:
    """Return the folder of caches: ``$GANBENCH_CACHE``, or the user's cache folder."""
    named = os.environ.get("GANBENCH_CACHE")
    return expanded(named) if named else platformdirs.user_cache_path("ganbench")
