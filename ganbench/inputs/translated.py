"""Views of translations: 8-bit images, features and diversity of outputs; and the domains of reals."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from torch import Tensor

from ganbench.data.labels import class_indices
from ganbench.functional import mean_pairwise_distance
from ganbench.images import Quantiser, to_uint8
from ganbench.inputs.batch import BaseView, Batch
from ganbench.inputs.context import Context
from ganbench.inputs.domains import domain_data, domain_problems
from ganbench.inputs.lacking import layer_problems, perceptual_problems
from ganbench.types import PerceptualExtractor, Translator


@dataclass(frozen=True)
class Drawn(BaseView):
    """A tensor that the source drew, by name, such as ``task [N, 2]``: source and target domain of each sample."""

    name: str

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        """Return the tensor."""
        return batch.drawn[self.name]


@dataclass(frozen=True)
class Domains(BaseView):
    """Domains of real images, ``[N, 1]`` int64."""

    extractor = None

    def problems(self, context: Context) -> list[str]:
        """Return a problem if the data has no domains; the source reports models that do not translate."""
        return domain_problems(context) if isinstance(context.model, Translator) else []

    def compute(self, batch: Batch) -> Tensor:
        """Return the index of each image's domain among the data's."""
        return class_indices(domain_data(batch.context).labels(batch.indices))[:, None]


@dataclass(frozen=True)
class TranslatedUint8(BaseView):
    """Translated images as 8-bit images, as the papers saved them, ``[N num_outputs, C, H, W]`` uint8.

    Attributes:
        quantiser: name of a quantiser of ``ganbench.images.to_uint8``.
    """

    quantiser: Quantiser

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        """Return the 8-bit images, all outputs of a source image together."""
        return to_uint8(batch.drawn["image"].flatten(0, 1), self.quantiser)


@dataclass(frozen=True)
class TranslatedLayers(BaseView):
    """All layers of an extractor on the 8-bit translated images, from one forward pass."""

    extractor: str
    quantiser: Quantiser

    def compute(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return layer name -> ``[N num_outputs, D]``."""
        images = batch.on_device(batch.of(TranslatedUint8(self.quantiser)))
        return batch.context.extractor_in(self.extractor)(images)


@dataclass(frozen=True)
class TranslatedFeatures(BaseView):
    """One layer of an extractor on the 8-bit translated images, ``[N, num_outputs, D]`` float32.

    Attributes:
        extractor: name of the extractor.
        quantiser: name of a quantiser of ``ganbench.images.to_uint8``.
        layer: name of the layer.
    """

    extractor: str
    quantiser: Quantiser
    layer: str = "features"

    def problems(self, context: Context) -> list[str]:
        """Return a problem if the extractor lacks the layer."""
        return layer_problems(context, self.extractor, self.layer)

    def compute(self, batch: Batch) -> Tensor:
        """Return the features."""
        layers = cast(Mapping[str, Tensor], batch.of(TranslatedLayers(self.extractor, self.quantiser)))
        return layers[self.layer].reshape(*batch.drawn["image"].shape[:2], -1)


@dataclass(frozen=True)
class OutputDiversity(BaseView):
    """Mean perceptual distance over all pairs of a source image's outputs, ``[N, 1]``.

    Float images, neither clamped nor quantised.

    Attributes:
        extractor: name of the extractor that measures the distance.

    Source: Choi et al., StarGAN v2 (CVPR 2020), appendix C and the official code.
    """

    extractor: str

    def problems(self, context: Context) -> list[str]:
        """Return a problem if the extractor measures no perceptual distance."""
        return perceptual_problems(context, self.extractor)

    def compute(self, batch: Batch) -> Tensor:
        """Return the distances."""
        extractor = cast(PerceptualExtractor, batch.context.extractor_in(self.extractor))
        image = batch.on_device(batch.drawn["image"])
        embedded = extractor.embed((image.flatten(0, 1) + 1) * (255 / 2))
        return mean_pairwise_distance(embedded.reshape(*image.shape[:2], -1).transpose(0, 1))[:, None]
