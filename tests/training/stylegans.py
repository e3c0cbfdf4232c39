"""Short runs of Progressive GAN and the StyleGANs, in float64 so that rounding is far below what a step changes.

It is also a program: started by ``torchrun``, it runs them in several processes; see ``main``.
"""

import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from baselines.progan import recipes as recipes0
from baselines.progan import train as progan
from baselines.stylegan1 import recipes as recipes1
from baselines.stylegan1 import train as stylegan1
from baselines.stylegan2 import recipes as recipes2
from baselines.stylegan2 import train as stylegan2
from baselines.stylegan3 import recipes as recipes3
from baselines.stylegan3 import train as stylegan3
from baselines.training import stylegan
from baselines.training.data import Batches, to_float
from baselines.training.ranks import joined
from tests.training import tiny

IMAGES = torch.randint(256, [6, 1, 16, 16], dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
LABELS = torch.eye(3).repeat(2, 1)
STYLES: dict[str, Any] = {"z_dim": 4, "w_dim": 4, "mapping_kwargs": {"num_layers": 2}}
SHARED: dict[str, Any] = {"batch": 8, "mirror": True, "kimg": 0.048, "tick_kimg": 0.008, "snapshot_ticks": 3}
PAIRS = {"channel_base": 64, "channel_max": 4, "epilogue_kwargs": {"mbstd_group_size": 2}}

RUNS = {
    "progan": (
        progan,
        recipes0.Recipe(
            {"z_dim": 4, "fmap_base": 16, "fmap_max": 4},
            {"fmap_base": 16, "fmap_max": 4},
            training_kimg=0.016,
            transition_kimg=0.032,
            batches={"4": 16},
            augment="bgc",
            augment_p=0.5,
            **SHARED,
        ),
        LABELS,
    ),
    # 4x4 for one step of 16 images, then 8x8 fades in; every penalty there is
    "stylegan1": (
        stylegan1,
        recipes1.Recipe(
            {**STYLES, "fmap_base": 16, "fmap_max": 4},
            {"fmap_base": 16, "fmap_max": 4, "mbstd_group_size": 4},
            initial_resolution=4,
            training_kimg=0.016,
            transition_kimg=0.032,
            batches={"4": 16},
            r2_gamma=1,
            gp_lambda=1,
            translate=1,
            augment="bgcfnc",
            augment_p=0.5,
            ada_target=0.6,
            ada_interval=1,
            ada_kimg=0.1,
            **SHARED,
        ),
        LABELS,
    ),
    "stylegan2": (
        stylegan2,
        recipes2.Recipe(
            {**STYLES, "channel_base": 64, "channel_max": 4},
            PAIRS,
            r1_interval=2,
            pl_interval=2,
            pl_decay=0.5,
            translate=1,
            augment="bgcfnc",
            augment_p=0.5,
            ada_target=0.6,
            ada_interval=1,
            ada_kimg=0.05,
            **SHARED,
        ),
        LABELS,
    ),
    "stylegan3": (
        stylegan3,
        recipes3.Recipe(
            {**STYLES, "channel_base": 128, "channel_max": 8, "num_layers": 4, "margin_size": 4},
            PAIRS,
            r1_interval=2,
            magnitude_kimg=0.05,
            blur_init_sigma=1,
            blur_fade_kimg=0.1,
            **SHARED,
        ),
        None,
    ),
}


ROUNDED = ("stylegan1", "stylegan2", "stylegan3")  # also trained in float32, as users do


@contextlib.contextmanager
def in_float64() -> Iterator[None]:
    """Train in float64 during the body."""
    networks, read = stylegan.networks, Batches.read

    def double(*args: Any) -> Any:
        G, D, config = networks(*args)
        return G.double(), D.double(), config

    def drawn(batches: Batches, step: int) -> Any:
        images, labels = read(batches, step)
        return to_float(images).double(), labels

    torch.set_default_dtype(torch.float64)
    stylegan.networks, Batches.read = double, drawn  # type: ignore[method-assign]
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)
        stylegan.networks, Batches.read = networks, read  # type: ignore[method-assign]


def train(name: str, run_dir: Path, share: float = 1, resume: bool = False, float64: bool = True) -> None:
    """Train a model for a share of its recipe's length."""
    module, recipe, labels = RUNS[name]
    with in_float64() if float64 else contextlib.nullcontext():
        recipe = dataclasses.replace(recipe, kimg=recipe.kimg * share)
        module.train(IMAGES, recipe, run_dir, labels=labels, resume=resume)


def said(error: type[Exception], **kwargs: Any) -> str:
    """Return what is said against a run of ``tiny.train``."""
    try:
        tiny.train(steps=8, **kwargs)
    except error as problem:
        return str(problem)
    raise AssertionError("nothing was said")


def main(folder: Path) -> None:
    """Train every model whole, and half of it; resume what one process left half done; and fail in some ways."""
    with joined() as first:
        for name in RUNS:
            train(name, folder / "whole" / name)
            train(name, folder / "from-several" / name, share=0.5)
            train(name, folder / "from-one" / name, resume=True)
        for name in ROUNDED:
            train(name, folder / "several-float32" / name, float64=False)
        rank = torch.distributed.get_rank()
        problems = [
            said(ValueError, run_dir=folder / "nan", spoil_at=5, spoilt_rank=1),
            said(ValueError, run_dir=folder / "alone", group=None),
            said(ValueError, run_dir=folder / "grouped", group=4),
        ]
        if rank == 0:
            (folder / "file").write_text("in the way")
        problems.append(said((ValueError, OSError), run_dir=folder / "file" / "run"))
        problems.append(str(first()))
        (folder / f"said-{rank}").write_text("\n".join(problems))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
