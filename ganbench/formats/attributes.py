"""Attribute classifiers, which ``ganbench attributes`` writes."""

from collections.abc import Mapping

from torch import Tensor

from ganbench.checkpoints.fields import Number, whole
from ganbench.checkpoints.format import Architecture, BaseFormat, Header, NetworkSpec
from ganbench.formats.headers import single

CLASSIFIER = Architecture(
    "network of attributes",
    "baselines.attributes.networks:AttributeNetwork",
    {**whole(1, "num_attributes img_resolution img_channels fmap_max"), "fmap_base": Number(1)},
)


class AttributesFormat(BaseFormat):
    """One network with an output for each attribute."""

    architectures = (CLASSIFIER,)

    def from_header(self, header: Header, tensors: Mapping[str, Tensor]) -> dict[str, NetworkSpec] | None:
        """Return the network of one of our files."""
        return single(header, tensors, {"attributes": (CLASSIFIER, "attributes")})


attributes = AttributesFormat()
