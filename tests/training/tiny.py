"""A model so small that a step takes a millisecond, to hold the loop against its promises; also run as a program."""

import copy
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from baselines.training import kept
from baselines.training.data import Batches
from baselines.training.ema import ema_beta
from baselines.training.grids import save_grid
from baselines.training.hardware import DEFAULT, Hardware
from baselines.training.loop import Losses, OnTick, Phase, Schedule, StepContext, TrainPlan, run
from baselines.training.optimizers import lazy_adam
from baselines.training.ranks import joined
from baselines.training.streams import normal, seeded

BATCH = 4
IMAGES = torch.arange(7 * 4, dtype=torch.uint8).reshape(7, 1, 2, 2) * 9


class Tiny:
    """A linear generator and discriminator of 2x2 images, with everything that the loop supports."""

    def __init__(
        self,
        run_dir: Path,
        spoil_at: int | None = None,
        spoilt_rank: int = 0,
        group: int | None = 1,
        lr: float = 0.01,
        keep: int | None = None,
    ) -> None:
        with seeded(3):
            self.G, self.D = nn.Linear(3, 4).requires_grad_(False), nn.Linear(4, 1).requires_grad_(False)
        self.G_ema = copy.deepcopy(self.G)
        self.run_dir, self.spoil_at, self.spoilt_rank, self.group = run_dir, spoil_at, spoilt_rank, group
        self.lr, self.keep = lr, keep
        self.exports = 0
        self.prepared: list[int] = []  # the steps that it was asked to prepare

    def plan(self) -> TrainPlan:
        g_adam = lazy_adam(self.G.parameters(), self.lr, (0.0, 0.99), None)
        d_adam = lazy_adam(self.D.parameters(), self.lr, (0.0, 0.99), 3)
        return TrainPlan(
            networks={"G": self.G, "D": self.D, "G_ema": self.G_ema},
            optimizers={"G": g_adam, "D": d_adam},
            phases=(
                Phase("G", (self.G,), (g_adam,), self.generator_loss),
                Phase("D", (self.D,), (d_adam,), self.discriminator_loss),
                Phase("Dreg", (self.D,), (d_adam,), self.penalty, interval=3),
            ),
            averages=((self.G_ema, self.G),),
            ema_beta=lambda nimg: ema_beta(BATCH, nimg, 0.02, 0.5),
            export=self.export,
            start=lambda: save_grid(self.run_dir / "reals.png", torch.zeros(1, 1, 2, 2), 1),
            complete=self.complete,
            prepare=lambda at: self.prepared.append(at.step),
            group=self.group,
        )

    def generator_loss(self, at: StepContext) -> Losses:
        total = -self.D(self.G(at.rows.of(normal(at.stream("G"), BATCH, 3))))
        spoilt = at.step == self.spoil_at and at.rows.rank == self.spoilt_rank
        return {"total": total * float("nan") if spoilt else total}

    def discriminator_loss(self, at: StepContext) -> Losses:
        fake = self.G(at.rows.of(normal(at.stream("D"), BATCH, 3)))
        return {"total": self.D(fake) - self.D(at.real.flatten(1))}

    def penalty(self, at: StepContext) -> Losses:
        return {"total": self.D(at.real.flatten(1)).square()}

    def export(self, kimg: float, changes: Mapping[str, Any]) -> Path:
        self.exports += 1
        told = {"config": {}, "kimg": kimg, "keep": self.keep, **changes}
        path = kept.export(self.run_dir, self.G_ema, model="tiny", **told)
        save_grid(self.run_dir / f"samples-{kept.label(kimg)}.png", self.G_ema(torch.ones(2, 3)).view(2, 1, 2, 2), 2)
        return path

    def complete(self, kimg: float, changes: Mapping[str, Any]) -> None:
        if not (self.run_dir / f"samples-{kept.label(kimg)}.png").exists():
            self.export(kimg, changes)


def train(
    run_dir: Path,
    steps: int,
    *,
    resume: bool = False,
    seed: int = 0,
    spoil_at: int | None = None,
    spoilt_rank: int = 0,
    group: int | None = 1,
    on_tick: OnTick | None = None,
    tick: int = 2,
    snapshot: int = 4,
    lr: float = 0.01,
    hardware: Hardware = DEFAULT,
    keep: int | None = None,
    workers: int = 0,
) -> Tiny:
    tiny = Tiny(run_dir, spoil_at, spoilt_rank, group, lr, keep)
    settings = {"seed": seed, "betas": [0.0, 0.99], "lr": lr}
    schedule = Schedule(steps, tick, snapshot, settings, seed, frozenset({"lr", "seed"}))
    batches = Batches(IMAGES, None, BATCH, seed)
    how: dict[str, Any] = {"resume": resume, "hardware": hardware, "workers": workers}
    run(tiny.plan(), batches, schedule, run_dir, on_tick=on_tick, **how)
    return tiny


if __name__ == "__main__":
    with joined():
        train(
            Path(sys.argv[1]),
            int(sys.argv[2]),
            resume=sys.argv[3:] == ["resume"],
            on_tick=lambda _: print(f"tick {os.getpid()}", flush=True),
        )
