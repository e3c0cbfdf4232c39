"""Processes on this machine, started by torch's elastic launcher, as ``torchrun`` starts them."""

import logging
import multiprocessing
import os
import re
import signal
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from ganbench.errors import BadInputError, GanbenchError, LostProcessError

T = TypeVar("T")
ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))  # Windows lacks one


def is_launched() -> bool:
    """Return whether a launcher started this process as one of several.

    Raises:
        BadInputError: the launcher's number of processes is none.
    """
    return "TORCHELASTIC_RUN_ID" in os.environ and told_by_launcher("WORLD_SIZE") > 1


def told_by_launcher(variable: str) -> int:
    """Return a number of processes that a launcher set in the environment; 1 where it set none.

    Raises:
        BadInputError: it is no positive whole number.
    """
    text = os.environ.get(variable, "1")
    if not re.fullmatch("0*[1-9][0-9]{0,5}", text):
        raise BadInputError(
            f"expected a number of processes in ${variable}, found {text[:40]!r}: unset it, or start with torchrun."
        )
    return int(text)


def is_of_launch() -> bool:
    """Return whether ``launch`` started this process; it then tells of a lost one, and nobody else does."""
    return is_launched() and multiprocessing.parent_process() is not None


def launch(function: Callable[..., T], arguments: Sequence[Any], count: int, max_restarts: int = 0) -> T:
    """Call a function in several new processes, and return what it returns in the first.

    Args:
        function: of a module, so that it can be pickled; it joins the processes by ``shared``.
        arguments: of the function; they are pickled.
        count: number of processes.
        max_restarts: how often all processes are started again after one was lost.

    Raises:
        GanbenchError: the function raised it in the first process.
        LostProcessError: a process ended, and no restart is left.
        KeyboardInterrupt: a signal stopped the run.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        max_restarts=max_restarts,
        start_method="spawn",
    )
    try:
        with _in_our_words(), _handlers_put_back():
            found = elastic_launch(config, _called)(function, *arguments)[0]
    except SignalException as stop:
        raise KeyboardInterrupt(interrupted_by(stop.sigval)) from None
    except ChildFailedError as problem:
        rank, failure = problem.get_first_failure()
        raise LostProcessError(
            f"expected {count} processes to the end, found that process {rank} ended ({_cause(failure.exitcode)}): "
            "repeat the command to continue; finished shards are kept."
        ) from None
    if isinstance(found, GanbenchError):
        raise found
    return found  # type: ignore[no-any-return]  # the launcher does not know its type


def interrupted_by(number: int) -> str:
    """Return a sentence on the signal that ended a run."""
    return f"interrupted by {signal.Signals(number).name}: repeat the command to continue."


@contextmanager
def interruptible() -> Iterator[None]:
    """End the body in a sentence at SIGTERM and SIGHUP, as at Ctrl-C; where the caller ignores one, as ``nohup`` does,
    that stays so.

    Raises:
        KeyboardInterrupt: a signal stopped the body, with a sentence on how to go on.
    """

    def stop(number: int, _frame: object) -> None:
        raise KeyboardInterrupt(interrupted_by(number))

    on_main_thread = threading.current_thread() is threading.main_thread()  # no other may set handlers
    ours = [number for number in ENDING if on_main_thread and signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, stop)
    try:
        yield
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(str(interrupt) or interrupted_by(signal.SIGINT)) from None
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _called(function: Callable[..., T], *arguments: Any) -> T | GanbenchError:
    """Call the function in one of the processes; an error that is meant for the user is returned."""
    # Ctrl-C reaches all processes, and the launcher ends those that are left: the one that launched them tells of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(128 + signal.SIGTERM))
    threading.Thread(target=_end_with_launcher, daemon=True).start()
    try:
        return function(*arguments)
    except GanbenchError as error:
        return error


def _end_with_launcher() -> None:
    """End this process if its launcher was killed and could not end it."""
    launcher = multiprocessing.parent_process()
    if launcher is not None:
        launcher.join()
        os._exit(1)


def _cause(exit_code: int) -> str:
    return f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Silence the launcher's own reports, which fill a page, while it runs: what went wrong is said in a sentence."""
    packages = ("torch.distributed", "torch.multiprocessing")
    # Torch gives the loggers of its modules levels of their own, so that those of the packages do not count there.
    modules = [name for name in logging.root.manager.loggerDict if name.startswith(packages)]
    loggers = [logging.getLogger(name) for name in {*packages, *modules}]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@contextmanager
def _handlers_put_back() -> Iterator[None]:
    """Put back the handlers of signals, which the launcher sets and leaves, after the body."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():  # in others the launcher sets none
            for number, handler in before.items():
                signal.signal(number, handler)
