"""Attribute classifiers from a file that ``ganbench attributes`` wrote: the extractor ``attributes:FILE``."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from baselines.attributes.networks import AttributeNetwork
from ganbench.checkpoints import file_sha256, header_of, load_one
from ganbench.checkpoints.download import local
from ganbench.errors import BadInputError
from ganbench.extractors.network import Network
from ganbench.images import to_float, to_rgb


class TrainedAttributes(Network):
    """One network with an output for each attribute; ``logits`` are all outputs.

    Images must have the size that the network was trained on. Greyscale is repeated in three channels for a network
    trained on RGB, and RGB is averaged for one trained on greyscale.

    Args:
        name: ``attributes:`` and the file's name without its folder.
        sha256: of the file.
        attributes: names of its outputs, in order.
        module: the network.
    """

    module: AttributeNetwork

    def __init__(self, name: str, sha256: str, attributes: tuple[str, ...], module: AttributeNetwork) -> None:
        super().__init__(name, sha256, module)
        self.attributes = attributes
        self.resolution = module.img_resolution
        self.layers: Mapping[str, int] = {"logits": len(attributes)}

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """Return ``logits [N, attributes]`` of ``[N, C, R, R]`` uint8 images."""
        return {"logits": self.attribute_logits(to_float(images))}

    def attribute_logits(self, images: Tensor) -> Tensor:
        """Return ``[N, attributes]`` of ``[N, C, R, R]`` float images, -1..1.

        Raises:
            BadInputError: for images of another size.
        """
        if images.shape[2:] != (self.resolution, self.resolution):
            raise BadInputError(
                f"expected {self.resolution}x{self.resolution} images for the extractor {self.name!r}, found "
                f"{images.shape[2]}x{images.shape[3]}: measure a model of that size or a larger one."
            )
        prepared = self.prepared(images)
        grey = self.module.img_channels == 1
        logits: Tensor = self.module(prepared.mean(1, keepdim=True) if grey else to_rgb(prepared))
        return logits


def open_attributes(file: str = "") -> TrainedAttributes:
    """Return attribute classifiers from a file that ``ganbench attributes`` wrote, named ``attributes:FILE``.

    The network is float32, on the CPU.

    Raises:
        BadInputError: the file does not exist, is damaged, or holds something else.
    """
    path = local(file)
    if not path.is_file():
        raise BadInputError(
            f"expected a file of attribute classifiers, found none at {file!r}: write attributes:FILE, with a file "
            "that `ganbench attributes` wrote."
        )
    header = header_of(path)
    if header and header["model"] != "attributes":
        raise BadInputError(
            f"expected attribute classifiers, found {str(header['model'])[:60]!r}: {path}; give a file that "
            "`ganbench attributes` wrote."
        )
    network: Any = load_one(path, "attributes")
    names = header.get("attributes")
    if not isinstance(names, list) or len(names) != network.num_attributes or not all(map(_is_name, names)):
        raise BadInputError(
            f"expected the names of {network.num_attributes} attributes in the header, found others: {path}; write the "
            "file again with `ganbench attributes`."
        )
    return TrainedAttributes(f"attributes:{path.name}", file_sha256(path), tuple(names), network)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)
