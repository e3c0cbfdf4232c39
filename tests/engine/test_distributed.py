"""Processes that share a pass: when they end, and who tells of it."""

import multiprocessing
import signal
import subprocess
import sys
import threading

import pytest

from ganbench.engine.distributed import _interrupts_left_to_caller, _stop_without_caller


class Caller:
    """A parent process as ``multiprocessing`` shows it."""

    def __init__(self, alive: bool) -> None:
        self.alive = alive

    def is_alive(self) -> bool:
        return self.alive


def test_a_process_whose_caller_was_killed_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: Caller(alive=True))
    _stop_without_caller(16)
    monkeypatch.setattr(multiprocessing, "parent_process", lambda: Caller(alive=False))
    with pytest.raises(SystemExit):
        _stop_without_caller(16)


def test_processes_are_deaf_to_interrupts_from_their_start_and_the_caller_is_not() -> None:
    before = signal.getsignal(signal.SIGINT)
    code = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    with _interrupts_left_to_caller():
        child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout == "True\n"
    assert signal.getsignal(signal.SIGINT) is before


def test_a_thread_that_may_set_no_handler_starts_processes_all_the_same() -> None:
    entered = []

    def enter() -> None:
        with _interrupts_left_to_caller():
            entered.append(True)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert entered
