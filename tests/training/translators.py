"""Three steps of the translators in float64, in parts and in several processes.

It is also a program: started by ``torchrun``, it takes them in several processes; see ``main``.
"""

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from baselines.cyclegan import train as cyclegan
from baselines.pix2pix import train as pix2pix
from baselines.stargan import train as stargan
from baselines.starganv2 import train as starganv2
from baselines.training.loop import StepContext, advance_all, streams_of
from baselines.training.ranks import joined, rank_slice
from tests.cyclegan import test_train as cycles
from tests.pix2pix import test_train as pairs
from tests.stargan import test_train as stars
from tests.starganv2 import test_train as stars2

STEPS = 3
NAMES = ("cyclegan", "stargan", "starganv2")
WHOLE = ("pix2pix",)  # whose batch cannot be shared


def prepared(name: str, **options: Any) -> Any:
    """Return a run with batches of four images, and everything that draws random numbers for a batch."""
    folder = Path("unused")
    if name == "cyclegan":
        changes = {"batch": 4, "mirror": True, "translate": 1, "gan_mode": "wgangp", "gp_lambda": 1}
        return cyclegan.prepare(cycles.A, cycles.B, dataclasses.replace(cycles.TINY, **changes), folder, **options)
    if name == "pix2pix":
        return pix2pix.prepare(
            pairs.A, pairs.B, dataclasses.replace(pairs.TINY, batch=2, mirror=True), folder, **options
        )
    if name == "stargan":
        recipe = dataclasses.replace(stars.TINY, mirror=True)
        return stargan.prepare(stars.IMAGES, stars.LABELS, recipe, folder, **options)
    changes = {"mirror": True, "crop_prob": 0.5, "crop_scale": (0.5, 1.0), "crop_ratio": (0.8, 1.2)}
    recipe = dataclasses.replace(stars2.TINY, **changes)
    return starganv2.prepare(stars2.IMAGES, stars2.LABELS, recipe, folder, **options)


def double(tensors: Any) -> list[Any]:
    """Return tensors with their floating-point numbers as float64."""
    return [x.double() if isinstance(x, Tensor) and x.is_floating_point() else x for x in tensors]


def steps(name: str, parts: int = 1) -> Mapping[str, Tensor]:
    """Return the networks' tensors, and the losses of the last step, after a few steps."""
    torch.set_default_dtype(torch.float64)
    try:
        run = prepared(name)
        plan, batches = run.training.plan(), run.batches
        batches.rows = rank_slice(plan.group, batches.sizes())
        for step in range(STEPS):
            real, labels = double(batches.draw(step))
            extra = tuple(double(batches.extra(step)))
            at = StepContext(step, batches.shown(step), real, labels, streams_of(0, step), batches.rows, extra=extra)
            losses = list(advance_all(plan, at, parts))
    finally:
        torch.set_default_dtype(torch.float32)
    found = {f"{key}/{n}": x for key, net in plan.networks.items() for n, x in net.state_dict().items()}
    return {**found, **{name: mean for means in losses for name, mean in means.items()}}


def main(folder: Path) -> None:
    """Take the steps of every model in halves of every process's share, and save what the first process has."""
    with joined():
        found = {name: steps(name, parts=2) for name in NAMES}
        if torch.distributed.get_rank() == 0:
            torch.save(found, folder / "several.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
