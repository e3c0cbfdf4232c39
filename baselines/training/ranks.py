"""Training by several processes, started by ``torchrun``, that give what one process would give.

Every process draws what is random for the whole batch, for it depends on seed and step alone, and takes its share of
the rows. Gradients, losses and running averages are means over all processes; the first one alone writes files.
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

    A discriminator compares images that stand ``N / group`` apart. Where ``ranks`` divides that, such images have the
    same process, and they stand as far apart among its own as that process expects.
    """

    rank: int = 0
    ranks: int = 1

    @property
    def slice(self) -> slice:
        """The rows as a slice."""
        return slice(self.rank, None, self.ranks)

    def of(self, whole: Tensor) -> Tensor:
        """Return the own rows of a batch.

        Raises:
            TrainingError: there are not as many for every process.
        """
        if len(whole) % self.ranks:
            raise TrainingError(
                f"{len(whole)} images cannot be shared by {self.ranks} processes: start as many as divide it."
            )
        return whole if self.ranks == 1 else whole[self.slice]

    def whole(self, own: int) -> int:
        """Return how many rows a batch has of which this process has ``own``."""
        return own * self.ranks


WHOLE = RankSlice()


def rank_slice(group: int | None, batches: Iterable[int]) -> RankSlice:
    """Return this process's rows of every batch.

    Args:
        group: how many images the discriminator compares; None for a model that cannot be trained by several processes.
        batches: sizes of the batches that there will be.

    Raises:
        TrainingError: so many processes cannot share that.
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
    """Let the processes that ``torchrun`` started work together in the body.

    It gives what says whether this process is the first that asked: of many that fail, one tells the user.
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
    """Turn a deaf ear to the signals by which ``torchrun`` ends all processes once one of them has ended."""
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def device_of_process(device: str | None) -> str:
    """Return where this process trains: by default its own GPU where there is one, else the CPU.

    Raises:
        TrainingError: the processes would have to share a GPU.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if processes.count() == 1 or not device.startswith("cuda"):
        return device
    here, gpus = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
    if device != "cuda":
        raise TrainingError(f"every process needs a GPU of its own, and {device} is one for all: write cuda.")
    if here >= gpus:
        raise TrainingError(f"there are more processes here than the {gpus} GPUs: start {gpus}, or train on the cpu.")
    torch.cuda.set_device(here)
    return f"cuda:{here}"


def first_only(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what the function gives in the first process, where alone it is called while the others wait.

    Raises:
        TrainingError: it failed there with this message; in the first process, whatever it raised.
        RuntimeError: it failed there by a mistake in the program.
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
    # An error of a class that somebody defined is meant for the user; a built-in one is a mistake in the program.
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
    """Return whether any process says so."""
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
