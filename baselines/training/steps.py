"""One step of training: the phases in turn, each an optimiser step on the gradient of its loss.

A batch too large for the memory is taken in parts, whose gradients add up to the whole batch's (gradient accumulation).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from baselines.errors import DivergenceError
from baselines.ops import parts
from baselines.ops.tiles import whole_batches
from baselines.training import ranks
from baselines.training.exchange import averaged
from baselines.training.plan import Phase, StepContext, TrainPlan

__all__ = ["advance", "advance_all", "mend", "parts_of"]

Means = Mapping[str, Tensor]  # mean losses by name, each ``[]``

SCORES, SIGNS = "scores_", "signs_"  # of the discriminator's scores, whose mean signs are logged, too
LARGEST = 1e5  # the gradient that replaces an infinite one


def advance_all(
    plan: TrainPlan, at: StepContext, count: int = 1, timed: Callable[[str], AbstractContextManager[Any]] = nullcontext
) -> Iterator[Means]:
    """Yield the mean losses of each phase of a step, whose batch is taken in ``count`` parts.

    Args:
        plan: of the model.
        at: the step's data.
        count: parts in which the batch is taken.
        timed: returns a context for each phase, given its name.

    Raises:
        DivergenceError: on a CPU, a loss is infinite or NaN.
    """
    plan.prepare(at)
    for phase in plan.phases:
        if at.step % phase.interval == 0 and (at.step + 1) % phase.every == 0:
            with timed(phase.name):
                means = advance(phase, at, parts_of(len(at.real) // phase.shrink, count), plan.mend_gradients)
            yield means


def advance(phase: Phase, at: StepContext, count: int = 1, mend_gradients: bool = False) -> Means:
    """Take one optimiser step on the gradient of a phase, and return the means of its losses.

    On a CPU the means are those of all processes, and are checked before the step. Elsewhere they are this process's
    own, and still on the device: reading them here would make the host wait for every phase (see ``Meter``).

    Args:
        phase: the phase.
        at: the step's data.
        count: parts in which the batch is taken.
        mend_gradients: see ``TrainPlan``.

    Raises:
        DivergenceError: on a CPU, a loss is infinite or NaN; the networks are unchanged.
    """
    for network in phase.networks:
        network.requires_grad_(True)
    for optimizer in phase.optimizers:
        optimizer.zero_grad(set_to_none=True)
    means = accumulate(phase, at, count)
    if at.on_cpu:
        means = ranks.means_of_all(means)
        check(means, at.nimg)
    if mend_gradients:
        mend(parameter.grad for network in phase.networks for parameter in network.parameters())
    for optimizer in phase.optimizers:
        optimizer.step()
    for network in phase.networks:
        network.requires_grad_(False)
    return means


def accumulate(phase: Phase, at: StepContext, count: int) -> Means:
    """Add up the gradients of the parts, and return this process's mean losses."""
    with whole_batches():
        at = replace(at, shared=None if phase.once is None else phase.once(at, count))
    found: dict[str, list[Tensor]] = {}
    for index in range(count):
        with parts.part(index, count), whole_batches():
            losses = phase.loss(at if count == 1 else at.of_part(index, count))
            # Lazy regularisation: a phase that runs in every interval-th step counts for all the steps it skips.
            total = losses["total"].mean().mul(phase.interval / count)
            with averaged(phase.networks, last=index == count - 1):
                total.backward()  # type: ignore[no-untyped-call]  # torch has no type here
        for name, values in losses.items():
            found.setdefault(f"{phase.name}/{name}", []).append(values.detach().mean())
            if name.startswith(SCORES):
                signs = f"{phase.name}/{SIGNS}{name.removeprefix(SCORES)}"
                found.setdefault(signs, []).append(values.detach().sign().mean())
        del losses, total  # they hold the part's graph, which must not live beside the next part's
    return {name: values[0] if count == 1 else torch.stack(values).mean() for name, values in found.items()}


def parts_of(images: int, least: int) -> int:
    """Return the smallest number of equal parts of a batch of images that is at least ``least``, or else their number.

    Phases with smaller batches may not divide into as many parts as the others.
    """
    return next((count for count in range(least, images) if images % count == 0), max(images, 1)) if least > 1 else 1


def check(means: Means, nimg: int) -> None:
    """Check that losses are finite.

    Raises:
        DivergenceError: a loss is infinite or NaN.
    """
    for name, mean in means.items():
        if not math.isfinite(mean):
            raise DivergenceError(f"{name} became {float(mean)} at {nimg / 1000:g} kimg")


def mend(gradients: Iterable[Tensor | None]) -> None:
    """Replace NaN in gradients by 0 and infinities by ``LARGEST``.

    Layers in float16 can overflow; without this, one such step would make every weight NaN.

    Source: Karras et al., Training Generative Adversarial Networks with Limited Data (NeurIPS 2020), the authors' code.
    """
    for gradient in gradients:
        if gradient is not None:
            torch.nan_to_num(gradient, nan=0.0, posinf=LARGEST, neginf=-LARGEST, out=gradient)
