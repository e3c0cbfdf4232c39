"""StyleGAN training, with progressive growing."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar, Unpack

import torch
from torch import Tensor, nn

from baselines.errors import SettingsError
from baselines.stylegan1 import losses
from baselines.stylegan1.mapping import MappingNetwork
from baselines.stylegan1.networks import Discriminator, Generator
from baselines.stylegan1.recipes import Recipe
from baselines.stylegan1.schedule import Growth
from baselines.stylegan1.synthesis import SynthesisBlock, SynthesisNetwork
from baselines.training import stylegan
from baselines.training.augment import translate
from baselines.training.data import BatchSegment, Images
from baselines.training.ema import ema_beta
from baselines.training.frame import PreparedRun, RunOutput
from baselines.training.loop import Losses, OnTick, Phase, StepContext, TrainPlan
from baselines.training.optimizers import lazy_adam
from baselines.training.ranks import first_only
from baselines.training.settings import Arguments
from baselines.training.streams import normal

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


class Training(stylegan.Training):
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
        super().__init__(G, D, recipe, output, seed, labels)
        self.growth = growth(recipe, self.G.img_resolution)
        self.g_adam = lazy_adam(G.parameters(), recipe.g_lr, recipe.betas, interval=None)
        self.d_adam = lazy_adam(D.parameters(), recipe.d_lr, recipe.betas, interval=None)

    @classmethod
    def segments(cls, recipe: Recipe, img_resolution: int) -> tuple[BatchSegment, ...]:
        """Return the batch sizes, which shrink as the images grow."""
        return growth(recipe, img_resolution).segments(round(recipe.kimg * 1000))

    def plan(self) -> TrainPlan:
        """Return the networks, optimisers and phases of the training loop."""
        recipe = self.recipe
        return TrainPlan(
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
            group=self.group(),
        )

    def group(self) -> int:
        """Return the group size of the minibatch deviation; 1 without it."""
        return max(int(self.D.b4.mbstd_group_size), 1)

    def prepare(self, at: StepContext) -> None:
        """Set level of detail and learning rates; reset Adam's moments when a level starts or ends fading in."""
        stage, before = self.growth.at(at.nimg), float(self.G.synthesis.lod)
        self.G.synthesis.lod.fill_(stage.lod)
        self.D.lod.fill_(stage.lod)
        now = float(self.G.synthesis.lod)
        if at.step and math.floor(now) < math.floor(before):
            done = stage.resolution // 2
            first_only(self.save_samples, f"{round(at.nimg / 1000):06d}-{done}x{done}")
        for adam, rate in ((self.g_adam, stage.g_lr), (self.d_adam, stage.d_lr)):
            adam.param_groups[0]["lr"] = rate
            # The moments belong to the networks as they were: new layers, or a new loss surface, make them misleading.
            if math.floor(now) != math.floor(before) or math.ceil(now) != math.ceil(before):
                adam.state.clear()

    def discriminator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase Dmain."""
        lod, count = float(self.D.lod), at.rows.whole(len(at.real))
        z, _ = self.latents(at.stream("Dmain"), count, at.rows)
        with torch.no_grad():
            fake = self.generate(at, "Dmain", z, at.labels)
        view, recipe = at.stream("Dmain/view"), self.recipe
        return losses.discriminator_loss(
            self.D,
            translate(losses.at_level(at.real, lod), recipe.translate, view, at.rows),
            translate(fake, recipe.translate, view, at.rows),
            at.labels,
            recipe.d_loss,
            losses.Penalties(recipe.r1_gamma, recipe.r2_gamma, recipe.gp_lambda, recipe.gp_target, recipe.epsilon),
            at.rows.of(torch.rand(count, generator=at.stream("Dmain/mixed"))),
        )

    def generator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase Gmain and, for the log, the level of detail."""
        z, c = self.latents(at.stream("Gmain"), at.rows.whole(len(at.real)), at.rows)
        fake = translate(self.generate(at, "Gmain", z, c), self.recipe.translate, at.stream("Gmain/view"), at.rows)
        return {**losses.generator_loss(self.D, fake, c, self.recipe.g_loss), "lod": self.G.synthesis.lod}

    def generate(self, at: StepContext, phase: str, z: Tensor, c: Tensor | None) -> Tensor:
        """Return images with random noise and, with the recipe's probability, mixed styles."""
        draws, lod, count = at.stream(f"{phase}/mixing"), float(self.G.synthesis.lod), at.rows.whole(len(z))
        cutoff = losses.mixing_cutoff(draws, self.recipe.style_mixing_prob, self.G.num_ws, lod)
        mixed = None
        if cutoff is not None:
            mixed = at.rows.of(normal(draws, count, self.G.z_dim)).to(self.device), cutoff
        return losses.generate(self.G, z, c, stylegan.StepNoise(at.stream, phase, count, self.device, at.rows), mixed)


def growth(recipe: Recipe, img_resolution: int) -> Growth:
    """Return the recipe's schedule of growing to ``img_resolution``.

    Raises:
        SettingsError: the initial resolution is larger than the images, or not a power of two of at least 4.
    """
    start = recipe.initial_resolution
    if start > img_resolution:
        raise SettingsError(
            f"expected initial_resolution to be at most the images' {img_resolution} pixels, found {start}: lower it."
        )
    if start < 4 or start & (start - 1):
        raise SettingsError(f"expected initial_resolution to be 4, 8, 16 and so on, found {start}: set a power of two.")
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
    """Return the dictionary with its keys, which are resolutions, as numbers.

    Raises:
        SettingsError: a key is not a whole number.
    """
    for resolution in table:
        if not resolution.isdecimal():
            raise SettingsError(f'expected settings by resolution, such as {{"8": 256}}, found the key {resolution!r}.')
    return {int(resolution): value for resolution, value in table.items()}
