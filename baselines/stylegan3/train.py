"""StyleGAN3 training: StyleGAN2's, with running magnitudes in the generator and a fading blur."""

from pathlib import Path
from typing import Any, Unpack

import torch
from torch import Tensor

from baselines.stylegan2 import train as stylegan2
from baselines.stylegan2.losses import PathLengthMeans, View, intermediate
from baselines.stylegan3.layers import LayerDesign
from baselines.stylegan3.losses import blur, blur_sigma
from baselines.stylegan3.mapping import MappingNetwork
from baselines.stylegan3.networks import Generator, SynthesisNetwork
from baselines.stylegan3.recipes import Recipe
from baselines.training import stylegan
from baselines.training.data import Images
from baselines.training.frame import PreparedRun
from baselines.training.loop import OnTick, StepContext
from baselines.training.settings import Arguments

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
    """Train, and return the path of the averaged generator's weights, ``run_dir / "stylegan3.safetensors"``.

    For arguments and errors see ``baselines.training.stylegan.prepare`` and ``PreparedRun.run``.
    """
    return prepare(images, recipe, run_dir, **options).run(resume=resume, on_tick=on_tick)


class Training(stylegan2.Training):
    """StyleGAN3's training phases: StyleGAN2's without path length regularisation and style mixing."""

    model = "stylegan3"
    generator_class = Generator
    generator_arguments = Arguments(
        (Generator, SynthesisNetwork, LayerDesign), parts={"mapping_kwargs": Arguments((MappingNetwork,))}
    )
    recipe: Recipe

    @classmethod
    def arguments(cls, recipe: Recipe) -> dict[str, Any]:
        """Return the generator's keyword arguments, except those determined by the data."""
        return {**recipe.generator, "magnitude_ema_beta": 0.5 ** (recipe.batch / (recipe.magnitude_kimg * 1000))}

    def before_discriminator(self, at: StepContext, parts: int) -> tuple[Tensor, Tensor | None] | None:
        """Return phase Dmain's generated images and labels if the batch is taken in parts; else None.

        They update the running magnitudes, which depend on the whole batch at every layer.
        """
        return None if parts == 1 else self.observed(at, "Dmain", parts)

    def before_generator(self, at: StepContext, parts: int) -> None:
        """Update the running averages if the batch is taken in parts and phase Gmain is to update them."""
        if parts > 1 and self.recipe.emas_in_every_pass:
            self.observed(at, "Gmain", parts)

    def means(self, at: StepContext, parts: int) -> PathLengthMeans | None:
        """Return the mean path lengths of a batch taken in parts, after updating the averages as for ``Gmain``."""
        if parts > 1 and self.recipe.emas_in_every_pass:
            self.observed(at, "Greg", parts, max(self.recipe.batch // self.recipe.pl_batch_shrink, 1))
        return super().means(at, parts)

    @torch.no_grad()
    def observed(
        self, at: StepContext, phase: str, parts: int, count: int | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Return a phase's images and labels, whose pass through the generator updates its running averages."""
        count = count or self.recipe.batch
        z, c = self.latents(at.stream(phase), count, at.rows)
        mixing = self.mixing(at.stream(f"{phase}/mixing"), count, at.rows)
        return self.G.synthesis.observed(intermediate(self.G, z, c, mixing, update_emas=True), parts), c

    def updates(self, at: StepContext) -> bool:
        """Return whether passes of this context may update the running averages."""
        return at.part.ranks == 1

    def view(self, at: StepContext, purpose: str) -> View:
        """Return a function that blurs, then augments images before the discriminator in this step."""
        sigma = blur_sigma(at.nimg, self.recipe.blur_init_sigma, self.recipe.blur_fade_kimg)
        shifted = super().view(at, purpose)
        return lambda images: shifted(blur(images, sigma))
