"""Several processes on one run, on one machine or many: rank r computes shards r, r + W, ... of what is missing.

The first process plans, stores, merges and reports as it would alone. It tells the others which shards it lacks, and
they send it the filled accumulators over the process group, so that nothing but that need be shared, no disk and no
cache. Shards are merged in order, so the number is the same for any count of processes. A process that is lost takes
its unfinished shard with it; what the others have sent is stored.
"""

import dataclasses
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import torch
import torch.distributed as dist

from baselines.ops import processes
from baselines.training.ranks import device_of_process, joined
from ganbench.engine.cache import Cache
from ganbench.engine.data_watch import DataWatch
from ganbench.engine.modes import measuring
from ganbench.engine.options import Options
from ganbench.engine.plan import Pass
from ganbench.engine.planning import PlannedRun, plan_run
from ganbench.engine.shards import Progress, Shard, Worker, block_key, cores, missing
from ganbench.engine.work import Found, computed, store
from ganbench.errors import BadInputError, DataChangedError, GanbenchError, LostProcessError
from ganbench.launch import is_launched, told_by_launcher

CPU = torch.device("cpu")  # what travels, over gloo, also where networks run on GPUs


@dataclasses.dataclass(frozen=True)
class Task:
    """What the first process asks of the others.

    Attributes:
        model: name of the model.
        given: options as requested; every process resolves them for itself.
        pass_: the pass that the shards belong to.
        shards: all that are missing.
        keys: of each query's first block; they hold everything that numbers depend on, so those of another process
            differ if its weights, data, extractors, PyTorch or kind of device do.
    """

    model: str
    given: Options
    pass_: Pass
    shards: tuple[Shard, ...]
    keys: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Refused:
    """The end of a task that a process cannot do, with the reason in a sentence."""

    reason: str
    data_changed: bool = False


# Returns the worker of a process for a task, and enters contexts that last as long.
MakeWorker = Callable[[Task, ExitStack], Worker]
DONE = "done"  # the last message of a task
# Whether this process is in the body of ``shared``, so that a call within it has the same processes.
_leading = False


@contextmanager
def shared(make_worker: MakeWorker | None = None) -> Iterator[bool]:
    """Join the processes of a distributed run, if there are several; yield whether this is the first.

    The first goes through the body, and the others do what it asks meanwhile: in them the body comes at the end, with
    nothing left to do.

    Args:
        make_worker: returns the worker of one of the others; None to plan the run anew.

    Raises:
        BadInputError: variables of the launcher are missing or senseless.
    """
    global _leading  # noqa: PLW0603 - a process has one group of processes, and torch keeps that in a global, too
    if _leading or not (is_launched() or dist.is_initialized()):
        yield True
        return
    with ExitStack() as held:
        if not dist.is_initialized():
            held.enter_context(_joined())
        if processes.rank() > 0:
            serve(make_worker or worker_of)
            yield False
            return
        _leading = True
        held.enter_context(_told_of_the_end())
        try:
            yield True
        finally:
            _leading = False
            with suppress(LostProcessError):
                tell(None)


@contextmanager
def _joined() -> Iterator[None]:
    with ExitStack() as held:
        try:
            held.enter_context(joined())
        except ValueError as error:  # of torch, for a variable such as $RANK
            raise BadInputError(f"expected the variables of torchrun, found others ({error}): start with it.") from None
        yield


def share(planned: PlannedRun, pass_: Pass, worker: Worker, cache: Cache, progress: Progress) -> None:
    """Compute the missing shards of a pass together with the other processes, and store them.

    Called by the first process. What any of them leaves undone because of an error is computed by the caller
    afterwards, which then reports the error itself.

    Raises:
        BadInputError: another process computes something else, or cannot plan the run.
        DataChangedError: the data changed during the run; shards of this pass are discarded.
        LostProcessError: another process has ended.
    """
    context = planned.plan.context
    shards = tuple(missing(pass_, context, worker.tile, cache))
    task = Task(planned.plan.loaded.name, planned.given, pass_, shards, keys_of(pass_, worker))
    tell(task)
    receiving = Receiving(pass_, worker, DataWatch(pass_.source, context, cache), progress)
    for found in finished(worker, pass_, shards[0 :: processes.count()], progress):
        receiving.store(found)
    receiving.finish()


@contextmanager
def _told_of_the_end() -> Iterator[None]:
    """Raise LostProcessError where ``torchrun`` would end this process, which it does when another has ended."""
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL or not on_main_thread():
        yield
        return

    def end(*_: object) -> None:
        raise lost(None, "this one was told to end")

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def on_main_thread() -> bool:
    """Return whether this is the main thread, which alone may set signal handlers."""
    return threading.current_thread() is threading.main_thread()


