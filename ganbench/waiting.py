"""A bar for work that lets people wait in the middle of something else; nothing is shown unless a program says how."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

Advance = Callable[[], None]
Bar = Callable[[str, int], AbstractContextManager[Advance]]


def no_bar(what: str, count: int) -> AbstractContextManager[Advance]:
    """Return a bar that is not shown."""
    return nullcontext(lambda: None)


_bar: ContextVar[Bar] = ContextVar("bar", default=no_bar)


def bar(what: str, count: int) -> AbstractContextManager[Advance]:
    """Return a bar over ``count`` items, whose body gets a function that advances it by one."""
    return _bar.get()(what, count)


@contextmanager
def shown_by(shown: Bar) -> Iterator[None]:
    """Show bars during the body, in this thread.

    Args:
        shown: returns a bar, for a word on what is done and the number of items.
    """
    before = _bar.set(shown)
    try:
        yield
    finally:
        _bar.reset(before)
