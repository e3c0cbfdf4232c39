"""The weights of every snapshot, ``MODEL-KIMG.safetensors``: small files, which a run keeps, unlike its full state."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from baselines.training.files import link_atomically, remove
from baselines.training.weights import save_weights

__all__ = ["KEPT", "export", "kept", "label", "path_of"]

KEPT = re.compile(r"(?P<model>.+)-\d{6,}(\.\d{3})?\.safetensors")


def label(kimg: float) -> str:
    """Return thousands of images for a file's name: ``000200``, or ``000000.016`` if it is not a whole number."""
    return f"{kimg:010.3f}".removesuffix(".000")


def path_of(run_dir: Path, model: str, kimg: float) -> Path:
    """Return the file of a snapshot's weights."""
    return run_dir / f"{model}-{label(kimg)}.safetensors"


def kept(run_dir: Path, model: str) -> list[Path]:
    """Return the files of a model's weights in a run folder, oldest first."""
    matches = {path: KEPT.fullmatch(path.name) for path in run_dir.iterdir()}
    found = (path for path, match in matches.items() if match and match["model"] == model)
    return sorted(found, key=lambda path: path.stem)  # with the suffix, 000200 would come after 000200.016


def export(
    run_dir: Path,
    module: nn.Module,
    *,
    model: str,
    config: Mapping[str, Any],
    kimg: float,
    keep: int | None = None,
    **notes: Any,
) -> Path:
    """Write weights as ``MODEL-KIMG.safetensors``, and link them as ``MODEL.safetensors``; return the latter.

    Args:
        run_dir: the run folder.
        module: the network.
        model: name of the model.
        config: keyword arguments of the network.
        kimg: thousands of images shown.
        keep: number of snapshots whose weights are kept; older ones are deleted. None keeps all.
        notes: further entries of the header; see ``save_weights``.

    Raises:
        WriteError: a file cannot be written or deleted.
    """
    newest, final = path_of(run_dir, model, kimg), run_dir / f"{model}.safetensors"
    save_weights(newest, module, model=model, config=config, kimg=kimg, **notes)
    link_atomically(newest, final)
    for old in kept(run_dir, model)[:-keep] if keep else []:
        remove(old)
    return final
