"""The run folder: used by one run at a time, and never overwritten by a new run."""

import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

from baselines.errors import TrainingError
from baselines.training.files import PARTIAL, locked, remove_partial, write_atomically, writing

T = TypeVar("T")

# Files of a run that was killed before its first snapshot: nothing to resume from, so a new run may replace them.
RESTARTABLE = re.compile(
    rf"lock|log\.jsonl|training_options\.json|reals\.png|samples-(init|[\d.]+(-\d+x\d+)?)\.png|tensorboard|"
    rf"{PARTIAL.pattern}"
)


def hold(held: ExitStack, run_dir: Path, resume: bool) -> None:
    """Lock a run folder until ``held`` closes, and delete the partial files of a killed run.

    The folder of a new run is created.

    Raises:
        TrainingError: another run holds the folder, or the run to resume has no folder.
        WriteError: the folder cannot be written.
    """
    if not resume:
        with writing(run_dir):
            run_dir.mkdir(parents=True, exist_ok=True)
    elif not run_dir.is_dir():
        raise TrainingError(f"expected a run to resume, found no folder {run_dir}: start without resuming.")
    held.enter_context(locked(run_dir))
    remove_partial(run_dir)


def check(run_dir: Path, resume: bool) -> None:
    """Check, before any work, that a run can be started or resumed in a folder; change nothing.

    Raises:
        TrainingError: the path is a file, the folder has nothing to resume, or a new run would overwrite something.
    """
    if run_dir.exists() and not run_dir.is_dir():
        raise TrainingError(f"expected a run folder, found the file {run_dir}: give a folder, or a new name.")
    names = [path.name for path in run_dir.iterdir()] if run_dir.exists() else []
    worth_keeping = [name for name in names if not RESTARTABLE.fullmatch(name)]
    if resume and not worth_keeping:
        raise TrainingError(f"expected a snapshot to resume from, found none in {run_dir}: start without resuming.")
    if worth_keeping and not resume:
        raise TrainingError(
            f"expected an empty folder for a new run, found {worth_keeping[0]} in {run_dir}: resume that run, or "
            "choose another folder."
        )


OPTIONS = "training_options.json"


def write_options(run_dir: Path, options: Mapping[str, Any]) -> None:
    """Write what a run was started or last resumed with, for people and for messages.

    Raises:
        WriteError: the file cannot be written.
    """
    write_atomically(run_dir / OPTIONS, (json.dumps(options, indent=2) + "\n").encode())


def noted_options(run_dir: Path, entry: str, kind: type[T]) -> T:
    """Return an entry of what the run in a folder was started with; an empty one where it is not known."""
    try:
        told = json.loads((run_dir / OPTIONS).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):  # a run does not depend on this file
        return kind()
    found = told.get(entry) if isinstance(told, dict) else None
    return found if isinstance(found, kind) else kind()
