"""Translations, rotations and filters on stored images against the official operators' results."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ganbench.functional import (
    affine_lowpass_filter,
    affine_transform,
    pseudo_rotate,
    rotate,
    rotation_matrix,
    translate_fractional,
    translate_integer,
)
from tests.golden_cases import cases

EVERY_CASE = pytest.mark.parametrize("case", cases("stylegan23/eq_ops_*"), ids=lambda path: path.name)
BOTH_PRECISIONS = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])

# name in the case -> (operator, array of its parameters, tolerance of the images as the case states it)
OPERATORS: dict[str, tuple[Callable[..., tuple[Tensor, Tensor]], str, float]] = {
    "int": (translate_integer, "t_int", 2e-5),
    "frac": (translate_fractional, "t_frac", 2e-5),
    "rot": (rotate, "angles", 1e-4),
    "pseudo": (pseudo_rotate, "angles", 2e-5),
}


@EVERY_CASE
@BOTH_PRECISIONS
@pytest.mark.parametrize("name", OPERATORS)
def test_operator(case: Path, name: str, dtype: torch.dtype) -> None:
    """Images within the case's tolerance, masks exact (the case would allow rotations a few pixels)."""
    stored = np.load(case / "ops.npz")
    operator, key, tolerance = OPERATORS[name]
    for i, parameters in enumerate(stored[key]):
        image, mask = operator(torch.from_numpy(stored["x"]).to(dtype), *np.atleast_1d(parameters).tolist())
        np.testing.assert_allclose(image.numpy(), stored[f"{name}{i}_z"], rtol=0, atol=tolerance)
        np.testing.assert_array_equal(mask.numpy(), np.broadcast_to(stored[f"{name}{i}_m"], image.shape))


@EVERY_CASE
@BOTH_PRECISIONS
def test_affine_transform(case: Path, dtype: torch.dtype) -> None:
    stored = np.load(case / "ops.npz")
    image, mask = affine_transform(
        torch.from_numpy(stored["x"]).to(dtype), torch.from_numpy(stored["affine_mat"]), a=3, amax=6
    )
    np.testing.assert_allclose(image.numpy(), stored["affine_z"], rtol=0, atol=1e-4)
    np.testing.assert_array_equal(mask.numpy(), np.broadcast_to(stored["affine_m"], image.shape))


@EVERY_CASE
def test_filters(case: Path) -> None:
    """To 2e-6 absolute, as the case states."""
    stored = np.load(case / "ops.npz")
    for i, angle in enumerate(stored["angles"][:3].tolist()):
        turned = affine_lowpass_filter(rotation_matrix(angle), a=3, amax=6, up=4)
        np.testing.assert_allclose(turned.numpy(), stored[f"filter_rot{i}"], rtol=0, atol=2e-6)
        still = affine_lowpass_filter(rotation_matrix(-angle), a=3, amax=6, up=1)
        np.testing.assert_allclose(still.numpy(), stored[f"filter_pseudo{i}"], rtol=0, atol=2e-6)
    matrix = torch.from_numpy(stored["affine_mat"])
    default = affine_lowpass_filter(matrix, up=2)
    np.testing.assert_allclose(default.numpy(), stored["filter_affine_default"], rtol=0, atol=2e-6)
    cut = affine_lowpass_filter(matrix, a=2, amax=5, aflt=32, up=3, cutoff_in=0.8, cutoff_out=0.9)
    np.testing.assert_allclose(cut.numpy(), stored["filter_affine_cutoffs"], rtol=0, atol=2e-6)
