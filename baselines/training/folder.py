"""The folder of a run: one run at a time uses it, and nothing in it is lost where a run was killed."""

import re
from contextlib import ExitStack
from pathlib import Path

from baselines.errors import TrainingError
from baselines.training.files import PARTIAL, locked, remove_partial, writing

# What a run leaves that was killed before its first snapshot: nothing to resume from, and nothing to lose.
RESTARTABLE = re.compile(rf"lock|log\.jsonl|samples-\d{{6}}(-\d+x\d+)?\.png|{PARTIAL.pattern}")


def hold(held: ExitStack, run_dir: Path, resume: bool) -> None:
    """Keep other runs out of the folder for as long as ``held`` is open, and remove what a killed run was writing.

    A new run's folder is made.

    Raises:
        TrainingError: another run has it, or there is none to resume in.
        WriteError: it cannot be written.
    """
    if not resume:
        with writing(run_dir):
            run_dir.mkdir(parents=True, exist_ok=True)
    elif not run_dir.is_dir():
        raise TrainingError(f"expected a run to resume in {run_dir}, found no such folder: start without resuming.")
    held.enter_context(locked(run_dir))
    remove_partial(run_dir)


def check(run_dir: Path, resume: bool) -> None:
    """Check, before any work, that a run can be started or resumed in a folder; nothing is made or removed.

    Raises:
        TrainingError: it is a file, it has nothing to resume from, or a new run would lose something in it.
    """
    if run_dir.exists() and not run_dir.is_dir():
        raise TrainingError(f"expected the folder of a run, found a file: {run_dir}; give a folder, or a new name.")
    names = [path.name for path in run_dir.iterdir()] if run_dir.exists() else []
    worth_keeping = [name for name in names if not RESTARTABLE.fullmatch(name)]
    if resume and not worth_keeping:
        raise TrainingError(f"there is no snapshot in {run_dir} to resume from: start without resuming.")
    if worth_keeping and not resume:
        raise TrainingError(
            f"{run_dir} is not empty, it holds {worth_keeping[0]}: resume it, or choose another folder."
        )
