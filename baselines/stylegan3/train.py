"""Training of StyleGAN3: StyleGAN2's, with running magnitudes in the generator and a blur that fades."""

from pathlib import Path
from typing import Any, Unpack

from baselines.stylegan2 import train as stylegan2
from baselines.stylegan2.losses import View
from baselines.stylegan3.losses import blur, blur_sigma
from baselines.stylegan3.networks import Generator
from baselines.stylegan3.recipes import Recipe
from baselines.training import game
from baselines.training.data import Images
from baselines.training.loop import Moment

__all__ = ["Game", "train"]


def train(images: Images, recipe: Recipe, run_dir: Path, **options: Unpack[game.Options]) -> Path:
    """Return the path of the averaged generator's weights, ``run_dir / "stylegan3.safetensors"``, after training.

    Arguments, errors and what else is written are those of ``baselines.training.game.play``.
    """
    return game.play(Game, images, recipe, run_dir, **options)


class Game(stylegan2.Game):
    """StyleGAN3's phases are StyleGAN2's without path length regularisation and style mixing."""

    model = "stylegan3"
    generator_class = Generator
    recipe: Recipe

    @classmethod
    def arguments(cls, recipe: Recipe) -> dict[str, Any]:
        """Return the generator's keyword arguments, but for what the data decide."""
        return {**recipe.generator, "magnitude_ema_beta": 0.5 ** (recipe.batch / (recipe.magnitude_kimg * 1000))}

    def view(self, at: Moment, purpose: str) -> View:
        """Return what the discriminator sees of images in this step: blurred and shifted as the recipe has it."""
        sigma = blur_sigma(at.nimg, self.recipe.blur_init_sigma, self.recipe.blur_fade_kimg)
        shifted = super().view(at, purpose)
        return lambda images: shifted(blur(images, sigma))
