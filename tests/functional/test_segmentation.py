"""Scores of segmentations: closed forms, and scikit-learn's confusion matrix and scores."""

import numpy as np
import pytest
import torch
from sklearn.metrics import balanced_accuracy_score, jaccard_score
from sklearn.metrics import confusion_matrix as sklearn_confusion

from ganbench.errors import BadInputError
from ganbench.functional import confusion_matrix, segmentation_scores


def test_a_perfect_segmentation_scores_one_and_a_wrong_one_zero() -> None:
    truth = torch.tensor([[0, 1, 2], [2, 2, 1]])
    assert segmentation_scores(confusion_matrix(truth, truth, 3)) == (1, 1, 1)
    assert segmentation_scores(confusion_matrix((truth + 1) % 3, truth, 3)) == (0, 0, 0)


def test_one_class_everywhere() -> None:
    """Truth: three pixels of class 0 and one of class 1; all said to be 0."""
    truth = torch.tensor([0, 0, 0, 1])
    found = segmentation_scores(confusion_matrix(torch.zeros_like(truth), truth, 2))
    assert found == (3 / 4, (1 + 0) / 2, (3 / 4 + 0) / 2)


def test_a_class_that_never_occurs_is_left_out_and_one_that_is_only_seen_counts_in_the_iou() -> None:
    truth, predicted = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 2, 1, 1])
    found = segmentation_scores(confusion_matrix(predicted, truth, 5))
    assert found.pixel_accuracy == 3 / 4
    assert found.class_accuracy == pytest.approx((1 / 2 + 1) / 2)
    assert found.class_iou == pytest.approx((1 / 2 + 1 + 0) / 3)


def test_ignored_pixels_are_not_counted_whatever_is_said_of_them() -> None:
    truth, predicted = torch.tensor([[0, 1], [255, 255]]), torch.tensor([[0, 1], [7, -3]])
    assert confusion_matrix(predicted, truth, 2).tolist() == [[1, 0], [0, 1]]
    assert confusion_matrix(predicted[:1], truth[:1], 2, ignore_label=1).tolist() == [[1, 0], [0, 0]]


def test_it_is_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 6, (3, 20, 30))
    predicted = np.where(rng.random(truth.shape) < 0.6, truth, rng.integers(0, 6, truth.shape))
    found = confusion_matrix(torch.from_numpy(predicted), torch.from_numpy(truth), 6)
    flat = truth.ravel(), predicted.ravel()
    np.testing.assert_array_equal(found.numpy(), sklearn_confusion(*flat))
    scores = segmentation_scores(found)
    assert scores.pixel_accuracy == pytest.approx((truth == predicted).mean())
    assert scores.class_accuracy == pytest.approx(balanced_accuracy_score(*flat))
    assert scores.class_iou == pytest.approx(jaccard_score(*flat, average="macro"))


def test_images_add_up() -> None:
    rng = torch.Generator().manual_seed(0)
    truth, predicted = (torch.randint(0, 4, (5, 8, 8), generator=rng) for _ in range(2))
    whole = confusion_matrix(predicted, truth, 4)
    parts = [confusion_matrix(p, t, 4) for p, t in zip(predicted, truth, strict=True)]
    assert torch.equal(whole, torch.stack(parts).sum(0))
    assert whole.sum() == truth.numel()


def test_what_is_no_segmentation_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"found \[3\], \[2\]"):
        confusion_matrix(torch.zeros(3), torch.zeros(2), 2)
    with pytest.raises(BadInputError, match=r"classes 0\.\.1 in the truth, found 2"):
        confusion_matrix(torch.tensor([0, 0]), torch.tensor([0, 2]), 2)
    with pytest.raises(BadInputError, match="in the segmentation, found -1"):
        confusion_matrix(torch.tensor([0, -1]), torch.tensor([0, 1]), 2)
    with pytest.raises(BadInputError, match="with 0 pixels: count some"):
        segmentation_scores(torch.zeros(3, 3))
    with pytest.raises(BadInputError, match="expected a square confusion matrix"):
        segmentation_scores(torch.ones(3, 2))
