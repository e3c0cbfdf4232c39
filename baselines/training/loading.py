"""Batches read ahead of the steps by worker processes, and copied to the device without waiting.

A batch depends on its step alone (``data.Batches``), so the workers of a ``DataLoader`` share the steps and not the
images: the order, and every bit, is that of reading one batch after the other.
"""

import os
import pickle
import signal
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from baselines.errors import TrainingError
from baselines.training.data import Batches, room_for, to_float

__all__ = ["Loaded", "default_workers", "loaded", "reading"]

MOST_WORKERS = 8  # by default, because every worker holds two batches
NAME_BYTES = 512  # of what a worker is reading


class Loaded(NamedTuple):
    """One batch on the device of the run.

    Attributes:
        real: this process's rows of the images ``[batch, C, H, W]`` float32, -1..1.
        labels: ``[batch, c_dim]`` float32, or None.
        extra: further tensors; see ``Batches.extra``.
    """

    real: Tensor
    labels: Tensor | None
    extra: tuple[Tensor, ...]


def default_workers() -> int:
    """Return the number of workers for images that must be decoded: one core of this process's share stays free."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(MOST_WORKERS, cores // int(os.environ.get("LOCAL_WORLD_SIZE", "1")) - 1))


@contextmanager
def loaded(
    batches: Batches, steps: Sequence[int], workers: int, device: torch.device | str
) -> Iterator[Iterator[Loaded]]:
    """Give an iterator over the batches of some steps, in that order; no worker outlives the body.

    Args:
        batches: the data.
        steps: numbers of the steps.
        workers: number of processes that read ahead; 0 to read each batch in this process when it is asked for.
        device: device of the tensors.

    Raises:
        TrainingError: a worker has ended, as when the system killed it for memory; the message names the file that it
            was reading. Other errors of reading are raised as they are, by whichever process met them.
    """
    now = torch.zeros(workers, NAME_BYTES, dtype=torch.uint8)
    now.share_memory_()  # type: ignore[no-untyped-call]  # torch has no type here
    with any_number_of_workers():
        loader = DataLoader(
            Steps(batches),
            batch_size=None,
            sampler=steps,
            num_workers=workers,
            worker_init_fn=Start(now),
            pin_memory=torch.device(device).type == "cuda",
            generator=torch.Generator(),  # else it draws from the global random state
        )
        iterator: Any = iter(loader)
    try:
        yield (on_device(batch, device) for batch in iterator)
    except RuntimeError as error:
        # PyTorch raises it from a signal handler, at whatever point of a step the worker ends.
        if not str(error).startswith("DataLoader worker"):
            raise
        raise lost(iterator, now, str(error)) from error
    finally:
        if workers:
            shut_down(iterator)


class Steps(Dataset[Any]):
    """A data set whose item number ``step`` is a batch, or the exception that reading it raised."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches

    def __getitem__(self, step: int) -> Any:
        """Return images, labels and further tensors; see ``Batches.read`` and ``Batches.extra``."""
        if not _notes:
            return self.batch(step)
        try:
            return shared(self.batch(step))
        except Exception as problem:  # passed on whole: a DataLoader would put its traceback into the message
            told = "".join(traceback.format_exception(problem))
            problem.add_note(told)
            try:
                return pickle.loads(pickle.dumps(problem))
            except Exception:  # sending it would fail in a thread, and the caller would wait for ever
                return RuntimeError(told)

    def batch(self, step: int) -> tuple[Tensor, Tensor | None, tuple[Tensor, ...]]:
        """Return the batch of a step, as it is read."""
        return (*self.batches.read(step), self.batches.extra(step))


def shared(batch: tuple[Tensor, Tensor | None, tuple[Tensor, ...]]) -> Any:
    """Return a batch with its tensors in shared memory, for another process.

    PyTorch would move them there in a thread, whose failure would leave the caller waiting for ever.

    Raises:
        TrainingError: there is no room.
    """
    images, labels, extra = batch
    with room_for(images.nbytes):
        for each in (images, *extra, *([] if labels is None else [labels])):
            each.share_memory_()  # type: ignore[no-untyped-call]  # torch has no type here
    return batch


def on_device(batch: Any, device: torch.device | str) -> Loaded:
    """Return a batch on a device; the copy runs beside the computation if its memory is pinned.

    Bytes are copied as such, which is a quarter of the numbers, and become floats there.
    """
    if isinstance(batch, Exception):
        raise batch
    images, labels, extra = batch

    def moved(tensor: Tensor) -> Tensor:
        return tensor.to(device, non_blocking=True)

    real = moved(images)
    return Loaded(
        to_float(real) if real.dtype == torch.uint8 else real,
        None if labels is None else moved(labels),
        tuple(map(moved, extra)),
    )


class Start:
    """What a worker does first: it leaves signals to the caller, and notes from now on what it is reading.

    Ctrl-C and schedulers signal all processes of a group. The caller then finishes its step, for which it needs the
    workers.

    Args:
        now: ``[workers, NAME_BYTES]`` uint8 in shared memory.
    """

    def __init__(self, now: Tensor) -> None:
        self.now = now

    def __call__(self, worker: int) -> None:
        """Prepare worker number ``worker``, in its process."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        _notes.append(self.now[worker])


_notes: list[Tensor] = []  # if this process is a worker, where it notes what it is reading


def reading(name: str) -> None:
    """Note the name of the file that is about to be read, for the message if that ends this worker."""
    if _notes:
        content = name.encode(errors="replace")[-NAME_BYTES:].ljust(NAME_BYTES, b"\0")
        _notes[0].copy_(torch.frombuffer(bytearray(content), dtype=torch.uint8))


def lost(iterator: Any, now: Tensor, reason: str) -> TrainingError:
    """Return the error for workers that have ended, with what the first of them was reading."""
    number = next((place for place, worker in enumerate(iterator._workers) if not worker.is_alive()), 0)
    name = bytes(now[number].tolist()).rstrip(b"\0").decode(errors="replace")
    which = f" at {name}" if name else ""
    return TrainingError(
        f"expected the processes that read images to last as long as the run, found one that ended{which} "
        f"({' '.join(reason.split()):.150}): replace that file, or give fewer workers or more memory, and resume."
    )


def shut_down(iterator: Any) -> None:
    """End the workers, also those that no longer answer; an exception's traceback would keep them alive."""
    iterator._shutdown_workers()
    for worker in iterator._workers:
        if worker.is_alive():
            worker.kill()
            worker.join()


@contextmanager
def any_number_of_workers() -> Iterator[None]:
    """Silence PyTorch's warning about more workers than cores, whose number the user chose."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="This DataLoader will create")
        yield
