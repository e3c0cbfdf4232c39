"""The Triton kernel of resampling against the step-by-step formulation; in Triton's interpreter without a GPU."""

import pytest
import torch
from torch.autograd import grad

from baselines.ops import fused
from baselines.ops.conv import conv2d_resample
from baselines.ops.fused import fusable, implementation
from baselines.ops.upfirdn2d import setup_filter, upfirdn2d, upsample2d
from tests.ops.test_upfirdn2d import settings

pytest.importorskip("baselines.ops.triton_upfirdn", reason="Triton is not installed")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def draw(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(DEVICE, dtype)


def derivatives(choice: str, x: torch.Tensor, f: torch.Tensor, **setting) -> list[torch.Tensor]:
    """The output, its gradient for given weights, and the gradient of that gradient's product with given weights."""
    x = x.clone().requires_grad_(True)
    with implementation(choice):
        y = upfirdn2d(x, f, **setting)
        g = draw(*y.shape, seed=5).requires_grad_(True)
        (dx,) = grad(y, x, g, create_graph=True)
        (dg,) = grad(dx, g, draw(*x.shape, seed=6))
    return [y, dx, dg]


@pytest.mark.parametrize("setting", settings(16), ids=str)
def test_equals_the_plain_operator_with_its_derivatives(setting):
    size, taps = setting["size"], setting["taps"]
    arguments = {name: value for name, value in setting.items() if name not in ("size", "taps")}
    x, f = draw(1, 2, *size), draw(*taps, seed=1)
    for ours, theirs in zip(
        derivatives("triton", x, f, **arguments), derivatives("reference", x, f, **arguments), strict=True
    ):
        assert ours.shape == theirs.shape
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_images_larger_than_a_program_in_any_memory_format():
    x, f = draw(1, 2, 11, 150), setup_filter([1, 3, 3, 1], device=DEVICE)
    expected = upsample2d(x.double(), f)
    with implementation("triton"):
        for image in (
            x,
            x.contiguous(memory_format=torch.channels_last),
            x.transpose(2, 3).contiguous().transpose(2, 3),
        ):
            torch.testing.assert_close(upsample2d(image, f).double(), expected, rtol=0, atol=1e-6)
        assert upsample2d(x[:0], f).shape == (0, 2, 22, 300)


def test_half_precision_rounds_once():
    x, f = draw(1, 2, 9, 20, dtype=torch.float16), setup_filter([1, 3, 3, 1], device=DEVICE)
    exact = upfirdn2d(x.double(), f, padding=2)
    with implementation("triton"):
        found = upfirdn2d(x, f, padding=2)
    assert torch.equal(found, exact.half()) or float((found - exact).abs().max()) <= 2**-11 * float(exact.abs().max())


def test_a_convolution_with_resampling():
    x, w, f = draw(1, 4, 9, 7), draw(6, 4, 3, 3, seed=1), setup_filter([1, 3, 3, 1], device=DEVICE)
    for up, down in ((2, 1), (1, 2)):
        plain = conv2d_resample(x, w, f, up, down, 1)
        with implementation("triton"):
            torch.testing.assert_close(conv2d_resample(x, w, f, up, down, 1), plain, rtol=1e-4, atol=1e-5)


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor:UserWarning")  # of opcheck itself
def test_the_operator_keeps_the_rules_of_custom_operators():
    from baselines.ops.triton_upfirdn import upfirdn2d as kernel

    x, f = draw(1, 1, 6, 5).requires_grad_(True), draw(3, 4, seed=1)
    torch.library.opcheck(kernel, (x, f, [2, 1], [1, 2], [1, 2, 3, 0], False, 1.5))


def test_what_is_fused(monkeypatch):
    cpu, cuda, f = torch.device("cpu"), torch.device("cuda"), torch.ones(4)
    assert fusable(cuda, torch.float16, f, None)
    assert fusable(cuda, torch.float32)
    assert not fusable(cuda, torch.float64)
    assert not fusable(cuda, torch.float32, f.clone().requires_grad_(True)), "filters have no gradient there"
    assert not fusable(cpu, torch.float32)
    with implementation("reference"):
        assert not fusable(cuda, torch.float32)
    with implementation("triton"):
        assert fusable(cpu, torch.float32)
    with implementation("fastest"), pytest.raises(ValueError, match=r"'fastest'.*auto, reference, triton"):
        fusable(cuda, torch.float32)
    monkeypatch.setattr(fused, "TRITON", False)
    assert not fusable(cuda, torch.float32)
