"""TensorBoard: a folder of events for each record, with its numbers as scalars and its provenance as text.

Deviation: TensorBoard keeps scalars in float32.
"""

import os
import shutil
import uuid
from datetime import datetime
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from ganbench.records.exports.content import name_of, numbers_of, provenance_of, step_of
from ganbench.records.markdown import escaped
from ganbench.records.record import RunRecord


def write(record: RunRecord, folder: Path) -> bool:
    """Write ``folder/NAME/events...``, whole or not at all, and return whether it was missing."""
    final = folder / name_of(record)
    if final.exists():
        return False
    partial = folder / f".{uuid.uuid4().hex}.partial"
    try:
        _write_events(record, partial)
        os.rename(partial, final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return True


def _write_events(record: RunRecord, folder: Path) -> None:
    values = [Summary.Value(tag=name, simple_value=number) for name, number in numbers_of(record).items()]
    lines = [f"| {name} | {escaped(text)} |" for name, text in provenance_of(record).items()]
    provenance = text_pb("provenance", "\n".join(["| | |", "| --- | --- |", *lines]))
    writer = EventFileWriter(str(folder))
    try:
        for summary in (Summary(value=values), provenance):
            time = datetime.fromisoformat(record.created).timestamp()
            writer.add_event(Event(wall_time=time, step=step_of(record), summary=summary))
    finally:
        writer.close()
