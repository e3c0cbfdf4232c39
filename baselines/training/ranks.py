"""Training with several processes, started by ``torchrun``, with the same result as with one, up to rounding.

Sums over a batch are taken in another order. After a few steps in float32, no weight of StyleGAN differed by more than
1.5e-5 and of StyleGAN2 and StyleGAN3 by more than 2.4e-7, but for one bias whose gradient is 0; in float64 by 1e-10.
A long run amplifies that, as it does the rounding of another kind of GPU.

Random numbers depend on seed and step alone, so every process draws them for the whole batch and keeps its own rows.
Gradients, losses and running averages are means over all processes; only the first process writes files.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import ParamSpec, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from baselines.errors import DivergenceError, TrainingError
from baselines.ops import processes

__all__ = [
    "WHOLE",
    "RankSlice",
    "any_of_all",
    "by_first",
    "device_of_process",
    "first_only",
    "gathered",
    "interleaved",
    "joined",
    "means_of_all",
    "parts_of_batches",
    "rank_slice",
]

PATIENCE = timedelta(days=7)  # the first process may spend hours on metrics; torchrun handles processes that died

# Shared statistics and draws would make several processes possible, but with published batches of one image there is
# nothing to share; parts that come one after the other would have to wait for each other in every layer.
WHY_WHOLE = "batch norm or dropout takes a batch as a whole, of 1 image as published"

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class RankSlice:
    """This process's share of a batch: every ``ranks``-th row, starting with row ``rank``.

    A discriminator compares images that are ``N / group`` rows apart. If ``ranks`` divides that distance, the images of
    a group stay in one process, at the distance that the discriminator expects in its smaller batch.

    Attributes:
        rank: number of this process, from 0.
        ranks: number of processes.
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
            TrainingError: the batch does not divide evenly among the processes.
        """
        if len(whole) % self.ranks:
            raise TrainingError(
                f"expected a number of processes that divides a batch of {len(whole)} images, found {self.ranks}: "
                "start another number of them."
            )
        return whole if self.ranks == 1 else whole[self.slice]

    def whole(self, own: int) -> int:
        """Return the number of rows in the whole batch if this process has ``own``."""
        return own * self.ranks


WHOLE = RankSlice()


def rank_slice(group: int | None, batches: Iterable[int]) -> RankSlice:
    """Return this process's rows of every batch.

    Args:
        group: number of images that the discriminator compares; None for a model that only one process can train.
        batches: batch sizes of the run.

    Raises:
        TrainingError: the number of processes does not divide the groups of a batch.
    """
    rows = RankSlice(processes.rank(), processes.count())
    if rows.ranks == 1:
        return rows
    if group is None:
        raise TrainingError(
            f"expected one process for this model, whose {WHY_WHOLE}, found {rows.ranks}: start it without torchrun."
        )
    # Whole groups must stay together, so the groups are shared and not the images.
    for batch in batches:
        groups = batch // min(group, batch)
        if groups % rows.ranks:
            raise TrainingError(
                f"expected a number of processes that divides the {groups} groups of a batch ({batch} images, "
                f"{min(group, batch)} compared at a time), found {rows.ranks}: start another number of them."
            )
    return rows


def parts_of_batches(group: int | None, batches: Iterable[int], batch_gpu: int | None) -> dict[int, int]:
    """Return, by batch size, the number of parts in which every process takes its share of a batch.

    Args:
        group: number of images that the discriminator compares; None for a model whose batch must stay whole.
        batches: batch sizes of the run.
        batch_gpu: images per device and pass at most; None for a process's whole share.

    Raises:
        TrainingError: a share does not divide into parts of so many images, or a part into groups.
    """
    found = {}
    for batch in batches:
        share = batch // processes.count()
        size = share if batch_gpu is None else min(batch_gpu, share)
        if size < share and group is None:
            raise TrainingError(
                f"expected batch_gpu of at least {share} for this model, whose {WHY_WHOLE}, found {batch_gpu}: leave "
                "it out."
            )
        if size < share and (share % size or size % min(group or 1, batch)):
            raise TrainingError(
                f"expected batch_gpu to divide the {share} images of a device into whole groups of "
                f"{min(group or 1, batch)} that the discriminator compares, found {batch_gpu}: set another."
            )
        found[batch] = share // size
    return found


@contextmanager
def joined() -> Iterator[Callable[[], bool]]:
    """Join the process group that ``torchrun`` started, for the body.

    Give a function that returns True only in the first process that calls it, so that one of several failing processes
    reports the error.
    """
    if not dist.is_torchelastic_launched() or int(os.environ["WORLD_SIZE"]) == 1:
        yield lambda: True
        return
    store, rank, ranks = next(rendezvous("env://", timeout=PATIENCE))
    # The launcher keeps its store when it starts processes again, with the addresses of those that are gone.
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    store = dist.PrefixStore(f"attempt {attempt}", store)  # type: ignore[attr-defined]  # torch documents it
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
    """Ignore the signals by which ``torchrun`` stops all processes once one has failed, to have time to report why."""
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
        raise TrainingError(
            f"expected the device cuda, which gives each process its own GPU, found {device} for all: write cuda."
        )
    if here >= gpus:
        raise TrainingError(
            f"expected at most one process per GPU, found more processes on this machine than GPUs ({gpus}): start "
            f"{gpus}, or take the cpu."
        )
    torch.cuda.set_device(here)
    return f"cuda:{here}"


def interleaved(shares: Sequence[Tensor]) -> Tensor:
    """Return the batch whose rows were dealt out to equal shares, as by ``RankSlice``."""
    return torch.stack(list(shares), 1).flatten(0, 1)


@torch.no_grad()
def gathered(own: Tensor) -> Tensor:
    """Return the whole batch of which every process has its rows, without gradient."""
    if processes.count() == 1:
        return own
    shares = [torch.empty_like(own, memory_format=torch.contiguous_format) for _ in range(processes.count())]
    with processes.meeting():
        dist.all_gather(shares, own.detach().contiguous())
    return interleaved(shares)


def first_only(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a function in the first process only, while the others wait, and return its result in all of them.

    Errors are those of ``by_first``.
    """
    return by_first(partial(function, *args, **kwargs))


