"""Weights & Biases: an offline run for each record, which ``wandb sync FOLDER/wandb/offline-run-*`` uploads."""

import os
import shutil
import uuid
from pathlib import Path

import wandb

from ganbench.errors import BadInputError
from ganbench.records.exports.content import name_of, numbers_of, provenance_of, step_of
from ganbench.records.record import RunRecord


def write(record: RunRecord, folder: Path) -> bool:
    """Write ``folder/wandb/offline-run-TIME-ID``, whole or not at all, and return whether it was missing."""
    runs = folder / "wandb"
    if any(runs.glob(f"offline-run-*-{record.id}")):
        return False
    partial = folder / f".{uuid.uuid4().hex}.partial"
    partial.mkdir()
    try:
        _write_run(record, partial)
        (run,) = partial.glob("wandb/offline-run-*")
        runs.mkdir(exist_ok=True)
        os.rename(run, runs / run.name)
    except wandb.Error as error:
        raise BadInputError(
            f"expected wandb to write an offline run for the record {record.id}, found: {error}; test it with "
            "`wandb offline` and a run without ganbench."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return True


def _write_run(record: RunRecord, folder: Path) -> None:
    # What wandb would note by itself is of the machine that exports, not of the one that measured.
    quiet = wandb.Settings(
        silent=True, console="off", disable_git=True, disable_code=True, x_disable_stats=True, x_disable_meta=True
    )
    run = wandb.init(
        mode="offline",
        dir=str(folder),
        project="ganbench",
        id=record.id,
        name=name_of(record),
        config=provenance_of(record),
        settings=quiet,
    )
    try:
        run.log(numbers_of(record), step=step_of(record))
    finally:
        run.finish()
