"""What the training of networks that grow has in common: level of detail, batch size and learning rates over time.

Source: Karras et al., Progressive Growing of GANs (ICLR 2018), section 2 and appendix A.
Deviation: the published code sets level, batch size and learning rates before every fourth step, this before every one.
"""

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

from torch import Tensor, nn

from baselines.errors import SettingsError
from baselines.ops.host import set_value, value_of
from baselines.training import stylegan
from baselines.training.augmented import Augmented, Augmenting
from baselines.training.data import BatchSegment
from baselines.training.frame import RunOutput
from baselines.training.freezing import freeze_first
from baselines.training.growth import Growth
from baselines.training.kept import label
from baselines.training.loop import Losses, Phase, StepContext, TrainPlan
from baselines.training.optimizers import lazy_adam
from baselines.training.ranks import first_only
from baselines.training.settings import ADJUSTABLE, BatchSize, Count, LearningRate, Number, Range

Rates = Annotated[Mapping[str, float], Range(0, 1e38), ADJUSTABLE]


@dataclass(frozen=True)
class Recipe(Augmented, stylegan.BaseRecipe):
    """Settings of a run that grows.

    The keys of mappings are resolutions as text, because JSON allows no numbers there: ``{"8": 256}``. Resolutions
    without an entry use ``batch``, ``g_lr`` and ``d_lr``. Images are shifted and augmented at the full size, to which
    those of a lower level are enlarged.

    Attributes:
        initial_resolution: resolution at which growing starts.
        training_kimg: thousands of images at each level before the next one fades in.
        transition_kimg: thousands of images over which a level fades in.
        batches: images per step.
        g_lrs, d_lrs: learning rates.
    """

    g_lr: LearningRate = 0.001
    d_lr: LearningRate = 0.001
    initial_resolution: Count = 8
    training_kimg: Number = 600
    transition_kimg: Number = 600
    batches: Mapping[str, BatchSize] = field(default_factory=dict)
    g_lrs: Rates = field(default_factory=dict)
    d_lrs: Rates = field(default_factory=dict)


class Training(Augmenting):
    """Phases of networks that grow: the discriminator with its penalties, then the generator, at the current level."""

    def __init__(
        self, G: nn.Module, D: nn.Module, recipe: Recipe, output: RunOutput, seed: int = 0, labels: Tensor | None = None
    ) -> None:
        super().__init__(G, D, recipe, output, seed, labels)
        self.growth = growth(recipe, self.G.img_resolution)
        freeze_first(recipe.freeze_d, self.D.blocks(), recipe.initial_resolution, self.G.img_resolution)
        self.g_adam = lazy_adam(G.parameters(), recipe.g_lr, recipe.betas, interval=None)
        self.d_adam = lazy_adam(D.parameters(), recipe.d_lr, recipe.betas, interval=None)

    @classmethod
    def segments(cls, recipe: Recipe, img_resolution: int) -> tuple[BatchSegment, ...]:
        """Return the batch sizes, which shrink as the images grow."""
        return growth(recipe, img_resolution).segments(round(recipe.kimg * 1000))

    @abstractmethod
    def lods(self) -> tuple[Tensor, Tensor]:
        """Return the level of detail of generator and discriminator, each ``[]``, which may be written to."""

    @abstractmethod
    def ema_beta(self, nimg: int) -> float:
        """Return the fraction of the average that a step keeps, after ``nimg`` images."""

    @abstractmethod
    def discriminator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase Dmain."""

    @abstractmethod
    def generator_loss(self, at: StepContext) -> Losses:
        """Return the loss of phase Gmain."""

    def plan(self) -> TrainPlan:
        """Return the networks, optimisers and phases of the training loop."""
        augment = {} if self.augment is None else {"augment": self.augment}
        return TrainPlan(
            networks={"G": self.G, "D": self.D, "G_ema": self.G_ema, **augment},
            optimizers={"G": self.g_adam, "D": self.d_adam},
            phases=(
                Phase("Dmain", (self.D,), (self.d_adam,), self.discriminator_loss),
                Phase("Gmain", (self.G,), (self.g_adam,), self.generator_loss),
            ),
            averages=((self.G_ema, self.G),),
            ema_beta=self.ema_beta,
            export=self.export,
            prepare=self.prepare,
            logged=self.logged,
            group=self.group(),
        )

    def group(self) -> int:
        """Return the group size of the minibatch deviation; 1 without it."""
        return max(int(self.D.b4.mbstd_group_size), 1)

    def prepare(self, at: StepContext) -> None:
        """Set level of detail, rates and augmentation; reset Adam's moments when a level starts or ends fading in."""
        super().prepare(at)
        stage, before = self.growth.at(at.nimg), value_of(self.lods()[0])
        for lod in self.lods():
            set_value(lod, stage.lod)
        now = value_of(self.lods()[0])
        if at.step and math.floor(now) < math.floor(before):
            done = stage.resolution // 2
            first_only(self.save_samples, f"{label(at.nimg / 1000)}-{done}x{done}")
        for adam, rate in ((self.g_adam, stage.g_lr), (self.d_adam, stage.d_lr)):
            adam.param_groups[0]["lr"] = rate
            if math.floor(now) != math.floor(before) or math.ceil(now) != math.ceil(before):
                # The moments belong to the networks as they were: new layers, or a new loss surface, make them
                # misleading.
                adam.state.clear()


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
