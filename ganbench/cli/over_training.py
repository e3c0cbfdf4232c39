"""``ganbench run`` over the snapshots of a training run: a record each, a table by kimg, curves, and the best."""

import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ganbench.cli.console import can_show
from ganbench.cli.files import check_folder, write
from ganbench.cli.group import sentences
from ganbench.cli.output import complain, remark, say
from ganbench.cli.several import SharedVerb
from ganbench.errors import BadInputError, GanbenchError
from ganbench.records import render
from ganbench.records.over_training import best, by_kimg
from ganbench.records.store import Store

if TYPE_CHECKING:
    from ganbench.models.snapshots import TrainingSnapshot
    from ganbench.records.record import RunRecord

FILES = tuple(f"over-training.{kind}" for kind in ("md", "csv", "png", "svg"))
POLL = 5.0  # seconds between two looks; a file that is the same at both is complete


class QuotedPattern(SharedVerb):
    """A verb whose ``--weights`` takes a pattern, which a shell expands to many arguments where it is not quoted."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return no arguments left over, or fail with what to quote."""
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, args)
        if rest and ctx.params.get("weights") and all(Path(each).exists() for each in rest):
            ctx.fail(
                f"expected one pattern or file for --weights, found {len(rest)} more files: quote the pattern, as in "
                "--weights 'runs/x/network-snapshot-*'"
            )
        if rest:
            ctx.fail(f"expected options alone, found {' '.join(rest)[:100]!r}: leave it out")
        return rest


def is_sweep(model: str, weights: str | None, watch: bool, out: Path | None) -> bool:
    """Return whether weights are those of several snapshots.

    Raises:
        BadInputError: they are not, but ``--watch`` or ``--out`` need them to be.
    """
    from ganbench.models.base import adapter_of
    from ganbench.models.snapshots import several
    from ganbench.paths import expanded

    if weights is not None:
        path = expanded(weights)
        of_samples = path.is_dir() and adapter_of(model).takes_path
        if not of_samples and (several(weights) or (watch and not path.is_file())):
            return True
    if watch or out is not None:
        raise BadInputError(
            f"expected the snapshots of a training run with {'--watch' if watch else '--out'}, found "
            f"{weights or 'no --weights'}: give --weights a folder of them or a quoted pattern."
        )
    return False


@dataclass
class Sweep:
    """The snapshots of one training run, as far as they are measured.

    Attributes:
        model: by name.
        metrics: names; empty for the benchmark's.
        weights: pattern or folder.
        given: further options of ``ganbench.engine.run.run``.
        store: of the records.
        out: folder for table and curves; None for curves beside the newest record.
        records: by kimg.
        failed: files that could not be measured.
        lacking: whether a metric of another file could not be measured.
    """

    model: str
    metrics: tuple[str, ...]
    weights: str
    given: Mapping[str, Any]
    store: Store
    out: Path | None
    records: "dict[float, RunRecord]" = field(default_factory=dict)
    failed: dict[Path, None] = field(default_factory=dict)
    lacking: bool = False

    def run(self, watch: bool, force: bool) -> bool:
        """Measure all snapshots, those that appear meanwhile included if ``watch`` is set; return whether all could be.

        Raises:
            BadInputError: there are none, or a folder cannot be written.
            KeyboardInterrupt: with a sentence on how to go on.
        """
        from ganbench.models.snapshots import in_order, matches

        if self.out is not None:
            check_folder(self.out, FILES, force)
        if watch:
            self._watch()
        elif paths := matches(self.weights):
            self.measure(in_order(paths))
        else:
            raise BadInputError(f"expected snapshots, found no file that matches {self.weights}: check the pattern.")
        return not (self.failed or self.lacking)

    def _watch(self) -> None:
        try:
            for snapshots in appearing(self.weights):
                self.measure(snapshots)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"stopped watching {self.weights} with {len(self.records)} snapshots measured: repeat the command to "
                "go on."
            ) from None

    def measure(self, snapshots: "Sequence[TrainingSnapshot]") -> None:
        """Measure snapshots, then show all that are measured so far.

        Raises:
            GanbenchError: about what all of them share.
        """
        from ganbench.cli.snapshot_bars import SnapshotBars
        from ganbench.engine.sweep import sweep

        for each in snapshots:
            self.failed.pop(each.path, None)  # it may have changed
        bars = SnapshotBars()
        options = {**self.given, "results_dir": self.store.results_dir, "reporter": bars}
        try:
            for record in sweep(self.model, self.metrics, snapshots, self._fail, **options):
                self.records[record.model["kimg"]] = record
        finally:
            bars.close()
            self.lacking = self.lacking or bool(bars.failures)
        if self.records:
            self._show()

    def _fail(self, path: Path, error: GanbenchError) -> None:
        self.failed[path] = None
        for told in sentences(error):
            complain(f"{path} is not measured: {told}")

    def _show(self) -> None:
        """Write the curves, then print the table, the best snapshots and the files: standard output may be gone."""
        from ganbench.pictures.curves import curves

        records = [self.records[kimg] for kimg in sorted(self.records)]
        table, newest = by_kimg(records), self.store.path(records[-1])
        files = {newest.with_suffix(".png"): curves(table, "kimg")}
        if self.out is not None:
            texts = (render.markdown(table).encode(), render.as_csv(table).encode())
            drawn = (curves(table, "kimg"), curves(table, "kimg", "svg"))
            files = {self.out / name: each for name, each in zip(FILES, (*texts, *drawn), strict=True)}
        for path, content in files.items():
            write(path, content)
        plain = not can_show(render.NOT_PLAIN)
        click.echo(render.text(table, shutil.get_terminal_size().columns, sys.stdout.isatty(), plain))
        for told in best(records):
            say(told if not plain else told.replace("±", "+-"))
        for record in records:
            say(f"record: {self.store.path(record)}")
        for path in files:
            say(str(path))


def appearing(weights: str) -> "Iterator[list[TrainingSnapshot]]":
    """Yield the snapshots there are, then new or changed ones as they are complete, until their training is over.

    A file is complete if neither its size nor its time of modification changed between two looks.
    """
    from ganbench.models.snapshots import in_order, is_over, matches

    done: dict[Path, tuple[int, int]] = {}
    before: dict[Path, tuple[int, int]] | None = None
    told = False
    while True:
        now = {path: found for path in matches(weights) if (found := _stamp(path))}
        fresh = {path: found for path, found in now.items() if before and before.get(path) == found != done.get(path)}
        if fresh:
            yield [each for each in in_order([*now]) if each.path in fresh]
            done |= fresh
        elif now and now == before and is_over([*now]):
            return
        elif before is not None and not told:
            remark(f"waiting for snapshots at {weights}: Ctrl-C ends it.")
            told = True
        before = now
        time.sleep(POLL)


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return what changes with a file; None if it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
