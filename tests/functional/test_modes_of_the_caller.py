"""What a caller has set for torch, ``autocast`` or a default device, changes no number and breaks no later call."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from ganbench import functional as F
from ganbench.functional import affine
from ganbench.functional.mmd import WIDE
from ganbench.images import resize

RNG = np.random.default_rng(0)
X, Y = (torch.from_numpy(RNG.standard_normal((40, WIDE)).astype(np.float32)) for _ in range(2))
IMAGES = torch.from_numpy(RNG.standard_normal((2, 3, 16, 16)).astype(np.float32))
CALLS: dict[str, Callable[[], Any]] = {
    "kernel_distance": lambda: F.kernel_distance(X, Y),
    "kernel_distance_error": lambda: F.kernel_distance_error(X, Y),
    "gaussian_mmd": lambda: F.gaussian_mmd(X, Y),
    "precision_recall": lambda: F.precision_recall(X, Y),
    "density_coverage": lambda: F.density_coverage(X, Y),
    "memorization": lambda: F.memorization(X, Y),
    "frechet_distance": lambda: F.frechet_distance(*F.moments(X, ddof=0), *F.moments(Y, ddof=0)),
    "ssim": lambda: F.ssim(IMAGES, IMAGES * 0.9),
    "rotate": lambda: F.rotate(IMAGES, 0.3),
    "pseudo_rotate": lambda: F.pseudo_rotate(IMAGES, 0.3),
    "translate_fractional": lambda: F.translate_fractional(IMAGES, 0.03, 0.1),
    "lpips_distance": lambda: F.lpips_distance([IMAGES], [IMAGES * 0.9]),
    "slerp": lambda: F.slerp(X, Y, 0.3),
    "resize": lambda: resize(IMAGES, 7, "tf1-bilinear"),
}


def flat(result: Any) -> np.ndarray:
    parts = result if isinstance(result, tuple) else (result,)
    return np.concatenate([np.ravel(np.asarray(part, np.float64)) for part in parts])


@pytest.mark.parametrize(
    "mode", [lambda: torch.autocast("cpu"), lambda: torch.device("meta")], ids=["autocast", "meta"]
)
@pytest.mark.parametrize("name", CALLS)
def test_modes_of_the_caller_change_no_number(name: str, mode: Callable[[], Any]) -> None:
    for cached in (affine._ideal_circulant, affine._window_circulant):
        cached.cache_clear()
    with mode():
        found = flat(CALLS[name]())
    np.testing.assert_array_equal(found, flat(CALLS[name]()))
