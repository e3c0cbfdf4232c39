"""The environment of a run, found without importing the packages that it lists."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "pillow")


def describe() -> dict[str, Any]:
    """Return Python, platform, number of CPUs, versions of packages, and the git commit of a checkout (or None)."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        **{name: package_version(name) for name in PACKAGES},
        "commit": _commit(),
    }


def package_version(name: str) -> str | None:
    """Return the version of an installed package, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def ganbench_version() -> str:
    """Return the version of ganbench; ``unknown`` if it is not installed."""
    return package_version("ganbench") or "unknown"


def _commit() -> str | None:
    """Return the commit of the checkout that has this package, with ``+changed`` if tracked files differ."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    commit = _git(root, "rev-parse", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return f"{commit}+changed" if commit and changed else commit


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", root, *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
