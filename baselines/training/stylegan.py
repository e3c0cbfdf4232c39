"""The training that Progressive GAN and all StyleGANs share: generator, discriminator, and averaged generator."""

import copy
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar, Unpack

import torch
from torch import Tensor, nn

from baselines.errors import SettingsError, TrainingError
from baselines.training import frame
from baselines.training.data import Batches, BatchSegment, Images, fingerprint
from baselines.training.frame import Identity, PreparedRun, RunOutput, schedule_of
from baselines.training.ranks import WHOLE, RankSlice
from baselines.training.settings import Arguments, BatchSize, Betas, Count, Kimg, LearningRate, Number, building, check
from baselines.training.streams import moved, normal, normal_rows, seeded, stream
from baselines.training.transfer import Start

GRID = 10  # samples in a row and in a column of the sample grid


@dataclass(frozen=True)
class BaseRecipe:
    """Settings that Progressive GAN and all StyleGANs share.

    Attributes:
        generator: keyword arguments of the generator, except those determined by the data.
        discriminator: keyword arguments of the discriminator, with the same exception.
        kimg: length of the run, in thousands of real images shown.
        batch: images per step.
        g_lr, d_lr: learning rates of Adam before the correction for lazy regularisation.
        betas: decay rates of Adam's two moments.
        mirror: whether to flip images left to right with probability 1/2.
        tick_kimg: thousands of images between two lines of the log.
        snapshot_ticks: ticks between two snapshots.
    """

    generator: Mapping[str, Any] = field(default_factory=dict)
    discriminator: Mapping[str, Any] = field(default_factory=dict)
    kimg: Kimg = 25000
    batch: BatchSize = 32
    g_lr: LearningRate = 0.002
    d_lr: LearningRate = 0.002
    betas: Betas = (0.0, 0.99)
    mirror: bool = False
    tick_kimg: Kimg = 4
    snapshot_ticks: Count = 50


@dataclass(frozen=True)
class Recipe(BaseRecipe):
    """Settings that all StyleGANs share.

    Attributes:
        ema_kimg: half-life of the averaged generator, in thousands of images.
        ema_rampup: upper bound of the half-life, as a fraction of the images shown so far; None for no bound.
    """

    ema_kimg: Number = 10
    ema_rampup: Number | None = None


class Options(frame.Options, total=False):
    """Options of a run besides images, recipe and folder; see ``prepare``."""

    labels: Tensor | None
    start: Mapping[str, Mapping[str, Tensor]] | None


class Training(frame.Training):
    """A generator trained against a discriminator, with the averaged generator as the result.

    Attributes:
        generator_class, discriminator_class: classes of the networks.
        generator_arguments, discriminator_arguments: arguments that a recipe may give them.
        G, D, G_ema: generator, discriminator and averaged generator.
        recipe: the settings.
        output: the run folder, and the content of the weights' header.
        seed: seed of the sample grid.
        labels: labels of the training images, ``[N, c_dim]``, or None.
    """

    generator_class: ClassVar[Callable[..., Any]]
    discriminator_class: ClassVar[Callable[..., Any]]
    generator_arguments: ClassVar[Arguments]
    discriminator_arguments: ClassVar[Arguments]

    def __init__(
        self, G: nn.Module, D: nn.Module, recipe: Any, output: RunOutput, seed: int = 0, labels: Tensor | None = None
    ) -> None:
        self.G: Any = G
        self.D: Any = D
        self.G_ema: Any = copy.deepcopy(G).eval()
        self.recipe, self.output, self.seed, self.labels = recipe, output, seed, labels
        self.device = next(G.parameters()).device

    @classmethod
    def arguments(cls, recipe: Any) -> dict[str, Any]:
        """Return the generator's keyword arguments, except those determined by the data."""
        return dict(recipe.generator)

    @classmethod
    def discriminator_config(cls, recipe: Any) -> dict[str, Any]:
        """Return the discriminator's keyword arguments, except those determined by the data."""
        return dict(recipe.discriminator)

    @classmethod
    def segments(cls, recipe: Any, img_resolution: int) -> tuple[BatchSegment, ...]:
        """Return the run's segments of constant batch size; empty if the recipe's ``batch`` holds throughout."""
        return ()

    @abstractmethod
    def group(self) -> int:
        """Return the number of images that the discriminator compares; 1 if it judges each alone."""

    def result(self) -> nn.Module:
        """Return the averaged generator."""
        averaged: nn.Module = self.G_ema
        return averaged

    def latents(self, draws: torch.Generator, count: int, rows: RankSlice = WHOLE) -> tuple[Tensor, Tensor | None]:
        """Return this process's rows of latents ``[count, z_dim]`` and of labels drawn from the data's, or None."""
        z = moved(rows.of(normal(draws, count, self.G.z_dim)), self.device)
        if self.labels is None:
            return z, None
        chosen = rows.of(torch.randint(len(self.labels), [count], generator=draws))
        return z, moved(self.labels[chosen], self.device)

    def samples(self) -> tuple[Tensor, int]:
        """Return samples of the averaged generator, ``[GRID**2, C, R, R]``, -1..1, and the number of images per row."""
        z, c = self.latents(stream(self.seed, 0, "grid"), GRID**2)
        rows = zip(z.view(GRID, GRID, -1), [None] * GRID if c is None else c.view(GRID, GRID, -1), strict=True)
        # Row by row, to keep the memory small.
        return torch.cat([self.G_ema(z_row, c_row) for z_row, c_row in rows]), GRID


