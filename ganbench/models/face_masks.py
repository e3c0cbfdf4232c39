"""Masks of faces for StarGAN v2's high-pass skip, and their alignment: by a published network of landmarks."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from baselines.starganv2.alignment import Points, aligned
from baselines.starganv2.landmarks import NUM_LANDMARKS
from baselines.starganv2.masks import FaceMasks
from ganbench.checkpoints import load_one
from ganbench.checkpoints.download import fetch_weights, where_is
from ganbench.errors import BadInputError
from ganbench.images import resize, to_rgb
from ganbench.types import WeightsFile

LANDMARKS = "fan"  # as official files call the landmark network
LICENCE = "of StarGAN v2 by Clova AI, for non-commercial use (CC BY-NC 4.0)"
# No checksums are published with these files.
WING = WeightsFile("https://www.dropbox.com/s/tjxpypwpt38926e/wing.ckpt?dl=1", licence=LICENCE)
MEAN_FACE = WeightsFile("https://www.dropbox.com/s/91fth49gyb7xksk/celeba_lm_mean.npz?dl=1", licence=LICENCE)


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


def aligner(size: int) -> Callable[[Tensor], Tensor]:
    """Return a function from an image ``[C, H, W]`` uint8 to one of a size with its face aligned, ``[3, size, size]``.

    Args:
        size: a multiple of 256. As in the official program, images are first resized to it, and squared by that.

    Raises:
        MissingWeightsError: a published file cannot be fetched; says where it is from, and where to put it.
        BadInputError, UnsafeFileError: a file is not the published one.
    """
    network, mean = load_one(fetch_weights(WING), LANDMARKS), mean_face(fetch_weights(MEAN_FACE))

    def align(image: Tensor) -> Tensor:
        return aligned(resize(to_rgb(image[None]), size, "pil-bilinear")[0], network, mean)

    return align


def mean_face(path: Path) -> Points:
    """Return the landmarks of the mean face in a file, ``[98, 2]``.

    Raises:
        BadInputError: the file has none.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            mean = np.asarray(file["mean"], np.float64)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise BadInputError(f"expected a npz file with the array mean, found another: {path}; get it again.") from error
    if mean.shape != (NUM_LANDMARKS, 2) or not np.isfinite(mean).all():
        raise BadInputError(
            f"expected the array mean of shape [{NUM_LANDMARKS}, 2], found {list(mean.shape)} in {path}; get it again."
        )
    return mean
