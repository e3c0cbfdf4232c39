"""Where ganbench keeps things on this machine."""

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """Return the folder of caches: ``$GANBENCH_CACHE``, or else the user's cache folder."""
    named = os.environ.get("GANBENCH_CACHE")
    return Path(named).expanduser() if named else platformdirs.user_cache_path("ganbench")
