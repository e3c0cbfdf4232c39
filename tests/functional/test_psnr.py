"""The ratio of sums, in decibels."""

import math

import pytest

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional import equivariance_psnr


def test_by_hand() -> None:
    assert equivariance_psnr(4.0, 1.0) == pytest.approx(0)  # errors as large as the range
    assert equivariance_psnr(0.4, 10.0) == pytest.approx(20)
    assert equivariance_psnr(1.0, 100.0, peak_to_peak=1) == pytest.approx(20)


def test_perfect_agreement_is_infinite() -> None:
    assert equivariance_psnr(0.0, 10.0) == math.inf


def test_refuses_empty_masks_and_bad_sums() -> None:
    with pytest.raises(BadInputError, match=r"found 0\.0 over 0\.0"):
        equivariance_psnr(0.0, 0.0)
    with pytest.raises(NonFiniteError, match="for error_sum, found nan"):
        equivariance_psnr(math.nan, 4.0)
