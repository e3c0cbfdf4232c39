"""How a test states that a check fails: with one sentence that names the law."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def fails(words: str) -> Iterator[None]:
    """The body raises an ``AssertionError`` of one sentence with these words, what was expected and what was found."""
    with pytest.raises(AssertionError) as caught:
        yield
    told = str(caught.value)
    assert words in told, told
    assert ": expected " in told
    assert ", found " in told
    assert told.endswith(".")
    assert "\n" not in told
