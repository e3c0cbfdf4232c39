"""Resampling against closed forms, SciPy's one-dimensional operator, and the step-by-step formulation."""

import itertools

import numpy as np
import pytest
import scipy.signal
import torch
from torch.autograd import gradcheck, gradgradcheck

from baselines.ops.upfirdn2d import downsample2d, filter2d, setup_filter, upfirdn2d, upsample2d
from tests.ops import plain

DOUBLE = torch.float64


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE)


@pytest.mark.parametrize(("up", "down", "taps"), list(itertools.product([1, 2, 4], [1, 2, 3], [1, 5, 12])))
def test_rows_and_columns_are_what_scipy_makes_of_them(up, down, taps):
    x, f = random(1, 1, 9, 13), random(taps, seed=1)
    # SciPy computes the full convolution, up to the last sample rather than to the zeros after it.
    padding = [taps - 1, taps - up] * 2
    expected = scipy.signal.upfirdn(f.numpy(), x[0, 0].numpy(), up, down, axis=1)
    expected = scipy.signal.upfirdn(f.numpy(), expected, up, down, axis=0)
    np.testing.assert_allclose(upfirdn2d(x, f, up, down, padding)[0, 0], expected, rtol=0, atol=1e-12)


def settings(number: int) -> list[dict]:
    """Random shapes, factors, paddings (negative ones crop) and filters whose output is not empty."""
    rng, found = np.random.default_rng(0), []
    while len(found) < number:
        height, width = rng.integers(1, 12, 2)
        up, down = tuple(map(int, rng.integers(1, 5, 2))), tuple(map(int, rng.integers(1, 4, 2)))
        padding = [int(p) for p in rng.integers(-4, 8, 4)]
        shape = [int(rng.integers(1, 9))] if rng.random() < 0.5 else [int(t) for t in rng.integers(1, 7, 2)]
        out = (width * up[0] + padding[0] + padding[1] - shape[-1], height * up[1] + sum(padding[2:]) - shape[0])
        if min(out) >= 0:
            found.append(
                {"size": (int(height), int(width)), "taps": shape, "up": up, "down": down, "padding": padding}
                | {"flip_filter": bool(rng.random() < 0.5), "gain": float(rng.choice([1, 2.5]))}
            )
    return found


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_equals_the_step_by_step_formulation(memory_format):
    for i, setting in enumerate(settings(200)):
        size, taps = setting.pop("size"), setting.pop("taps")
        x = random(2, 3, *size, seed=i).contiguous(memory_format=memory_format)
        f = None if i % 20 == 0 else random(*taps, seed=i)
        if f is None and i % 40 == 0:
            setting["up"] = setting["down"] = (1, 1)
            setting["padding"] = [1, 2, -min(size[0] - 1, 1), 3]
        expected = plain.upfirdn2d(x, f, **setting)
        found = upfirdn2d(x, f, **setting)
        assert found.shape == expected.shape, setting
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-12, msg=str(setting))


def test_identity():
    x = random(1, 2, 3, 4)
    assert torch.equal(upfirdn2d(x, None), x)
    assert torch.equal(upfirdn2d(x, None, up=2)[:, :, ::2, ::2], x)
    assert upfirdn2d(x, None, up=2).sum() == x.sum()
    assert torch.equal(upfirdn2d(x, None, padding=[1, -1, 0, 2])[:, :, :3, 1:], x[..., :-1])


@pytest.mark.parametrize("taps", [[1, 3, 3, 1], [1, 2, 1], list(range(1, 10))])
def test_a_constant_image_stays_constant_inside(taps):
    f, x = setup_filter(taps).double(), torch.full((1, 1, 24, 24), 0.7, dtype=DOUBLE)
    for y in (upsample2d(x, f), downsample2d(x, f), filter2d(x, f)):
        middle = y[..., y.shape[2] // 3 : -(y.shape[2] // 3), y.shape[3] // 3 : -(y.shape[3] // 3)]
        # The filter itself is float32; upsampling with a filter of odd length weighs the phases unequally.
        if len(taps) % 2 == 0 or y.shape[2] <= 24:
            torch.testing.assert_close(middle, torch.full_like(middle, 0.7), rtol=1e-6, atol=0)


def test_sizes():
    x, f = random(1, 1, 10, 14), setup_filter([1, 3, 3, 1])
    assert upsample2d(x, f).shape == (1, 1, 20, 28)
    assert upsample2d(x, f, up=(1, 2), padding=[1, 0, 0, 2]).shape == (1, 1, 22, 15)
    assert downsample2d(x, f).shape == (1, 1, 5, 7)
    assert downsample2d(x, f, down=(2, 1)).shape == (1, 1, 10, 7)
    assert filter2d(x, f, padding=[1, 2, -1, 0]).shape == (1, 1, 9, 17)


def test_two_by_two_box_averages_neighbours():
    x = torch.arange(16, dtype=DOUBLE).reshape(1, 1, 4, 4)
    box = setup_filter([1, 1]).double()
    assert downsample2d(x, box).flatten().tolist() == [2.5, 4.5, 10.5, 12.5]
    assert torch.equal(upsample2d(x, box)[..., 1:, 1:][..., ::2, ::2], x[..., :, :])


def test_setup_filter():
    assert setup_filter(None).tolist() == [[1.0]]
    assert setup_filter([1, 1], normalize=False, gain=3).tolist() == [[3, 3], [3, 3]]
    assert setup_filter([1, 2, 3, 4, 5, 6, 7, 8]).shape == (8,)
    assert setup_filter([1, 3], separable=True, flip_filter=True).tolist() == [0.75, 0.25]
    assert setup_filter([[1, 2], [3, 4]], normalize=False, flip_filter=True).tolist() == [[4, 3], [2, 1]]
    assert setup_filter([1, 3, 3, 1], gain=4).sum() == pytest.approx(4)


def test_bad_arguments_are_named():
    x = random(1, 1, 4, 4)
    with pytest.raises(ValueError, match=r"\[0\]"):
        setup_filter([])
    with pytest.raises(ValueError, match="at least 1"):
        upfirdn2d(x, None, up=0)
    with pytest.raises(ValueError, match="1, 2 or 4 numbers"):
        upfirdn2d(x, None, padding=[1, 2, 3])


@pytest.mark.parametrize("taps", [(4,), (3, 2)], ids=["separable", "2-D"])
@pytest.mark.parametrize(("up", "down"), [(1, 1), (2, 1), (1, 2), (2, 3)])
def test_gradients(taps, up, down):
    x, f = random(1, 2, 4, 3).requires_grad_(True), random(*taps, seed=1).requires_grad_(True)

    def resampled(x, f):
        return upfirdn2d(x, f, up, down, padding=[2, 3, 1, 2])

    assert gradcheck(resampled, (x, f))
    assert gradgradcheck(resampled, (x, f))


def test_the_filter_follows_the_image():
    f = setup_filter([1, 3, 3, 1])
    assert upsample2d(random(1, 1, 4, 4), f).dtype == DOUBLE
    assert f.dtype == torch.float32
