"""The laws of views."""

from collections.abc import Mapping
from typing import Any

import torch

from ganbench.errors import PlanError
from ganbench.inputs import BaseSource, BaseView, Batch, Source, View
from ganbench.plugins import completed
from ganbench.testing.context import context_of
from ganbench.testing.laws import Laws
from ganbench.testing.tolerances import ALONE
from ganbench.types import Extractor

NONE: Mapping[str, Extractor] = {}
INDICES = (0, 1, 2)


def check_view(
    view: Any, source: Any, *, model: Any = "stylegan3", data: Any = None, extractors: Mapping[str, Extractor] = NONE
) -> None:
    """Check the laws of a view.

    Args:
        view: a frozen dataclass.
        source: the source of the batches.
        model: the model that the source draws from, or the name of one.
        data: a data set, or its name or path; None for that of the model's benchmark.
        extractors: extractors by name; the view's is opened if it is not given.

    Raises:
        AssertionError: a law is broken.
        PlanError: the view cannot be answered by this model, data and extractor.
    """
    whole: View = completed(view, BaseView)  # type: ignore[assignment]  # a view's base
    of: Source = completed(source, BaseSource)  # type: ignore[assignment]  # a source's base
    laws = Laws(f"the view {view!r:.100}")
    context = context_of(model, data, extractors, [whole.extractor])
    if problems := [*of.problems(context), *whole.problems(context)]:
        raise PlanError(tuple(problems))
    laws.frozen(view)
    laws.hold(isinstance(whole.version, int), "its version is a whole number", "an int", whole.version)
    with laws.untouched_random_state(), torch.inference_mode():
        batch = Batch(of, context, INDICES)
        before = {name: rows.clone() for name, rows in batch.drawn.items()}
        rows = whole.compute(batch)
        laws.hold(isinstance(rows, torch.Tensor), "compute returns a tensor", "a tensor", type(rows).__name__)
        laws.tensor(rows, (len(INDICES), *[None] * (rows.ndim - 1)), "it has one row per sample")
        laws.equal(before, dict(batch.drawn), "it leaves the batch as it is, which other views see too")
        laws.equal(rows, whole.compute(Batch(of, context, INDICES)), "it is the same when computed again")
        for row in (0, len(INDICES) - 1):
            alone = whole.compute(Batch(of, context, (INDICES[row],)))
            laws.close(rows[row : row + 1], alone, "the row of a sample does not depend on its batch", ALONE)
