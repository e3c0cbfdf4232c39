"""The networks of a PyTorch snapshot, and its stored inputs and outputs."""

import functools
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganbench.checkpoints import load

WS, IMAGES = 1e-5, 5e-5  # absolute, the cases' stated tolerances
STATISTICS = {"atol": 5e-5, "rtol": 2e-5}


@functools.cache
def networks(case: Path) -> dict[str, Any]:
    """Return the networks of a case, read once."""
    return load(case / "network.pkl")


def inputs(case: Path) -> tuple[Any, torch.Tensor, torch.Tensor]:
    """Return the stored arrays, and latents and labels among them."""
    arrays = np.load(case / "io.npz")
    return arrays, torch.from_numpy(arrays["z"]), torch.from_numpy(arrays["c"])


def near(found: torch.Tensor, expected: Any, atol: float, rtol: float = 0.0) -> None:
    """Assert that values are those that are stored, up to a tolerance."""
    np.testing.assert_allclose(found.detach().double().numpy(), expected, atol=atol, rtol=rtol)
