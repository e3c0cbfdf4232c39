"""Faces brought to the place that they have in CelebA-HQ: landmarks, a similarity transform, and a warp.

Source: the program with which StarGAN v2's authors align images (Choi et al., CVPR 2020); Karras et al., Progressive
Growing of GANs (ICLR 2018), appendix C, for the axes of a face and the mirrored, blurred surroundings.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from baselines.starganv2.landmarks import HEATMAP, SIZE, landmarks_in

__all__ = ["aligned", "similarity"]

Points = NDArray[np.float64]  # x and y of 98 landmarks, [98, 2]

LEFT_EYE, RIGHT_EYE = [*range(60, 68), 96], [*range(68, 76), 97]
MOUTH = [76, 82]  # its left and right end
SCALED = [96, 97, 76, 82]  # pupils and ends of the mouth, whose distances from the mean give the scale
TAPS = np.arange(-3, 5)  # of the Lanczos kernel, around the pixel to the left
STEPS = 32  # positions between two pixels, as OpenCV has them
BLUR = 100  # the blur of the surroundings is this part of the height, in whole pixels


@torch.no_grad()
def aligned(image: Tensor, network: nn.Module, mean: Points) -> Tensor:
    """Return an image ``[3, R, R]`` uint8 with the face where the mean face is.

    Args:
        image: ``[3, R, R]`` uint8, R a multiple of 256.
        network: the landmark network.
        mean: landmarks of the mean face in 256x256 pixels, ``mean`` in the published ``celeba_lm_mean.npz``.
    """
    size = image.shape[1]
    x = image[None].float().div(255).sub(0.5).div(0.5)
    found = landmarks_in(network(x))[0].double().numpy() * (size // HEATMAP)
    seen = ((x[0] * 0.5 + 0.5) * 255).to(torch.uint8)  # as officially, where some grey levels come out one lower
    surrounded, margin = with_surroundings(seen), size // 2
    return warped(surrounded, similarity(found + margin, mean * (size // SIZE)), size)


def similarity(landmarks: Points, reference: Points) -> NDArray[np.float64]:
    """Return the matrix ``[3, 3]`` that moves, turns and scales landmarks to those of a reference."""
    matrix = scaling(landmarks, reference) @ rotation(face_axis(landmarks), face_axis(reference))
    return moved_by(reference.mean(0)) @ matrix @ moved_by(-landmarks.mean(0))


def moved_by(offset: Points) -> NDArray[np.float64]:
    """Return the matrix of a translation."""
    matrix = np.eye(3)
    matrix[:2, 2] = offset
    return matrix


def face_axis(landmarks: Points) -> Points:
    """Return the direction from left to right of a face, of length 1.

    It is between the line through the eyes, and the line that stands upright on the one from mouth to eyes.
    """
    left, right = landmarks[LEFT_EYE].mean(0), landmarks[RIGHT_EYE].mean(0)
    upwards = (left + right) / 2 - landmarks[MOUTH].mean(0)
    axis = right - left - np.array([upwards[1], -upwards[0]])
    unit: Points = axis / np.linalg.norm(axis)
    return unit


def rotation(source: Points, target: Points) -> NDArray[np.float64]:
    """Return the matrix that turns one direction of length 1 to another."""
    c = float(source @ target)
    s = float(np.sqrt(max(1 - c * c, 0)) * np.sign(source[0] * target[1] - source[1] * target[0]))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def scaling(landmarks: Points, reference: Points) -> NDArray[np.float64]:
    """Return the matrix that scales by the mean ratio of the distances of some landmarks from the mean of all."""
    ours, theirs = (np.linalg.norm(points - points.mean(0), axis=1) for points in (landmarks, reference))
    scale = (theirs / ours)[SCALED].mean()
    return np.diag([scale, scale, 1.0])


def with_surroundings(image: Tensor) -> Tensor:
    """Return an image ``[3, R, R]`` uint8 with its mirror images around, the more blurred the farther out.

    The result is ``[3, 2R, 2R]`` float32, 0..255.
    """
    size = image.shape[1]
    padded = F.pad(image[None].float(), [size // 2] * 4, mode="reflect")
    small = F.avg_pool2d(padded, 2).round()
    blurred = F.interpolate(gaussian(small, size // BLUR), scale_factor=2, mode="bilinear")
    ramp = (torch.arange(2 * size) / (size // 2)).clamp(0, 1)
    ramp = torch.minimum(ramp, ramp.flip(0))
    weight = torch.minimum(ramp[:, None], ramp[None, :]) ** 4
    return torch.lerp(blurred, padded, weight)[0]


def gaussian(x: Tensor, sigma: float) -> Tensor:
    """Return images ``[N, C, H, W]`` blurred by a Gaussian, cut off at four deviations; the border is repeated."""
    if not sigma:
        return x
    radius = int(4 * sigma + 0.5)
    taps = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / sigma) ** 2)
    kernel = (taps / taps.sum()).expand(x.shape[1], 1, 1, -1)
    for axis in (3, 2):
        padded = F.pad(x, [radius, radius, 0, 0] if axis == 3 else [0, 0, radius, radius], mode="replicate")
        x = F.conv2d(padded, kernel if axis == 3 else kernel.transpose(2, 3), groups=x.shape[1])
    return x


def warped(image: Tensor, matrix: NDArray[np.float64], size: int) -> Tensor:
    """Return the upper left ``[C, size, size]`` uint8 of an image ``[C, H, W]`` float32 moved by a matrix.

    Pixels are interpolated by a Lanczos kernel of eight taps, and black outside of the image.
    """
    columns, rows = np.meshgrid(np.arange(size), np.arange(size))
    x, y, w = np.tensordot(np.linalg.inv(matrix), np.stack([columns, rows, np.ones_like(rows)]), 1)
    place = [np.rint(side / w * STEPS).astype(np.int64) for side in (x, y)]
    weights = [lanczos((each % STEPS) / STEPS) for each in place]
    at = [(each // STEPS)[..., None] + TAPS for each in place]
    inside = [(each >= 0) & (each < side) for each, side in zip(at, (image.shape[2], image.shape[1]), strict=True)]
    (wx, wy), (ax, ay) = (w * known for w, known in zip(weights, inside, strict=True)), at
    pixels = image.numpy()
    total = np.zeros((len(pixels), size, size))
    for i in range(len(TAPS)):
        for j in range(len(TAPS)):
            values = pixels[:, ay[..., i].clip(0, image.shape[1] - 1), ax[..., j].clip(0, image.shape[2] - 1)]
            total += values * (wy[..., i] * wx[..., j])
    return torch.from_numpy(np.floor(total.clip(0, 255) + 0.5)).to(torch.uint8)


def lanczos(fraction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of the eight taps, ``[..., 8]``, for a place this far to the right of its pixel."""
    distance = fraction[..., None] - TAPS
    weights = np.sinc(distance) * np.sinc(distance / 4)
    normalised: NDArray[np.float64] = weights / weights.sum(-1, keepdims=True)
    return normalised
