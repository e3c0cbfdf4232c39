"""Masks of faces for StarGAN v2's high-pass skip: where the landmark network that makes them comes from."""

from pathlib import Path

from torch import nn

from baselines.starganv2.masks import FaceMasks
from ganbench.checkpoints import load_one
from ganbench.checkpoints.download import fetch_weights, where_is
from ganbench.types import WeightsFile

LANDMARKS = "fan"  # as official files call the landmark network
WING = WeightsFile(
    "https://www.dropbox.com/s/tjxpypwpt38926e/wing.ckpt?dl=1",  # no checksum is published with it
    licence="of StarGAN v2 by Clova AI, for non-commercial use (CC BY-NC 4.0)",
)


def masks_by(landmarks: nn.Module | None) -> FaceMasks | None:
    """Return what makes the masks: by the network given, or that of the published file where it is on this machine.

    Raises:
        BadInputError, UnsafeFileError: the file is not that of a landmark network.
    """
    path = where_is(WING) if landmarks is None else None
    if path is not None:
        return FaceMasks(load_one(path, LANDMARKS))
    return None if landmarks is None else FaceMasks(landmarks)


def published_masks() -> FaceMasks:
    """Return what makes the masks by the published network, which is fetched where it is not here.

    Raises:
        MissingWeightsError: it cannot be fetched; says where it is from, and where to put it.
        BadInputError, UnsafeFileError: the file is not that of a landmark network.
    """
    path: Path = fetch_weights(WING)
    return FaceMasks(load_one(path, LANDMARKS))