class Receiving:
    """Shards that other processes send to the first, stored as they come; a thread waits for each process."""

    def __init__(self, pass_: Pass, worker: Worker, watch: DataWatch, progress: Progress) -> None:
        self.pass_, self.worker, self.watch, self.progress = pass_, worker, watch, progress
        self.lock = threading.Lock()
        self.ends: queue.SimpleQueue[tuple[int, Refused | Exception | None]] = queue.SimpleQueue()
        for rank in range(1, processes.count()):
            # Daemons, so that an interrupted run does not wait for messages that never come.
            threading.Thread(target=self._receive, args=(rank,), daemon=True).start()

    def store(self, found: Found) -> None:
        """Store a shard."""
        with self.lock:
            store(found, self.pass_, self.worker, self.watch)

    def finish(self) -> None:
        """Wait until all processes are done; errors are those of ``share``."""
        for _ in range(1, processes.count()):
            rank, problem = self.ends.get()
            if isinstance(problem, Refused) and problem.data_changed:
                self.watch.discard()
                raise DataChangedError(problem.reason)
            if isinstance(problem, Refused):
                raise BadInputError(f"process {rank}: {problem.reason}")
            if problem is not None:
                raise problem
        self.watch.look()

    def _receive(self, rank: int) -> None:
        """Store what one process sends, up to the end of the task."""
        try:
            while isinstance(message := received(rank), Found):
                self.store(message)
                with self.lock:
                    self.progress(message.samples)
            self.ends.put((rank, message if isinstance(message, Refused) else None))
        except RuntimeError as error:  # of torch, for a closed connection
            self.ends.put((rank, lost(rank, str(error))))
        except Exception as error:  # such as a full disk, which the first process reports
            self.ends.put((rank, error))


def tell(task: Task | None) -> None:
    """Send a task to all other processes; None lets them go.

    Raises:
        LostProcessError: another process has ended.
    """
    try:
        dist.broadcast_object_list([task], src=0, device=CPU)
    except RuntimeError as error:
        raise lost(None, str(error)) from None


def serve(make_worker: MakeWorker) -> None:
    """Do what the first process asks, until it lets this one go or ends."""
    task: list[Task | None] = [None]
    with ExitStack() as held:
        planned: tuple[Task, Worker] | None = None
        while True:
            try:
                dist.broadcast_object_list(task, src=0, device=CPU)
            except RuntimeError:  # the first process has ended, and has said why
                return
            if (asked := task[0]) is None:
                return
            if planned is None or (asked.model, asked.given) != (planned[0].model, planned[0].given):
                held.close()
                planned = None
            try:
                planned = planned or (asked, held.enter_context(make_worker(asked, held)))
            except GanbenchError as error:
                send(Refused(str(error)))
                continue
            _answer(asked, planned[1])


def worker_of(task: Task, held: ExitStack) -> Worker:
    """Return a worker for a task: the run is planned anew from the same options.

    Raises:
        GanbenchError: it cannot be planned here, such as without the data.
    """
    planned = plan_run(task.model, of_rank(task.given))
    held.enter_context(measuring(planned.plan))
    return Worker(planned.plan.context, planned.batch_size, threads_of_rank())


def _answer(task: Task, worker: Worker) -> None:
    """Send this process's shards of a task."""
    watch = DataWatch(task.pass_.source, worker.context, Cache())
    if keys_of(task.pass_, worker) != task.keys:
        send(Refused("expected what the first process computes, found other weights, data, extractors, PyTorch or "
                     "another kind of device: give every process the same."))  # fmt: skip
        return
    for found in finished(worker, task.pass_, task.shards[processes.rank() :: processes.count()], lambda _: None):
        if change := watch.change():
            send(Refused(change, data_changed=True))
            return
        send(found)
    send(DONE)


def finished(worker: Worker, pass_: Pass, shards: Sequence[Shard], progress: Progress) -> Iterator[Found]:
    """Yield finished shards; one that fails is left out, and so is computed again by whoever reports the error."""
    for shard in shards:
        try:
            yield computed(worker, pass_, shard, progress)
        except Exception:  # whatever a third party's model, view or extractor raises
            continue


def keys_of(pass_: Pass, worker: Worker) -> tuple[str, ...]:
    """Return the key of each query's first sample."""
    return tuple(block_key(pass_, query, worker.context, worker.tile, (0, 1)) for query in pass_.queries)


def send(message: Found | Refused | str) -> None:
    """Send a message to the first process; end this one silently if that is gone."""
    try:
        dist.send_object_list([message], dst=0, device=CPU)
    except RuntimeError:
        raise SystemExit(1) from None


def received(rank: int) -> Any:
    """Return the next message of a process.

    Raises:
        RuntimeError: the process has ended.
    """
    message: list[Any] = [None]
    dist.recv_object_list(message, src=rank, device=CPU)
    return message[0]


def lost(rank: int | None, report: str) -> LostProcessError:
    """Return the error for a process that has ended."""
    which = "one" if rank is None else f"process {rank}"
    reason = report.splitlines()[0][:80]
    return LostProcessError(
        f"expected {processes.count()} processes to the end, found that {which} has ended ({reason}): repeat the "
        "command to continue; finished shards are kept."
    )


def of_rank(options: Options) -> Options:
    """Return options for this process, which takes the GPU of its number on this machine.

    Raises:
        BadInputError: there are more processes on this machine than GPUs, or all are to share one.
    """
    from ganbench.models.training import user_errors  # late: one process needs nothing of training

    with user_errors():
        return dataclasses.replace(options, device=device_of_process(options.resolved().device))


def threads_of_rank() -> int:
    """Return the number of threads of this process: its share of the cores of this machine.

    Raises:
        BadInputError: the launcher's number of processes on this machine is none.
    """
    return max(1, cores() // told_by_launcher("LOCAL_WORLD_SIZE"))
