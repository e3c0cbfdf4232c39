"""Consoles for tables and progress bars."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console

from ganbench.printable import printable


class Terminal(Console):
    """A rich console without markup and escape codes in text, which leaves a closed pipe to ``main``.

    Args:
        width: None for the terminal's.
        stderr: whether to write to standard error.
    """

    def __init__(self, width: int | None = None, stderr: bool = False) -> None:
        super().__init__(width=width, stderr=stderr, markup=False, emoji=False, highlight=False)

    def print(self, *objects: Any, **settings: Any) -> None:
        """Print as rich does, with unprintable characters in text escaped."""
        super().print(*map(_shown, objects), **settings)

    def on_broken_pipe(self) -> None:
        """Raise ``BrokenPipeError`` like any other write; rich would exit with 1, which means a regression here."""
        raise BrokenPipeError


def _shown(thing: Any) -> Any:
    return "\n".join(map(printable, thing.split("\n"))) if isinstance(thing, str) else thing


def can_show(text: str) -> bool:
    """Return whether standard output can encode a text."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


@contextmanager
def images_bar(count: int, what: str = "images") -> Iterator[Callable[[], None]]:
    """Show a progress bar on stderr, and yield a function that advances it by one image."""
    from rich.progress import Progress

    # Not redirecting stdout, as rich does by default, keeps it for the paths of files.
    console = Terminal(stderr=True)
    with Progress(console=console, redirect_stdout=False, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=count)
        yield lambda: progress.advance(task)
