"""Cycle reconstruction: images translated there and back, and their distance from the source images."""

from dataclasses import dataclass
from typing import cast

from torch import Tensor

from ganbench.inputs.batch import BaseView, Batch
from ganbench.inputs.context import Context
from ganbench.inputs.domains import by_target, targets_of, translate
from ganbench.inputs.lacking import perceptual_problems
from ganbench.inputs.perceptual import perceptual_distances
from ganbench.types import StyleTranslator


@dataclass(frozen=True)
class Returned(BaseView):
    """Translations translated back to the domain of their source image, ``[N num_outputs, C, H, W]`` float32.

    On the way back, a translator with styles uses the style of the source image itself.

    Source: Zhu et al., Unpaired image-to-image translation using cycle-consistent adversarial networks (ICCV 2017),
    equation 2; Choi et al., StarGAN v2 (CVPR 2020), equation 4.
    """

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        """Return the images."""
        image, context = batch.drawn["image"], batch.context
        num_outputs, home = image.shape[1], batch.drawn["task"][:, 0]
        style, model = None, context.model
        if isinstance(model, StyleTranslator):
            source = batch.drawn["source"]
            style = by_target(context, home, lambda domain: model.style_from_reference(source, domain))
            style = style.repeat_interleave(num_outputs, 0)
        return translate(context, image.flatten(0, 1), home.repeat_interleave(num_outputs), style)


@dataclass(frozen=True)
class CycleError(BaseView):
    """Mean absolute difference of source images and reconstructions, ``[N, 1]``, on the scale -1..1; 0 at best."""

    extractor = None

    def problems(self, context: Context) -> list[str]:
        """Return a problem if the model cannot translate back."""
        return way_back_problems(context)

    def compute(self, batch: Batch) -> Tensor:
        """Return the mean over channels, pixels and outputs."""
        back, source = both_ends(batch)
        return (back - source).abs().reshape(len(batch.indices), -1).mean(1, keepdim=True)


@dataclass(frozen=True)
class CycleDistance(BaseView):
    """Perceptual distance of source images and reconstructions, ``[N, 1]``; 0 at best.

    Attributes:
        extractor: name of the extractor that measures the distance.
    """

    extractor: str

    def problems(self, context: Context) -> list[str]:
        """Return a problem if the model cannot translate back, or the extractor measures no perceptual distance."""
        return way_back_problems(context) + perceptual_problems(context, self.extractor)

    def compute(self, batch: Batch) -> Tensor:
        """Return the mean over outputs."""
        distances = perceptual_distances(batch, self.extractor, *both_ends(batch))
        return distances.reshape(len(batch.indices), -1).mean(1, keepdim=True)


def both_ends(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return the reconstructions and, row by row, their source images, ``[N num_outputs, C, H, W]`` each."""
    back = cast(Tensor, batch.of(Returned()))
    return back, batch.drawn["source"].repeat_interleave(len(back) // len(batch.indices), 0)


def way_back_problems(context: Context) -> list[str]:
    """Return a problem if the model does not translate to every domain."""
    targets = targets_of(context.model)
    if set(targets) >= set(context.model.domains):
        return []
    return [
        f"expected translations there and back, found a model that translates to {', '.join(targets)} alone: give "
        "weights of both directions."
    ]
