"""Make this folder anew: records, tables, figures and the report of all embedded models, and what claims say.

``python -m results.make`` in a checkout with ganbench installed. Models whose newest record already says all that is
asked, of the same weights and by the same version, are not measured again; ``--anew`` measures them all the same.
Finished shards are in ganbench's cache, so that an interrupted run goes on.
"""

import argparse
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops

from ganbench.checkpoints import file_sha256
from ganbench.cli import main as ganbench
from ganbench.errors import BadInputError
from ganbench.models.base import adapter_of
from ganbench.records import render
from ganbench.records.collect import collect
from ganbench.records.environment import ganbench_version
from ganbench.records.record import RunRecord
from ganbench.records.store import Store
from ganbench.records.table import build
from ganbench.records.truncation import is_study
from results import claims, evidence
from results.current import newest
from results.experiments import FIGURES, RUNS, TABLES, TRUNCATED, measuring, truncating

HERE = Path("results")  # of the working folder, so that records do not tell where the checkout is


@dataclass(frozen=True)
class Task:
    """What to make, and where.

    Attributes:
        folder: of the results.
        models: to measure and draw.
        limit: largest sample count of any metric; None for the full counts.
        anew: whether to measure models whose records are up to date.
    """

    folder: Path = HERE
    models: tuple[str, ...] = tuple(RUNS)
    limit: int | None = None
    anew: bool = False

    @property
    def limited(self) -> list[str]:
        """The options that limit a run."""
        return [] if self.limit is None else ["--limit", str(self.limit)]


def command(line: Sequence[str]) -> None:
    """Carry out a command line of ganbench in this process, as if it were typed.

    Raises:
        SystemExit: it could not, and has said why.
    """
    sys.argv = ["ganbench", *line]  # what a record says of how it was made
    say(f"$ {shlex.join(sys.argv)}")
    try:
        ganbench()
    except SystemExit as done:
        if done.code:
            raise


def say(sentence: str) -> None:
    """Print a line of progress."""
    print(sentence, file=sys.stderr, flush=True)


def records(task: Task) -> None:
    """Measure each model, and the truncation of those that have a mean of w."""
    for model in task.models:
        _measured(task, [*measuring(model), *task.limited], model)
    for model in (each for each in task.models if each in TRUNCATED):
        figures_of = str(task.folder / "figures" / f"{model}-psi")
        _measured(task, [*truncating(model, figures_of), "--force", *task.limited], model)


def _measured(task: Task, line: Sequence[str], model: str) -> None:
    if task.anew or not any(_is_current(record, line, model) for record in _known(task)):
        os.environ["GANBENCH_RESULTS"] = str(task.folder)
        command(line)


def _is_current(record: RunRecord, line: Sequence[str], model: str) -> bool:
    """Return whether a record is of this command, the weights that are embedded now, and this version."""
    own = adapter_of(model).embedded
    return (
        record.model["name"] == model
        and record.command[1 : 1 + len(line)] == list(line)
        and own is not None
        and record.model["sha256"] == file_sha256(own.weights)
        and record.ganbench == ganbench_version()
    )


def _known(task: Task) -> list[RunRecord]:
    try:
        return collect([], task.folder)
    except BadInputError:  # there is none yet
        return []


def tables(task: Task) -> None:
    """Write a table for each benchmark, in Markdown."""
    shown = [record for record in newest(_known(task)) if not is_study(record)]
    for name, models in TABLES.items():
        of_models = [record for record in shown if record.model["name"] in models]
        if of_models:
            present = {record.model["name"] for record in of_models}
            table = build(of_models, models=[model for model in models if model in present])
            path = task.folder / "tables" / f"{name}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(render.markdown(table, transpose=True), encoding="utf-8")
            say(str(path))


def figures(task: Task) -> None:
    """Draw the figures that are made of weights; those that were written during training stay."""
    for folder, (line, kept) in FIGURES.items():
        if line.split()[2] in task.models:
            _drawn(line.split(), kept, task.folder / "figures" / folder.split("/")[0])


def _drawn(line: Sequence[str], kept: Sequence[str], folder: Path) -> None:
    """Keep some of the files that a command line writes."""
    with tempfile.TemporaryDirectory() as made:
        command([*line, "--out", made])
        folder.mkdir(parents=True, exist_ok=True)
        for name in kept:
            if not _looks_the_same(Path(made) / name, folder / name):
                shutil.copyfile(Path(made) / name, folder / name)


def _looks_the_same(path: Path, other: Path) -> bool:
    """Return whether two pictures differ by a grey level at most: another machine or release rounds otherwise."""
    if not other.exists():
        return False
    with Image.open(path) as one, Image.open(other) as two:
        if (one.size, one.mode) != (two.size, two.mode):
            return False
        return max(high for _, high in _ranges(ImageChops.difference(one, two))) <= 1


def _ranges(image: Image.Image) -> list[tuple[int, int]]:
    """Return the smallest and the largest value of each channel."""
    return [channel.getextrema() for channel in image.split()]  # type: ignore[misc]  # whole numbers in 8-bit pictures


def report(task: Task) -> None:
    """Write the report of the newest numbers of all models."""
    store, shown = (
        Store(task.folder),
        [record for record in newest(_known(task)) if record.model["name"] in task.models],
    )
    present = {record.model["name"] for record in shown}
    models = ",".join(model for model in RUNS if model in present)
    line = ["report", *(str(store.path(record)) for record in shown), "--models", models]
    command([*line, "--out", str(task.folder / "report.html"), "--title", "The digits32 models", "--force"])


def measured_evidence(task: Task) -> None:
    """Measure the trainings behind the claims whose weights are here, and that have no record."""
    folder = task.folder / "claims"
    known = evidence.found(folder) if (folder / "records").is_dir() else {}
    for name in evidence.LINES:
        if evidence.weights_of(name).exists() and (task.anew or name not in known):
            say(f"measuring {name}")
            evidence.measure(name, folder)


def what_claims_say(task: Task) -> None:
    """Write ``claims.md`` and its figures."""
    claims.write(task.folder)


STEPS: dict[str, Callable[[Task], None]] = {
    "records": records,
    "evidence": measured_evidence,
    "tables": tables,
    "figures": figures,
    "report": report,
    "claims": what_claims_say,
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Make what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m results.make", description="Make results/ anew.")
    parser.add_argument("--only", choices=STEPS, action="append", help="make only this; repeats")
    parser.add_argument("--models", default=",".join(RUNS), help="models, separated by commas")
    parser.add_argument("--limit", type=int, help="largest sample count of any metric, to try it out")
    parser.add_argument("--anew", action="store_true", help="measure models whose records are up to date, too")
    parser.add_argument("--folder", type=Path, default=HERE, help="where to write  [default: results]")
    given = parser.parse_args(arguments)
    task = Task(given.folder, tuple(given.models.split(",")), given.limit, given.anew)
    for name in given.only or STEPS:
        started = time.monotonic()
        STEPS[name](task)
        say(f"{name}: {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