T = TypeVar("T", bound=Training)


def prepare(
    training: type[T],
    images: Images,
    recipe: BaseRecipe,
    run_dir: Path,
    *,
    labels: Tensor | None = None,
    start: Mapping[str, Mapping[str, Tensor]] | None = None,
    **options: Unpack[frame.Options],
) -> PreparedRun[T]:
    """Return a run that is ready to start, with settings and data checked and the networks built.

    Args:
        training: the paper's class.
        images: N square images ``[C, R, R]`` uint8, such as a tensor ``[N, C, R, R]``; R a power of two.
        recipe: all settings, such as ``RECIPES["digits32"]``.
        run_dir: the run folder; nothing is written yet.
        labels: ``[N, c_dim]`` float32 one-hot labels for a conditional model, or None.
        start: for transfer learning, initial state dicts of ``G``, ``D`` and ``G_ema``; tensors of equal name and shape
            are copied.
        options: see ``baselines.training.frame.Identity``.

    Raises:
        SettingsError: a setting is unknown, of the wrong kind or out of range.
        TrainingError: there are no images, their sides are not equal powers of two, or no initial weight fits.
    """
    identity, recipe = Identity.of(options), check(recipe)
    batches = Batches(images, labels, recipe.batch, identity.seed, recipe.mirror)
    content, shape = identity.data_fingerprint or fingerprint(images, labels), shape_of(images, labels)
    with building("the schedule"):
        batches.segments = training.segments(recipe, shape["img_resolution"])
    G, D, config = networks(training, recipe, shape, identity.seed)
    output = RunOutput.of(run_dir, config, recipe, identity, content)
    with building("the training"):
        built = training(G.to(identity.device), D.to(identity.device), recipe, output, identity.seed, labels)
    check_groups(batches.sizes(), built.group())
    run = PreparedRun(built, batches, schedule_of(recipe, batches, content), identity.device, identity.hardware)
    if start:
        run.begin_from(Start(start, "the initial weights"))
    return run


def networks(
    training: type[Training], recipe: BaseRecipe, shape: Mapping[str, int], seed: int
) -> tuple[nn.Module, nn.Module, dict[str, Any]]:
    """Return newly initialised generator and discriminator, and the generator's keyword arguments.

    Raises:
        SettingsError: the networks cannot be built with the recipe's settings.
    """
    training.generator_arguments.check(recipe.generator, "generator", shape)
    training.discriminator_arguments.check(recipe.discriminator, "discriminator", shape)
    config = {**shape, **training.arguments(recipe)}
    with seeded(seed), building("the networks"):
        G, D = (
            training.generator_class(**config),
            training.discriminator_class(**shape, **training.discriminator_config(recipe)),
        )
    return G.requires_grad_(False), D.requires_grad_(False), config


def check_groups(sizes: Iterable[int], group: int) -> None:
    """Check that batches divide into the groups of images that the discriminator compares.

    Raises:
        SettingsError: a batch size is not a multiple of the group size.
    """
    for size in sizes:
        if size % min(group, size):
            raise SettingsError(
                f"expected batches of a multiple of {group} images, which the discriminator compares, found {size}."
            )


def shape_of(images: Images, labels: Tensor | None) -> dict[str, int]:
    """Return the networks' arguments that the data determine: ``c_dim``, ``img_resolution`` and ``img_channels``.

    Raises:
        TrainingError: the sides of the images are not equal powers of two, or smaller than 8 pixels.
    """
    channels, height, width = images[0].shape
    if height != width or height < 8 or height & (height - 1):
        raise TrainingError(
            f"expected square training images with sides of 8, 16, 32 and so on, found {width}x{height}: resize them."
        )
    c_dim = 0 if labels is None else labels.shape[1]
    return {"c_dim": c_dim, "img_resolution": height, "img_channels": channels}


@dataclass(frozen=True)
class StepNoise:
    """Noise for a generator's layers in one pass of one step; depends on seed, step and pass alone.

    Attributes:
        stream: returns the step's random stream for a purpose.
        purpose: name of the pass.
        count: images in the whole batch.
        device: device of the draws.
        rows: this process's share of the images.
    """

    stream: Callable[[str], torch.Generator]
    purpose: str
    count: int
    device: torch.device
    rows: RankSlice = WHOLE

    def normal(self, purpose: str, shape: Sequence[int] = ()) -> Tensor:
        """Return this process's rows of standard normal draws ``[count, *shape]``."""
        draws = self.stream(f"{self.purpose}/{purpose}")
        return normal_rows(draws, self.count, shape, self.device, self.rows)
