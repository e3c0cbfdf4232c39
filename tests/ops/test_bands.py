"""Banded matrices against SciPy's resampling."""

import numpy as np
import pytest
import scipy.signal
import torch

from baselines.ops.bands import gather_bands, kept, spread_bands, terms
from baselines.stylegan3.filters import lowpass_filter


@pytest.mark.parametrize(("factor", "taps"), [(1, 5), (2, 12), (4, 24), (3, 7)])
def test_spreading_inserts_zeros_and_filters(factor, taps):
    h = torch.randn(taps, dtype=torch.float64)
    columns, rows = spread_bands(terms(h, False), factor, 64, 32)
    for phase in range(factor):
        x = np.zeros(32)
        x[7] = 1
        first = taps - 1 - phase  # the tap with which coarse sample 0 reaches fine sample 0
        full = scipy.signal.upfirdn(h.numpy(), x, factor)
        expected = np.pad(full, (0, 128))[first : first + 64]
        np.testing.assert_allclose(columns[0, phase] @ torch.from_numpy(x), expected, atol=1e-12)
        assert torch.equal(rows[0, phase], columns[0, phase].t())


@pytest.mark.parametrize(("factor", "taps"), [(1, 5), (2, 12), (3, 7)])
def test_gathering_filters_and_thins(factor, taps):
    h, fine = torch.randn(taps, dtype=torch.float64), torch.randn(64, dtype=torch.float64)
    columns, rows = gather_bands(terms(h, False), factor, 64, 16)
    expected = np.correlate(fine.numpy(), h.numpy(), "valid")[::factor][:16]
    np.testing.assert_allclose((columns @ fine)[: len(expected)], expected, atol=1e-12)
    assert torch.equal(rows, columns.t())


def test_a_filter_is_the_sum_of_its_terms():
    f = torch.randn(5, 5, dtype=torch.float64)
    found = terms(f, False)
    assert found.shape == (5, 2, 5)
    torch.testing.assert_close(torch.einsum("ry,rx->yx", found[:, 0], found[:, 1]), f)
    flipped = terms(f, True)
    torch.testing.assert_close(torch.einsum("ry,rx->yx", flipped[:, 0], flipped[:, 1]), f.flip([0, 1]))


@pytest.mark.parametrize("cutoff", [2.0, 10.1, 50.8, 256.0])
def test_circularly_symmetric_filters_have_few_terms(cutoff):
    f = lowpass_filter(12, cutoff, cutoff, 8 * cutoff, radial=True)
    found = terms(f, False)
    assert len(found) <= 4
    sum_ = torch.einsum("ry,rx->yx", found[:, 0], found[:, 1])
    torch.testing.assert_close(sum_, f.double(), rtol=0, atol=1e-7 * float(f.max()))


def test_what_is_kept_follows_the_values():
    f, calls = torch.zeros(2), []
    for _ in range(2):
        assert kept(f, ("a",), lambda: calls.append("a") or 1) == 1
    f.add_(1)
    kept(f, ("a",), lambda: calls.append("again"))
    kept(torch.zeros(2), ("a",), lambda: calls.append("another"))
    assert calls == ["a", "again", "another"]
