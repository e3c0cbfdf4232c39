"""StyleGAN training, with progressive growing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Unpack

import torch
from torch import Tensor, nn

from baselines.errors import SettingsError
from baselines.ops.host import value_of
from baselines.ops.levels import at_level
from baselines.stylegan1 import losses
from baselines.stylegan1.mapping import MappingNetwork
from baselines.stylegan1.networks import Discriminator, Generator
from baselines.stylegan1.recipes import Recipe
from baselines.stylegan1.synthesis import SynthesisBlock, SynthesisNetwork
from baselines.training import growing, stylegan
from baselines.training.data import Images
from baselines.training.ema import ema_beta
from baselines.training.frame import PreparedRun, RunOutput
from baselines.training.loop import Losses, OnTick, StepContext
from baselines.training.settings import Arguments
from baselines.training.streams import moved, normal

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
    """Train, and return the path of the averaged generator's weights, ``run_dir / "stylegan1.safetensors"``.

    Each level of detail also gets a sample grid, ``samples-KIMG-RxR.png``, at the end of its training. The log has the
    level as ``Gmain/lod``. For arguments and errors see ``baselines.training.stylegan.prepare`` and
    ``PreparedRun.run``.
    """
    return prepare(images, recipe, run_dir, **options).run(resume=resume, on_tick=on_tick)


class Training(growing.Training):
    """StyleGAN's training phases: the discriminator with its penalties, then the generator, at the current level."""

    model = "stylegan1"
    generator_class: ClassVar[Callable[..., Any]] = Generator
    discriminator_class: ClassVar[Callable[..., Any]] = Discriminator
    generator_arguments = Arguments(
        (Generator, SynthesisNetwork, SynthesisBlock),
        hidden=frozenset({"has_torgb"}),
        parts={"mapping_kwargs": Arguments((MappingNetwork,))},
    )
    discriminator_arguments = Arguments((Discriminator,))
    recipe: Recipe

    def __init__(
        self, G: nn.Module, D: nn.Module, recipe: Recipe, output: RunOutput, seed: int = 0, labels: Tensor | None = None
    ) -> None:
        if recipe.ada_target is not None and recipe.d_loss == "wgan":
            raise SettingsError(
                f"expected no ada_target with the loss wgan, whose scores have no sign for real, found "
                f"{recipe.ada_target:g}: set ada_target=null and a fixed augment_p."
            )
        super().__init__(G, D, recipe, output, seed, labels)

    def lods(self) -> tuple[Tensor, Tensor]:
        """Return the level of detail of generator and discriminator, each ``[]``, which may be written to."""
        return self.G.synthesis.lod, self.D.lod

    def ema_beta(self, nimg: int) -> float:
        """Return the fraction of the average that a step keeps, after ``nimg`` images."""
        return ema_beta(self.growth.at(nimg).batch, nimg, self.recipe.ema_kimg, self.recipe.ema_rampup)

    def discriminator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase Dmain."""
        lod, count = value_of(self.D.lod), at.rows.whole(len(at.real))
        z, _ = self.latents(at.stream("Dmain"), count, at.rows)
        with torch.no_grad():
            fake = self.generate(at, "Dmain", z, at.labels)
        seen, recipe = self.view(at, "Dmain/view"), self.recipe
        found = losses.discriminator_loss(
            self.D,
            seen(at_level(at.real, lod)),
            seen(fake),
            at.labels,
            recipe.d_loss,
            losses.Penalties(recipe.r1_gamma, recipe.r2_gamma, recipe.gp_lambda, recipe.gp_target, recipe.epsilon),
            moved(at.rows.of(torch.rand(count, generator=at.stream("Dmain/mixed"))), self.device),
        )
        self.observe(found["scores_real"])
        return found

    def generator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase Gmain and, for the log, the level of detail."""
        z, c = self.latents(at.stream("Gmain"), at.rows.whole(len(at.real)), at.rows)
        fake = self.view(at, "Gmain/view")(self.generate(at, "Gmain", z, c))
        return {**losses.generator_loss(self.D, fake, c, self.recipe.g_loss), "lod": self.G.synthesis.lod}

    def generate(self, at: StepContext, phase: str, z: Tensor, c: Tensor | None) -> Tensor:
        """Return images with random noise and, with the recipe's probability, mixed styles."""
        draws, lod, count = at.stream(f"{phase}/mixing"), value_of(self.G.synthesis.lod), at.rows.whole(len(z))
        cutoff = losses.mixing_cutoff(draws, self.recipe.style_mixing_prob, self.G.num_ws, lod)
        mixed = None
        if cutoff is not None:
            mixed = moved(at.rows.of(normal(draws, count, self.G.z_dim)), self.device), cutoff
        return losses.generate(self.G, z, c, stylegan.StepNoise(at.stream, phase, count, self.device, at.rows), mixed)
