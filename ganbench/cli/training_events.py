"""A training run for TensorBoard: its losses, speed, memory and metrics as curves, and its sample grids as images."""

import io
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganbench.cli.snapshot_metrics import SnapshotMetrics, entries_of

FOLDER = "tensorboard"
NOT_DRAWN = ("step", "kimg", "eta")  # of a tick: where it is, not how it does


class Events:
    """Measures snapshots as ``measured`` does, and writes what a run logs to ``RUN_DIR/tensorboard``.

    Each process that trains writes a file of events there. It is opened only to append the events of a tick, so a run
    that is killed loses none. The steps are images shown. A run that resumes hides the events that it repeats. An event
    that cannot be written is lost: it is not worth the training.

    Args:
        run_dir: the run folder.
        measured: measures the snapshots of the run; it may have nothing to measure.
    """

    def __init__(self, run_dir: Path, measured: SnapshotMetrics) -> None:
        self.run_dir, self.measured = run_dir, measured
        self.path: Path | None = None
        self.ticked = False

    def __call__(self, tick: Mapping[str, Any]) -> str:
        """Write a tick, measure its snapshot if it wrote one, write the numbers, and return the line on them."""
        from baselines.training.kept import label

        values = scalars({name: value for name, value in tick.items() if name not in NOT_DRAWN})
        grid = self.run_dir / f"samples-{label(tick['kimg'])}.png" if tick.get("weights") else None
        self._write(tick["kimg"], values, grid, restart=not self.ticked)
        self.ticked = True
        return self._with_numbers(self.measured(tick))

    def catch_up(self) -> str:
        """Measure a snapshot that a run to resume was stopped at, write the numbers, and return the line on them."""
        return self._with_numbers(self.measured.catch_up())

    def _with_numbers(self, told: str) -> str:
        if told:
            entry = entries_of(self.run_dir)[-1]
            self._write(entry["kimg"], scalars({"metrics": {**entry, "kimg": None}}))
        return told

    def _write(
        self, kimg: float, values: Mapping[str, float], grid: Path | None = None, *, restart: bool = False
    ) -> None:
        from tensorboard.compat.proto.event_pb2 import Event, SessionLog
        from tensorboard.compat.proto.summary_pb2 import Summary

        now, step = time.time(), round(kimg * 1000)
        events = [] if self.path else [Event(wall_time=now, file_version="brain.Event:2")]
        if restart:  # hides what a killed run wrote from here on
            events.append(Event(wall_time=now, step=step, session_log=SessionLog(status=SessionLog.START)))
        shown = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        with suppress(OSError):  # a model of another adapter may have no grid
            shown += [_image(grid)] if grid else []
        events.append(Event(wall_time=now, step=step, summary=Summary(value=shown)))
        path = self.path or self.run_dir / FOLDER / f"events.out.tfevents.{time.time_ns()}"
        try:
            path.parent.mkdir(exist_ok=True)
            with path.open("ab") as file:
                file.write(_records(events))
            self.path = path
        except OSError:
            self.path = None  # what follows a record cut short could not be read


def scalars(entry: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Return the numbers of a nested mapping, by names such as ``losses/G/total``."""
    return dict(_scalars(entry, prefix))


def _scalars(entry: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, float]]:
    for name, value in entry.items():
        if isinstance(value, Mapping):
            yield from _scalars(value, f"{prefix}{name}/")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield prefix + name, float(value)


def _image(path: Path) -> Any:
    """Return the image of a PNG file as a value of a summary."""
    from PIL import Image
    from tensorboard.compat.proto.summary_pb2 import Summary

    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as opened:
        (width, height), channels = opened.size, len(opened.getbands())
    image = Summary.Image(height=height, width=width, colorspace=channels, encoded_image_string=content)
    return Summary.Value(tag="samples", image=image)


def _records(events: Sequence[Any]) -> bytes:
    from tensorboard.summary.writer.record_writer import RecordWriter

    file = io.BytesIO()
    writer = RecordWriter(file)
    for event in events:
        writer.write(event.SerializeToString())
    return file.getvalue()
