"""Attribute classifiers in a file of ``ganbench attributes``; the extractor's name is ``attributes:FILE``."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from baselines.attributes.networks import AttributeNetwork
from baselines.training.weights import load_state, read_header
from ganbench.checkpoints import file_sha256
from ganbench.checkpoints.architectures import Architecture, bound_arguments, filled
from ganbench.checkpoints.modules import arguments
from ganbench.checkpoints.naming import about
from ganbench.errors import BadInputError
from ganbench.extractors.network import Network
from ganbench.images import to_rgb

MODEL = "attributes"  # what the header of such a file calls the network
NETWORK = Architecture("network of attributes", "AttributeNetwork", "body.b4.out.weight", AttributeNetwork)


class TrainedAttributes(Network):
    """One network with an output for each attribute; ``logits`` are all of them.

    Images are of the size that the network was trained on. Greyscale is repeated in three channels where it was trained
    on RGB, and RGB averaged where it was trained on greyscale.

    Args:
        name: ``attributes:`` and the file's name without its folder.
        sha256: of the file.
        attributes: what the network tells, in its order.
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
        return {"logits": self.attribute_logits(images / 127.5 - 1)}

    def attribute_logits(self, images: Tensor) -> Tensor:
        """Return ``[N, attributes]`` of ``[N, C, R, R]`` float images, -1..1.

        Raises:
            BadInputError: for images of another size.
        """
        if images.shape[2:] != (self.resolution, self.resolution):
            raise BadInputError(
                f"the extractor {self.name!r} takes {self.resolution}x{self.resolution} images, not "
                f"{images.shape[2]}x{images.shape[3]}: measure a model that makes them, or larger ones."
            )
        prepared = self.prepared(images)
        grey = self.module.img_channels == 1
        logits: Tensor = self.module(prepared.mean(1, keepdim=True) if grey else to_rgb(prepared))
        return logits


def open_attributes(file: str = "") -> TrainedAttributes:
    """Return the extractor in a file that ``ganbench attributes`` wrote, as ``attributes:FILE``; on the CPU.

    Raises:
        BadInputError: there is no such file, it is damaged, or it is of another kind.
    """
    path = Path(file).expanduser()
    if not path.is_file():
        raise BadInputError(
            f"there is no file of attribute classifiers {file!r}: write attributes:FILE, with a file that "
            "`ganbench attributes` made."
        )
    header, tensors = _read(path)
    with about(path):
        network, names = _network(header, tensors), header.get("attributes")
        if not isinstance(names, list) or len(names) != network.num_attributes or not all(map(_is_name, names)):
            raise BadInputError("does not name the attributes that its network tells")
    return TrainedAttributes(f"attributes:{path.name}", file_sha256(path), tuple(names), network)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        return read_header(path), load_state(path)
    except ValueError as error:  # already a sentence
        raise BadInputError(str(error)) from error
    except (RecursionError, OSError) as error:
        raise BadInputError(f"{path} cannot be read as weights: {error}.") from error


def _network(header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> AttributeNetwork:
    if header["model"] != MODEL or not isinstance(header["config"], dict):
        raise BadInputError(
            f"holds a {str(header['model'])[:60]!r} and no classifiers of attributes, which `ganbench attributes` makes"
        )
    network = filled(NETWORK, bound_arguments(NETWORK, [], arguments(header["config"])), tensors)
    assert isinstance(network, AttributeNetwork)
    return network


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value)
