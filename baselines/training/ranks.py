"""Training with several processes, started by ``torchrun``, that compute what one process would compute.

Random numbers depend on seed and step alone, so every process draws them for the whole batch and keeps its own rows.
Gradients, losses and running averages are means over all processes; only the first process writes files.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import ParamSpec, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.rendezvous import rendezvous

from baselines.errors import TrainingError
from baselines.ops import processes

__all__ = [
    "WHOLE",
    "RankSlice",
    "any_of_all",
    "average_gradients",
    "device_of_process",
    "first_only",
    "joined",
    "means_of_all",
    "rank_slice",
]

PATIENCE = timedelta(days=7)  # the first process may measure for hours; torchrun sees to processes that have died

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class RankSlice:
    """Which rows of a batch are this process's: every ``ranks``-th one, from number ``rank`` on.

    A discriminator compares images that are ``N / group`` rows apart. Where ``ranks`` divides that number, the images
    of a group stay in one process, at the distance at which its own discriminator looks for them.
    """

    rank: int = 0
    ranks: int = 1

    @property
    def slice(self) -> slice:
        """The rows as a slice."""
        return slice(self.rank, None, self.ranks)

    def of(self, whole: Tensor) -> Tensor:
        """Return this process's rows of a batch.

        Raises:
            TrainingError: the processes would not get equally many.
        """
        if len(whole) % self.ranks:
            raise TrainingError(
                f"{len(whole)} images cannot be shared by {self.ranks} processes: start a number that divides it."
            )
        return whole if self.ranks == 1 else whole[self.slice]

    def whole(self, own: int) -> int:
        """Return how many rows the whole batch has where this process has ``own``."""
        return own * self.ranks


WHOLE = RankSlice()


def rank_slice(group: int | None, batches: Iterable[int]) -> RankSlice:
    """Return this process's rows of every batch.

    Args:
        group: how many images the discriminator compares; None for a model that cannot be trained by several processes.
        batches: the batch sizes of the run.

    Raises:
        TrainingError: this number of processes cannot share such batches.
    """
    rows = RankSlice(processes.rank(), processes.count())
    if rows.ranks == 1:
        return rows
    if group is None:
        raise TrainingError(f"this model is trained by one process, not by {rows.ranks}: start it without torchrun.")
    for batch in batches:
        groups = batch // min(group, batch)
        if groups % rows.ranks:
            raise TrainingError(
                f"a batch of {batch} images, of which {min(group, batch)} are compared at a time, cannot be shared by "
                f"{rows.ranks} processes: start a number of them that divides {groups}."
            )
    return rows


@contextmanager
def joined() -> Iterator[Callable[[], bool]]:
    """Join the processes that ``torchrun`` started, for the body.

    Give a function that returns True in the first process that calls it, so that of several that fail one tells the
    user.
    """
    if not dist.is_torchelastic_launched() or int(os.environ["WORLD_SIZE"]) == 1:
        yield lambda: True
        return
    store, rank, ranks = next(rendezvous("env://", timeout=PATIENCE))
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=ranks, timeout=PATIENCE)

    def first() -> bool:
        if store.add("baselines/asked", 1) > 1:
            return False
        outlive_others()
        return True

    try:
        yield first
    finally:
        dist.destroy_process_group()


def outlive_others() -> None:
    """Ignore the signals with which ``torchrun`` ends all processes after one has ended, so as to tell the user why."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def device_of_process(device: str | None) -> str:
    """Return the device of this process: by default its own GPU where there is one, else the CPU.

    Raises:
        TrainingError: the processes would have to share a GPU.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if processes.count() == 1 or not device.startswith("cuda"):
        return device
    here, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if device != "cuda":
        raise TrainingError(f"every process needs its own GPU, and {device} is one for all: write cuda.")
    if here >= gpus:
        raise TrainingError(
            f"there are more processes on this machine than GPUs ({gpus}): start {gpus}, or train on the cpu."
        )
    torch.cuda.set_device(here)
    return f"cuda:{here}"


def first_only(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return the result of a function that is called in the first process only, while the others wait.

    Raises:
        TrainingError: it failed there with this message; in the first process, whatever it raised.
        RuntimeError: it failed there because of a bug.
    """
    if processes.count() == 1:
        return function(*args, **kwargs)
    found: list[T | None] = [None]
    problem: Exception | None = None
    if processes.rank() == 0:
        try:
            found = [function(*args, **kwargs)]
        except Exception as error:
            problem = error
    # A package raises its own classes for the user to read; a built-in exception is a bug.
    meant = isinstance(problem, TrainingError) or type(problem).__module__ != "builtins"
    said = [found[0], None if problem is None else str(problem), meant]
    with processes.meeting():
        dist.broadcast_object_list(said, src=0, device=torch.device("cpu"))
    if problem is not None:
        raise problem
    result, message, expected = said
    if message is not None:
        raise TrainingError(message) if expected else RuntimeError(f"the first process failed: {message}")
    return result  # type: ignore[return-value]  # it is the first process's, of type T


def any_of_all(flag: bool) -> bool:
    """Return whether the flag is set in any process."""
    return bool(processes.sum_of_all(torch.tensor(float(flag))) > 0)


def means_of_all(values: Mapping[str, float]) -> dict[str, float]:
    """Return the means of values that every process has."""
    if processes.count() == 1:
        return dict(values)
    means = processes.mean_of_all(torch.tensor(list(values.values()), dtype=torch.float64))
    return dict(zip(values, means.tolist(), strict=True))


def average_gradients(networks: Iterable[nn.Module]) -> None:
    """Replace the gradients of all parameters by their means over all processes."""
    if processes.count() == 1:
        return
    gradients = [p.grad for network in networks for p in network.parameters() if p.grad is not None]
    means = processes.mean_of_all(torch.cat([gradient.flatten() for gradient in gradients]))
    for gradient, mean in zip(gradients, torch.split(means, [g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))