def by_first(function: Callable[[], T], beside: Callable[[], AbstractContextManager[object]] = nullcontext) -> T:
    """Call a function in the first process only, within a context, and return its result in all processes.

    Args:
        function: what the first process does.
        beside: returns the context. The others enter and leave it meanwhile, for example to help.

    Raises:
        TrainingError: the function failed for a reason the user can fix; in the first process, its own exception.
        DivergenceError: the function raised one.
        RuntimeError: the function failed because of a bug.
    """
    if processes.count() == 1:
        return function()
    found: list[T | None] = [None]
    problem: Exception | None = None
    if processes.rank() == 0:
        try:
            with beside():
                found = [function()]
        except Exception as error:
            problem = error
    else:
        with beside():
            pass
    # Errors meant for the user are classes of the packages themselves; a built-in exception is a bug.
    meant = isinstance(problem, TrainingError) or type(problem).__module__ != "builtins"
    diverged = problem if isinstance(problem, DivergenceError) else None  # says more than its message
    said = [found[0], None if problem is None else str(problem), meant, diverged]
    with processes.meeting():
        # Sent on success and failure alike: the other processes are waiting for it and would hang.
        dist.broadcast_object_list(said, src=0, device=torch.device("cpu"))
    if problem is not None:
        raise problem
    result, message, expected, cause = said
    if isinstance(cause, DivergenceError):
        raise cause
    if message is not None:
        raise TrainingError(message) if expected else RuntimeError(f"the first process failed: {message}")
    return result  # type: ignore[return-value]  # it is the first process's, of type T


def any_of_all(flag: bool) -> bool:
    """Return whether the flag is True in any process."""
    return bool(processes.sum_of_all(torch.tensor(float(flag))) > 0)


def means_of_all(values: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return the means, over all processes, of values by name, each ``[]``."""
    if processes.count() == 1:
        return values
    means = processes.mean_of_all(torch.stack([value.double() for value in values.values()]))
    return dict(zip(values, means, strict=True))
