"""Training of StyleGAN, which grows while it is trained."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar, Unpack

import torch
from torch import Tensor, nn

from baselines.stylegan1 import losses
from baselines.stylegan1.networks import Discriminator, Generator
from baselines.stylegan1.recipes import Recipe
from baselines.stylegan1.schedule import Growth
from baselines.training import game
from baselines.training.augment import translate
from baselines.training.data import Images, Stretch
from baselines.training.ema import ema_beta
from baselines.training.loop import Losses, Moment, Phase, Trainee
from baselines.training.optimizers import lazy_adam
from baselines.training.ranks import first_only
from baselines.training.streams import normal

__all__ = ["Game", "train"]


def train(images: Images, recipe: Recipe, run_dir: Path, **options: Unpack[game.Options]) -> Path:
    """Return the path of the averaged generator's weights, ``run_dir / "stylegan1.safetensors"``, after training.

    There is also a sample grid of each level of detail, ``samples-KIMG-RxR.png``, from when it was fully trained; the
    log has the level as ``Gmain/lod``. Arguments, errors and what else is written are those of
    ``baselines.training.game.play``.
    """
    return game.play(Game, images, recipe, run_dir, **options)


class Game(game.Game):
    """StyleGAN's phases: the discriminator with its penalties, then the generator, at the level of the moment."""

    model = "stylegan1"
    generator_class: ClassVar[Callable[..., Any]] = Generator
    discriminator_class: ClassVar[Callable[..., Any]] = Discriminator
    recipe: Recipe

    def __init__(self, G: nn.Module, D: nn.Module, recipe: Recipe, outcome: game.Outcome) -> None:
        super().__init__(G, D, recipe, outcome)
        self.growth = growth(recipe, self.G.img_resolution)
        self.g_adam = lazy_adam(G.parameters(), recipe.g_lr, recipe.betas, interval=None)
        self.d_adam = lazy_adam(D.parameters(), recipe.d_lr, recipe.betas, interval=None)

    @classmethod
    def stretches(cls, recipe: Recipe, img_resolution: int) -> tuple[Stretch, ...]:
        """Return the batch sizes, which shrink as the images grow."""
        return growth(recipe, img_resolution).stretches(round(recipe.kimg * 1000))

    def trainee(self) -> Trainee:
        """Return networks, optimisers and phases for the loop."""
        recipe = self.recipe
        return Trainee(
            networks={"G": self.G, "D": self.D, "G_ema": self.G_ema},
            optimizers={"G": self.g_adam, "D": self.d_adam},
            phases=(
                Phase("Dmain", (self.D,), (self.d_adam,), self.discriminator_loss),
                Phase("Gmain", (self.G,), (self.g_adam,), self.generator_loss),
            ),
            averages=((self.G_ema, self.G),),
            ema_beta=lambda nimg: ema_beta(self.growth.at(nimg).batch, nimg, recipe.ema_kimg, recipe.ema_rampup),
            export=self.export,
            prepare=self.prepare,
            group=max(self.D.b4.mbstd_group_size, 1),
        )

    def prepare(self, at: Moment) -> None:
        """Set level of detail and learning rates; forget the gradients' moments where a level begins or is whole."""
        stage, before = self.growth.at(at.nimg), float(self.G.synthesis.lod)
        self.G.synthesis.lod.fill_(stage.lod)
        self.D.lod.fill_(stage.lod)
        now = float(self.G.synthesis.lod)
        if at.step and math.floor(now) < math.floor(before):
            done = stage.resolution // 2
            first_only(self.save_samples, f"{round(at.nimg / 1000):06d}-{done}x{done}")
        for adam, rate in ((self.g_adam, stage.g_lr), (self.d_adam, stage.d_lr)):
            adam.param_groups[0]["lr"] = rate
            if math.floor(now) != math.floor(before) or math.ceil(now) != math.ceil(before):
                adam.state.clear()

    def discriminator_loss(self, at: Moment) -> Losses:
        """Return the loss of phase Dmain."""
        lod, count = float(self.D.lod), at.share.whole(len(at.real))
        z, _ = self.latents(at.stream("Dmain"), count, at.share)
        with torch.no_grad():
            fake = self.generate(at, "Dmain", z, at.labels)
        view, recipe = at.stream("Dmain/view"), self.recipe
        return losses.discriminator_loss(
            self.D,
            translate(losses.at_level(at.real, lod), recipe.translate, view, at.share),
            translate(fake, recipe.translate, view, at.share),
            at.labels,
            recipe.d_loss,
            losses.Penalties(recipe.r1_gamma, recipe.r2_gamma, recipe.gp_lambda, recipe.gp_target, recipe.epsilon),
            at.share.of(torch.rand(count, generator=at.stream("Dmain/mixed"))),
        )

    def generator_loss(self, at: Moment) -> Losses:
        """Return the loss of phase Gmain, and for the log the level of detail."""
        z, c = self.latents(at.stream("Gmain"), at.share.whole(len(at.real)), at.share)
        fake = translate(self.generate(at, "Gmain", z, c), self.recipe.translate, at.stream("Gmain/view"), at.share)
        return {**losses.generator_loss(self.D, fake, c, self.recipe.g_loss), "lod": self.G.synthesis.lod}

    def generate(self, at: Moment, phase: str, z: Tensor, c: Tensor | None) -> Tensor:
        """Return images with random noise and, by chance, mixed styles."""
        draws, lod, count = at.stream(f"{phase}/mixing"), float(self.G.synthesis.lod), at.share.whole(len(z))
        cutoff = losses.mixing_cutoff(draws, self.recipe.style_mixing_prob, self.G.num_ws, lod)
        mixed = None
        if cutoff is not None:
            mixed = at.share.of(normal(draws, count, self.G.z_dim)).to(self.device), cutoff
        return losses.generate(self.G, z, c, game.StepNoise(at.stream, phase, count, self.device, at.share), mixed)


def growth(recipe: Recipe, img_resolution: int) -> Growth:
    """Return how a recipe lets networks grow to a resolution.

    Raises:
        ValueError: they are to start at more than that.
    """
    if recipe.initial_resolution > img_resolution:
        raise ValueError(
            f"the recipe starts growing at {recipe.initial_resolution} pixels and the images have {img_resolution}: "
            "set initial_resolution to that or less."
        )
    return Growth(
        img_resolution,
        recipe.initial_resolution,
        recipe.training_kimg,
        recipe.transition_kimg,
        recipe.batch,
        by_number(recipe.batches),
        recipe.g_lr,
        recipe.d_lr,
        by_number(recipe.g_lrs),
        by_number(recipe.d_lrs),
    )


T = TypeVar("T")


def by_number(table: Mapping[str, T]) -> dict[int, T]:
    """Return a dictionary by resolution with its keys as numbers."""
    return {int(resolution): value for resolution, value in table.items()}
