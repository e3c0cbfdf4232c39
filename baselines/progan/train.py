"""Progressive GAN training."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Unpack

import torch
from torch import Tensor

from baselines.ops.host import value_of
from baselines.ops.levels import at_level
from baselines.progan import losses
from baselines.progan.networks import Discriminator, Generator
from baselines.progan.recipes import Recipe
from baselines.training import growing, stylegan
from baselines.training.data import Images
from baselines.training.frame import PreparedRun
from baselines.training.loop import Losses, OnTick, StepContext
from baselines.training.settings import Arguments
from baselines.training.streams import moved

__all__ = ["Training", "prepare", "train"]


def prepare(
    images: Images, recipe: Recipe, run_dir: Path, **options: Unpack[stylegan.Options]
) -> PreparedRun["Training"]:
    """Return a run that is ready to start; see ``baselines.training.stylegan.prepare`` for arguments and errors."""
    return stylegan.prepare(Training, images, recipe, run_dir, **options)


def train(
    images: Images,
    recipe: Recipe,
    run_dir: Path,
    *,
    resume: bool = False,
    on_tick: OnTick | None = None,
    **options: Unpack[stylegan.Options],
) -> Path:
    """Train, and return the path of the averaged generator's weights, ``run_dir / "progan.safetensors"``.

    Each level of detail also gets a sample grid, ``samples-KIMG-RxR.png``, at the end of its training. The log has the
    level as ``Gmain/lod``. For arguments and errors see ``baselines.training.stylegan.prepare`` and
    ``PreparedRun.run``.
    """
    return prepare(images, recipe, run_dir, **options).run(resume=resume, on_tick=on_tick)


class Training(growing.Training):
    """Progressive GAN's losses; the discriminator is also trained to name the labels of real and generated images."""

    model = "progan"
    generator_class: ClassVar[Callable[..., Any]] = Generator
    discriminator_class: ClassVar[Callable[..., Any]] = Discriminator
    generator_arguments = Arguments((Generator,))
    discriminator_arguments = Arguments((Discriminator,))
    adapts = False  # scores of WGAN have no sign for real
    recipe: Recipe

    def lods(self) -> tuple[Tensor, Tensor]:
        """Return the level of detail of generator and discriminator, each ``[]``, which may be written to."""
        return self.G.lod, self.D.lod

    def ema_beta(self, nimg: int) -> float:
        """Return the fraction of the average that a step keeps, the same throughout."""
        return self.recipe.g_smoothing

    def discriminator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase Dmain."""
        count, recipe = at.rows.whole(len(at.real)), self.recipe
        z, _ = self.latents(at.stream("Dmain"), count, at.rows)
        with torch.no_grad():
            fake = self.G(z, at.labels)
        seen = self.view(at, "Dmain/view")
        return losses.discriminator_loss(
            self.D,
            seen(at_level(at.real, value_of(self.D.lod))),
            seen(fake),
            at.labels,
            moved(at.rows.of(torch.rand(count, generator=at.stream("Dmain/mixed"))), self.device),
            losses.Penalties(recipe.gp_lambda, recipe.gp_target, recipe.epsilon, recipe.cond_weight),
        )

    def generator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase Gmain and, for the log, the level of detail."""
        z, c = self.latents(at.stream("Gmain"), at.rows.whole(len(at.real)), at.rows)
        fake = self.view(at, "Gmain/view")(self.G(z, c))
        return {**losses.generator_loss(self.D, fake, c, self.recipe.cond_weight), "lod": self.G.lod}
