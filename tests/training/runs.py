"""What tests of training share: the end of a run, whether two ends are the same, and one step's context."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.training import snapshots
from baselines.training.data import to_float
from baselines.training.frame import RunOutput
from baselines.training.loop import StepContext, streams_of

IMAGES = torch.randint(256, [6, 1, 16, 16], dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
SHAPE = {"c_dim": 0, "img_resolution": 16, "img_channels": 1}


def tensors(run_dir: Path) -> Mapping[str, Tensor]:
    """Return networks, averages and optimisers of a run's last snapshot."""
    return snapshots.latest(run_dir).tensors


def same(first: Path, second: Path) -> bool:
    """Return whether two runs ended at the same step with the same bits."""
    one, other = snapshots.latest(first), snapshots.latest(second)
    keys = one.step == other.step and one.tensors.keys() == other.tensors.keys()
    return keys and all(torch.equal(one.tensors[name], other.tensors[name]) for name in one.tensors)


def training_of(kind: Callable[..., Any], recipe: Any, **changes: Any) -> Any:
    """Return a StyleGAN in training on ``IMAGES``, with a recipe's settings changed."""
    recipe = dataclasses.replace(recipe, **changes)
    classes: Any = kind
    with torch.random.fork_rng():
        torch.manual_seed(0)
        G = classes.generator_class(**SHAPE, **recipe.generator)
        D = classes.discriminator_class(**SHAPE, **recipe.discriminator)
    return kind(G.requires_grad_(False), D.requires_grad_(False), recipe, RunOutput(Path(), {}))


def context(
    step: int = 0,
    nimg: int | None = None,
    real: Tensor = IMAGES[:4],
    labels: Tensor | None = None,
    extra: tuple[Tensor, ...] = (),
) -> StepContext:
    """Return a step's context; images that are bytes are taken to -1..1."""
    images = to_float(real) if real.dtype == torch.uint8 else real
    return StepContext(step, step * 4 if nimg is None else nimg, images, labels, streams_of(0, step), extra=extra)
