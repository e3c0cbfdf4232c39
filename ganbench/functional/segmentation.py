"""Scores of a segmentation against the truth: the three that make up the FCN score."""

import math
from typing import NamedTuple, SupportsIndex

import torch
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.rows import ArrayLike, as_integer, as_tensor

MOST_CLASSES = 4096  # whose table takes 128 MiB


class SegmentationScores(NamedTuple):
    """How well a segmentation agrees with the truth, each 0..1; higher is better.

    Attributes:
        pixel_accuracy: share of pixels that have their class.
        class_accuracy: share of each class's pixels that have it, mean over classes.
        class_iou: intersection over union of each class, mean over classes.
    """

    pixel_accuracy: float
    class_accuracy: float
    class_iou: float


def confusion_matrix(
    predicted: ArrayLike, truth: ArrayLike, num_classes: SupportsIndex, ignore_label: SupportsIndex = 255
) -> Tensor:
    """Return ``[num_classes, num_classes]`` int64: pixels of each true class (row) by predicted class (column).

    Matrices of several images add up.

    Args:
        predicted: class of each pixel, of any shape, 0..num_classes-1 wherever the truth is known.
        truth: class of each pixel, of the same shape; a pixel of ``ignore_label`` is not counted.
        num_classes: number of classes, 1 to 4096.
        ignore_label: what the truth has where it is not known.

    Raises:
        BadInputError: if the shapes differ, or a class is not a whole number of 0..num_classes-1.
    """
    found, right = as_tensor(predicted, "predicted"), as_tensor(truth, "truth")
    count = as_integer(num_classes, "num_classes", minimum=1, maximum=MOST_CLASSES)
    ignored = as_integer(ignore_label, "ignore_label", minimum=-(2**31), maximum=2**31)
    if found.shape != right.shape:
        raise BadInputError(
            f"expected segmentation and truth of one shape, found {list(found.shape)}, {list(right.shape)}: crop one."
        )
    if found.is_floating_point() or right.is_floating_point():
        raise BadInputError(f"expected whole numbers for classes, found {found.dtype} and {right.dtype}: round them.")
    known = right.long() != ignored  # compared as bytes, -1 would be 255
    seen, true = found[known].long(), right[known].long().to(found.device)
    for classes, what in ((seen, "segmentation"), (true, "truth")):
        wrong = classes[(classes < 0) | (classes >= count)]
        if len(wrong):
            raise BadInputError(
                f"expected classes 0..{count - 1} in the {what}, found {int(wrong[0])}: map it to one of them."
            )
    return torch.bincount(true * count + seen, minlength=count**2).reshape(count, count)


def segmentation_scores(confusion: ArrayLike) -> SegmentationScores:
    """Return pixel accuracy, class accuracy and class IoU of a confusion matrix.

    A class that the truth never has is left out of the class accuracy, and one that neither has of the class IoU.

    Args:
        confusion: ``[K, K]``, rows for the truth, as ``confusion_matrix`` gives it, summed over all images.

    Raises:
        BadInputError: if it is not square, has a negative count, or counts no pixel.
        NonFiniteError: if a count is NaN or infinite.

    Source: Long et al., Fully convolutional networks for semantic segmentation (CVPR 2015), section 5; used on label
    maps by Isola et al., Image-to-image translation with conditional adversarial networks (CVPR 2017), and CycleGAN.
    Deviation: the pix2pix program counts a class that never occurs as 0. In Cityscapes all 19 occur.
    """
    counts = as_tensor(confusion, "confusion").double().cpu()
    if not math.isfinite(float(counts.abs().sum())):
        raise NonFiniteError("expected counts of pixels for confusion, found a NaN or an infinity: count again.")
    if bool((counts < 0).any()):
        raise BadInputError(f"expected counts of pixels for confusion, found {float(counts.min())}: count again.")
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not float(counts.sum()) > 0:
        raise BadInputError(
            f"expected a square confusion matrix of some pixels, found shape {list(counts.shape)} with "
            f"{float(counts.sum()):.0f} pixels: count some."
        )
    right, true, seen = counts.diagonal(), counts.sum(1), counts.sum(0)
    union = true + seen - right
    return SegmentationScores(
        float(right.sum() / counts.sum()),
        float((right / true)[true > 0].mean()),
        float((right / union)[union > 0].mean()),
    )
