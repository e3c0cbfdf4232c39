"""StyleGAN3 training: StyleGAN2's, with running magnitudes in the generator and a fading blur."""

from pathlib import Path
from typing import Any, Unpack

from baselines.stylegan2 import train as stylegan2
from baselines.stylegan2.losses import View
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

    def view(self, at: StepContext, purpose: str) -> View:
        """Return a function that blurs, then augments images before the discriminator in this step."""
        sigma = blur_sigma(at.nimg, self.recipe.blur_init_sigma, self.recipe.blur_fade_kimg)
        shifted = super().view(at, purpose)
        return lambda images: shifted(blur(images, sigma))
