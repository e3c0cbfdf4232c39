"""What recipes of pix2pix and CycleGAN have in common: networks by kind, and epochs with a policy of learning rates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from baselines.errors import SettingsError
from baselines.training.settings import (
    Arguments,
    BatchSize,
    Betas,
    Count,
    Kimg,
    LearningRate,
    Number,
    Pixels,
    Whole,
)
from baselines.translation.initialisation import INIT_GAIN, InitType
from baselines.translation.networks import DISCRIMINATORS, GENERATORS
from baselines.translation.preprocessing import Preprocess
from baselines.translation.schedule import Policy, lr_factor

T = TypeVar("T")


@dataclass(frozen=True)
class EpochRecipe:
    """Settings that pix2pix and CycleGAN share.

    Attributes:
        generator: ``netG`` (``unet`` or ``resnet``) and keyword arguments of the generator, except its channels.
        discriminator: ``netD`` (``n_layers`` or ``pixel``) and keyword arguments of the discriminator.
        n_epochs: epochs at the initial learning rate.
        n_epochs_decay: epochs over which the linear policy lowers it to 0.
        kimg: length of the run, in thousands of images, or of pairs; None for all epochs.
        batch: images of each domain, or pairs, per step.
        lr: learning rate of Adam.
        betas: decay rates of Adam's two moments.
        lr_policy: ``linear``, ``step``, ``plateau`` or ``cosine``; see ``baselines.translation.schedule``.
        lr_decay_iters: epochs between two steps of the ``step`` policy.
        direction: ``AtoB``, or ``BtoA`` to exchange the two domains.
        preprocess, load_size, crop_size, mirror: augmentation; see ``baselines.translation.preprocessing``.
        init_type, init_gain: initial weights; see ``baselines.translation.initialisation``.
        tick_kimg: thousands of images, or of pairs, between two lines of the log.
        snapshot_ticks: ticks between two snapshots.
    """

    generator: Mapping[str, Any] = field(default_factory=dict)
    discriminator: Mapping[str, Any] = field(default_factory=dict)
    n_epochs: Whole = 100
    n_epochs_decay: Whole = 100
    kimg: Kimg | None = None
    batch: BatchSize = 1
    lr: LearningRate = 0.0002
    betas: Betas = (0.5, 0.999)
    lr_policy: Policy = "linear"
    lr_decay_iters: Count = 50
    direction: Literal["AtoB", "BtoA"] = "AtoB"
    preprocess: Preprocess = "resize_and_crop"
    load_size: Pixels = 286
    crop_size: Pixels = 256
    mirror: bool = True
    init_type: InitType = "normal"
    init_gain: Number = INIT_GAIN
    tick_kimg: Kimg = 1
    snapshot_ticks: Count = 5

    @property
    def size_of_data(self) -> int | None:
        """The size to which images may be resized when they are read; None to read them as they are."""
        return self.load_size or None if self.preprocess == "resize_and_crop" else None


def check_networks(
    generator: Mapping[str, Any], discriminator: Mapping[str, Any], usual: tuple[str, str] = ("resnet", "n_layers")
) -> None:
    """Check that generator and discriminator accept the settings of a recipe.

    Args:
        generator: ``netG`` and keyword arguments.
        discriminator: ``netD`` and keyword arguments.
        usual: kind of each where it is not told.

    Raises:
        SettingsError: a kind of network is unknown, or one of its settings is unknown, of the wrong kind or missing.
    """
    kinds: tuple[tuple[str, str, Mapping[str, Any], Mapping[str, Any]], ...] = (
        ("generator", "netG", generator, GENERATORS),
        ("discriminator", "netD", discriminator, DISCRIMINATORS),
    )
    for (name, key, settings, table), default in zip(kinds, usual, strict=True):
        given = dict(settings)
        kind = given.pop(key, default)
        if not isinstance(kind, str) or kind not in table:
            raise SettingsError(f"unknown {name} {kind!r}: choose one of {', '.join(table)}.")
        Arguments((table[kind],)).check(given, name, ("input_nc", "output_nc"))


def check_policy(recipe: EpochRecipe) -> None:
    """Check that a recipe has the epochs that its policy of learning rates needs.

    Raises:
        SettingsError: it has not.
    """
    if recipe.lr_policy == "cosine" and not recipe.n_epochs:
        raise SettingsError(
            "expected n_epochs above 0 for the cosine policy, found 0: raise n_epochs, or set another lr_policy."
        )


def length_of(recipe: EpochRecipe, epoch_size: int) -> float:
    """Return the length of a run, in thousands of images, of which an epoch has ``epoch_size``.

    Raises:
        SettingsError: the recipe's ``kimg`` exceeds its epochs.
    """
    whole = (recipe.n_epochs + recipe.n_epochs_decay) * epoch_size / 1000
    if recipe.kimg is not None and recipe.kimg > whole:
        raise SettingsError(f"expected at most {whole:g} kimg, the recipe's epochs, found {recipe.kimg:g}: lower kimg.")
    return recipe.kimg or whole


def directed(recipe: EpochRecipe, a: T, b: T) -> tuple[T, T]:
    """Return what belongs to the two domains, such as their names, in the direction of a recipe."""
    return (a, b) if recipe.direction == "AtoB" else (b, a)


def rate_factor(recipe: EpochRecipe, epoch: int) -> float:
    """Return the factor of a recipe's learning rate in an epoch, counted from 1."""
    return lr_factor(epoch, recipe.lr_policy, recipe.n_epochs, recipe.n_epochs_decay, recipe.lr_decay_iters)
