"""The snapshots of a training run: files that a pattern or a folder names, in the order of their kimg."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ganbench.checkpoints.contents import contents
from ganbench.checkpoints.kimg import ends_run, kimg_of
from ganbench.errors import BadInputError
from ganbench.paths import expanded

IN_FOLDER = ("snapshot-*.safetensors", "network-snapshot-*")  # of ``ganbench train``, and of official programs
NO_KIMG = "expected the kimg in its header or in a name like network-snapshot-001000.pkl, found neither: rename it."
FINAL = "network-final.pkl"  # which official TensorFlow programs write last


@dataclass(frozen=True)
class TrainingSnapshot:
    """A file of weights, and how many thousands of images they were trained on; None where nothing says so."""

    path: Path
    kimg: float | None

    def check(self) -> None:
        """Raise ``BadInputError`` if the kimg is not known, or the file that should say it is damaged."""
        if self.kimg is None:
            contents(self.path)  # raises for a damaged file, whose header cannot be read
            raise BadInputError(NO_KIMG)


def several(weights: str) -> bool:
    """Return whether weights are named by a pattern such as ``runs/x/snapshot-*``, or by a folder with snapshots."""
    path = expanded(weights)
    return bool(matches(weights)) if path.is_dir() else glob.has_magic(weights) and not os.path.lexists(path)


def matches(weights: str) -> list[Path]:
    """Return the files that a pattern or a folder names."""
    path = expanded(weights)
    patterns = [os.path.join(glob.escape(str(path)), each) for each in IN_FOLDER] if path.is_dir() else [str(path)]
    return sorted({Path(name) for each in patterns for name in glob.glob(each) if os.path.isfile(name)})


def in_order(paths: Sequence[Path]) -> list[TrainingSnapshot]:
    """Return the snapshots of one training run by their kimg; those that do not tell it come last.

    Raises:
        BadInputError: two have one kimg, as snapshots of two runs do.
    """
    found = [TrainingSnapshot(path, kimg_of(path)) for path in paths]
    known: dict[float, Path] = {}
    for each in found:
        if each.kimg is not None and (other := known.setdefault(each.kimg, each.path)) != each.path:
            raise BadInputError(
                f"expected the snapshots of one training run, found {other} and {each.path} at kimg {each.kimg:g}: "
                "measure one run at a time."
            )
    return sorted(found, key=lambda each: (each.kimg is None, each.kimg or 0.0, each.path))


def is_over(paths: Sequence[Path]) -> bool:
    """Return whether the training run that wrote some snapshots has written its last."""
    return any(ends_run(path) or (path.parent / FINAL).is_file() for path in paths)
