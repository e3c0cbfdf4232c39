"""What recipes of pix2pix and CycleGAN have in common: networks by kind, and epochs with a policy of learning rates."""

from collections.abc import Mapping
from typing import Any, Protocol

from baselines.errors import SettingsError
from baselines.training.settings import Arguments
from baselines.translation.networks import DISCRIMINATORS, GENERATORS
from baselines.translation.schedule import Policy, lr_factor


class Epochs(Protocol):
    """Settings of a recipe for its length in epochs and the learning rate in each."""

    @property
    def n_epochs(self) -> int:
        """Epochs at the initial learning rate."""
        ...

    @property
    def n_epochs_decay(self) -> int:
        """Epochs over which the linear policy lowers it to 0."""
        ...

    @property
    def lr_policy(self) -> Policy:
        """Policy of ``lr_factor``."""
        ...

    @property
    def lr_decay_iters(self) -> int:
        """Epochs between two steps of the ``step`` policy."""
        ...

    @property
    def kimg(self) -> float | None:
        """Length of the run, in thousands of images; None for all epochs."""
        ...


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


def check_policy(recipe: Epochs) -> None:
    """Check that a recipe has the epochs that its policy of learning rates needs.

    Raises:
        SettingsError: it has not.
    """
    if recipe.lr_policy == "cosine" and not recipe.n_epochs:
        raise SettingsError(
            "expected n_epochs above 0 for the cosine policy, found 0: raise n_epochs, or set another lr_policy."
        )


def length_of(recipe: Epochs, epoch_size: int) -> float:
    """Return the length of a run, in thousands of images, of which an epoch has ``epoch_size``.

    Raises:
        SettingsError: the recipe's ``kimg`` exceeds its epochs.
    """
    whole = (recipe.n_epochs + recipe.n_epochs_decay) * epoch_size / 1000
    if recipe.kimg is not None and recipe.kimg > whole:
        raise SettingsError(f"expected at most {whole:g} kimg, the recipe's epochs, found {recipe.kimg:g}: lower kimg.")
    return recipe.kimg or whole


def rate_factor(recipe: Epochs, epoch: int) -> float:
    """Return the factor of a recipe's learning rate in an epoch, counted from 1."""
    return lr_factor(epoch, recipe.lr_policy, recipe.n_epochs, recipe.n_epochs_decay, recipe.lr_decay_iters)
