"""CMMD as its code computes it from embeddings, and through the engine."""

import numpy as np
import pytest
import torch
import toygan

import ganbench
from ganbench.inputs import Rows
from ganbench.metrics import resolve
from ganbench.metrics.cmmd import cmmd30k


def filled(rows: torch.Tensor) -> Rows:
    accumulator = Rows()
    accumulator.update(rows)
    return accumulator


def test_embeddings_of_length_one_a_width_of_ten_and_a_scale_of_a_thousand() -> None:
    random = torch.Generator().manual_seed(0)
    real, fake = (torch.randn(n, 6, generator=random) + shift for n, shift in ((30, 0.0), (20, 0.5)))
    (number,) = cmmd30k.compute(filled(real), filled(fake)).values()
    x, y = ((side / side.norm(dim=1, keepdim=True)).double().numpy() for side in (real, fake))

    def mean(a: np.ndarray, b: np.ndarray) -> float:
        squares = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
        return float(np.exp(-squares / (2 * 10**2)).mean())

    assert number.value == pytest.approx(1000 * (mean(x, x) + mean(y, y) - 2 * mean(x, y)), rel=1e-6)
    assert number.value > 0.1
    assert number.higher_is_better is False


def test_it_is_measured_with_any_extractor_of_features() -> None:
    found = ganbench.measure(toygan.Waves(), "cmmd@40", benchmark="toy", extractor="digits")
    assert found["cmmd@40"] > 0
    assert resolve("cmmd30k") == cmmd30k
