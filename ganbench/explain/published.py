"""What a number is known as: the published numbers that equal it."""

import re
from collections.abc import Iterator

from ganbench import registry
from ganbench.counts import countless


def published_as(number: float, metric: str) -> Iterator[str]:
    """Yield a sentence on each published number of a benchmark, of a metric at any count, that equals a number.

    Args:
        number: such as 2.84.
        metric: name, such as ``fid50k_full`` or ``fid@500``.
    """
    rows = (row for name in registry.names("benchmarks") for row in registry.load("benchmarks", name).published)
    for row in dict.fromkeys(rows):
        if row.value == number and row.confidence != "low" and _stem(row.metric) == _stem(metric):
            model = " ".join(filter(None, (row.model, row.variant)))
            where = " ".join(filter(None, (row.dataset, row.resolution)))
            yield f"{number:g} is published as {row.metric} of {model} on {where} ({row.source})."


def _stem(metric: str) -> str:
    """Return a metric's name without count and number of reals."""
    return countless(re.sub(r"_full(?=_|@|$)", "", metric))
