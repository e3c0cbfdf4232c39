"""What the discriminators of Progressive GAN and all StyleGANs see: images shifted and augmented at random.

Source: Karras et al., Training Generative Adversarial Networks with Limited Data (NeurIPS 2020), section 3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor, nn

from baselines.training import ada, stylegan
from baselines.training.augment import translate
from baselines.training.frame import RunOutput
from baselines.training.loop import StepContext
from baselines.training.settings import Count, Kimg, Pixels, Probability, Range, Whole

__all__ = ["Adaptive", "Augmented", "Augmenting"]

Sign = Annotated[float, Range(-1, 1)]


@dataclass(frozen=True)
class Augmented:
    """Settings of what the discriminator sees, and of what it learns.

    Attributes:
        translate: largest random shift, in pixels, of real and generated images before the discriminator.
        freeze_d: how many of the discriminator's layers stay fixed, from the highest resolution on: Freeze-D, for runs
            that start from other weights.
        augment: augmentations of images given to the discriminator, a name of ``baselines.training.ada.PIPES`` such as
            ``bgc``; empty or ``noaug`` for none.
        augment_p: initial probability of the augmentations.
    """

    translate: Pixels = 0
    freeze_d: Whole = 0
    augment: str = ""
    augment_p: Probability = 0


@dataclass(frozen=True)
class Adaptive(Augmented):
    """Settings of augmentations whose probability adapts to the discriminator's overfitting.

    Attributes:
        ada_target: target of the mean sign of the real images' scores; None keeps the probability fixed.
        ada_interval: steps between updates of the probability.
        ada_kimg: thousands of images over which the probability can at most rise from 0 to 1. The authors use 100, with
            ``ema_rampup`` None, when they start from pretrained weights.
    """

    ada_target: Sign | None = None
    ada_interval: Count = 4
    ada_kimg: Kimg = 500


class Augmenting(stylegan.Training):
    """A training whose discriminator sees shifted and augmented images; the recipe is an ``Augmented``.

    Attributes:
        augment: the augmentations; None without.
    """

    adapts: ClassVar[bool] = True  # whether the recipe is also an ``Adaptive``; else p is fixed

    def __init__(
        self, G: nn.Module, D: nn.Module, recipe: Any, output: RunOutput, seed: int = 0, labels: Tensor | None = None
    ) -> None:
        super().__init__(G, D, recipe, output, seed, labels)
        self.augment = ada.pipe_of(recipe.augment, recipe.augment_p, self.device)

    def prepare(self, at: StepContext) -> None:
        """Adapt the augmentation probability to the discriminator's recent scores of real images."""
        recipe = self.recipe
        if self.augment is None or not self.adapts or recipe.ada_target is None or at.step % recipe.ada_interval:
            return
        self.augment.adapt(recipe.ada_target, at.rows.whole(len(at.real)) * recipe.ada_interval, recipe.ada_kimg)

    def observe(self, scores_real: Tensor) -> None:
        """Count the signs of the scores of real images, to which the probability adapts."""
        if self.augment is not None:
            self.augment.observe(scores_real)

    def logged(self) -> dict[str, float]:
        """Return the augmentation probability for the log, if there are augmentations."""
        return {} if self.augment is None else {"augment_p": float(self.augment.p)}

    def view(self, at: StepContext, purpose: str) -> Callable[[Tensor], Tensor]:
        """Return a function that shifts and augments images before the discriminator in this step."""
        draws: torch.Generator = at.stream(purpose)

        def seen(images: Tensor) -> Tensor:
            images = translate(images, self.recipe.translate, draws, at.rows)
            return images if self.augment is None else self.augment(images, draws, at.rows)

        return seen
