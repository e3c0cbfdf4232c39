"""The snapshots of a training run: files that a pattern or a folder names, in the order of their kimg."""

import glob
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from baselines.training.kept import KEPT
from ganbench.checkpoints.contents import contents, header_of
from ganbench.checkpoints.kimg import ends_run, kimg_of
from ganbench.errors import BadInputError
from ganbench.paths import expanded

IN_FOLDER = ("*-[0-9]*.safetensors", "network-snapshot-*")  # of ``ganbench train``, and of official programs
BESIDE = (".json", ".jsonl", ".png", ".svg", ".csv", ".md", ".toml", ".txt")  # what is no weights in a run folder
RUN = (
    "model",
    "kimg",
    "recipe",
    "seed",
    "data_fingerprint",
    "recipe_settings",
    "changes",
)  # in headers of one snapshot
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
    """Return whether weights are a pattern such as ``runs/x/network-snapshot-*``, or a folder with snapshots."""
    path = expanded(weights)
    return bool(matches(weights)) if path.is_dir() else glob.has_magic(weights) and not os.path.lexists(path)


def matches(weights: str) -> list[Path]:
    """Return the files of weights that a pattern or a folder names, each snapshot of ``ganbench train`` once.

    Its run folder holds the newest snapshots several times: as weights under two or three names, and as full state.
    """
    path = expanded(weights)
    patterns = [os.path.join(glob.escape(str(path)), each) for each in IN_FOLDER] if path.is_dir() else [str(path)]
    found = sorted({Path(name) for each in patterns for name in glob.glob(each) if os.path.isfile(name)})
    return found if len(found) < 2 else sorted(_distinct(path for path in found if not _is_beside(path)))


def _distinct(paths: Iterable[Path]) -> list[Path]:
    """Return one of the files of each snapshot: of weights and full state, the weights."""
    found: dict[object, Path] = {}
    for path in paths:
        snapshot = _snapshot_in(path)
        other = found.setdefault(snapshot, path)
        if other is not path and KEPT.fullmatch(path.name) and not path.name.startswith("snapshot-"):
            found[snapshot] = path
    return list(found.values())


def _snapshot_in(path: Path) -> object:
    """Return what identifies a snapshot of ``ganbench train``; of other files, the path."""
    try:
        header = header_of(path)
    except BadInputError:  # which loading it reports
        header = {}
    if "kimg" not in header or "recipe_settings" not in header:
        return path
    return path.parent, json.dumps([header.get(name) for name in RUN], sort_keys=True, default=str)


def _is_beside(path: Path) -> bool:
    return path.suffix in BESIDE or path.name == "lock" or path.name.startswith("events.out.tfevents.")


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


def newest(folder: Path) -> Path | None:
    """Return the newest weights in the folder of a training run; None where it holds none.

    Raises:
        BadInputError: it holds those of several runs.
    """
    known = [each.path for each in in_order(matches(str(folder))) if each.kimg is not None]
    return known[-1] if known else None


def is_over(paths: Sequence[Path]) -> bool:
    """Return whether the training run that wrote some snapshots has written its last."""
    return any(ends_run(path) or (path.parent / FINAL).is_file() for path in paths)
