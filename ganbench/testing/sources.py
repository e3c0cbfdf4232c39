"""The laws of sources."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import PlanError
from ganbench.inputs import BaseSource, Context, Source
from ganbench.plugins import completed
from ganbench.testing.context import context_of, with_other_data, with_other_weights
from ganbench.testing.laws import Laws
from ganbench.testing.tolerances import ALONE

INDICES = (0, 3, 1, 4)


def check_source(source: Any, *, model: Any = "stylegan3", data: Any = None) -> None:
    """Check the laws of a source.

    ``depends`` must name everything that the batches depend on: if batches differ with another seed, other weights or
    other data, their dependencies must differ too, or cached shards of one run would be used for another.

    Args:
        source: a frozen dataclass.
        model: the model that the source draws from, or the name of one.
        data: a data set, or its name or path; None for that of the model's benchmark.

    Raises:
        AssertionError: a law is broken.
        PlanError: the source cannot be answered by this model and data.
    """
    whole: Source = completed(source, BaseSource)  # type: ignore[assignment]  # a source's base
    laws = Laws(f"the source {source!r:.100}")
    context = context_of(model, data, {}, ())
    if problems := whole.problems(context):
        raise PlanError(tuple(problems))
    laws.frozen(source)
    _check_declared(laws, whole, context)
    with laws.untouched_random_state(), torch.inference_mode():
        drawn = _check_batches(laws, whole, context)
        _check_dependencies(laws, whole, context, drawn)


def _check_declared(laws: Laws, source: Source, context: Context) -> None:
    laws.hold(bool(source.name) and isinstance(source.name, str), "it has a name", "text", repr(source.name))
    laws.hold(isinstance(source.version, int), "its version is a whole number", "an int", source.version)
    laws.hold(isinstance(source.reads_data, bool), "reads_data is a bool", "True or False", source.reads_data)
    laws.hold(isinstance(source.generates, bool), "generates is a bool", "True or False", source.generates)
    images = source.images_per_sample
    laws.hold(isinstance(images, int) and images >= 1, "a sample stands for images", "1 or more", images)
    length, size = source.length(context), source.image_size(context)
    laws.hold(length is None or length >= 1, "length is a number of samples, or None", "1 or more, or None", length)
    sides = size if isinstance(size, tuple) else (1 if size is None else size,)
    laws.hold(min(sides) >= 1, "image_size is in pixels, or None", "1 or more, or None", size)
    laws.json(source.depends(context), "depends is made of JSON values, for the key of the cache")
    laws.equal(source.depends(context), source.depends(context), "depends is the same each time")
    if length is not None:
        laws.equal("", source.shortage(context, length), "there is no shortage of as many samples as there are")


def _indices(source: Source, context: Context) -> tuple[int, ...]:
    length = source.length(context)
    return INDICES if length is None else tuple(index for index in INDICES if index < length)


def _check_batches(laws: Laws, source: Source, context: Context) -> Mapping[str, Tensor]:
    indices = _indices(source, context)
    drawn = source.draw(context, indices)
    laws.hold(isinstance(drawn, Mapping) and bool(drawn), "draw returns tensors by name", "a mapping", drawn)
    for name, rows in drawn.items():
        laws.tensor(rows, (len(indices), *[None] * (rows.ndim - 1)), f"{name} has one row per sample")
    again = source.draw(context, indices)
    for name, rows in drawn.items():
        laws.equal(rows, again[name], f"{name} is the same when drawn again")
    for row, index in enumerate(indices[:3]):
        alone = source.draw(context, (index,))
        laws.equal(sorted(drawn), sorted(alone), "batches of any size have the same tensors")
        for name, rows in drawn.items():
            laws.close(rows[row : row + 1], alone[name], f"{name} of a sample does not depend on its batch", ALONE)
    return drawn


def _check_dependencies(laws: Laws, source: Source, context: Context, drawn: Mapping[str, Tensor]) -> None:
    seeded = Context(
        context.model, context.weights_sha256, context.data, context.extractors, context.seed + 1, context.device
    )
    others = {"seed": seeded, "weights": with_other_weights(context), "data": with_other_data(context)}
    for what, other in others.items():
        if source.problems(other):
            continue
        found = source.draw(other, _indices(source, context))
        differs = any(not torch.equal(rows, found[name]) for name, rows in drawn.items())
        if not differs:
            continue
        noted = source.depends(other) != source.depends(context)
        law = f"depends changes with the {what} where batches do"
        laws.hold(noted, law, "other dependencies", f"the same, {dict(source.depends(context))}")
        if what == "weights":
            laws.hold(source.generates, "a source whose batches depend on the model generates", "generates", "False")
        # The labels of a conditional model come from the data; the plan accounts for that by itself.
        if what == "data" and not context.c_dim:
            laws.hold(source.reads_data, "a source whose batches depend on the data says so", "reads_data", "False")
