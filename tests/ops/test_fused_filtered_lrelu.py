"""The Triton kernel of the filtered leaky ReLU against the plain operator; in Triton's interpreter without a GPU."""

import pytest
import torch
from torch.autograd import grad

from baselines.ops.filtered_lrelu import filtered_lrelu
from baselines.ops.fused import implementation
from baselines.stylegan3.filters import Progression
from baselines.stylegan3.layers import LayerDesign
from baselines.stylegan3.networks import Generator, layer_design
from baselines.stylegan3.recipes import R, T

fused = pytest.importorskip("baselines.ops.triton_bands", reason="Triton is not installed")

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
CLAMP = 0.8  # small enough to cut off a part of the samples


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    """The plain operators do not round to TF32 on a GPU."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def design(model: dict, index: int, resolution: int = 1024) -> LayerDesign:
    """A layer of StyleGAN3-T or -R."""
    layers = {name: model[name] for name in ("conv_kernel", "use_radial_filters") if name in model}
    bases = {name: model[name] for name in ("channel_base", "channel_max")}
    return layer_design(Progression.design(resolution, 3, **bases), index, **layers)


LAYERS = [pytest.param(model, i, id=f"{name}-{i}") for name, model in (("T", T), ("R", R)) for i in range(14)]


def draw(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(DEVICE, dtype)


def operator(layer: LayerDesign, choice: str):
    """The nonlinearity of a layer as a function of its input."""
    fu, fd = layer.up_filter().to(DEVICE), layer.down_filter().to(DEVICE)

    def apply(x):
        with implementation(choice):
            factors = layer.up_factor, layer.down_factor, layer.padding
            return filtered_lrelu(
                x, fu.to(x.dtype) if x.dtype == torch.float64 else fu, fd, None, *factors, clamp=CLAMP
            )

    return apply


def derivatives(operator, x, g, h):
    """The output, its gradient for ``g``, and the gradient of that gradient's product with ``h``."""
    x, g = x.clone().requires_grad_(True), g.clone().requires_grad_(True)
    y = operator(x)
    (dx,) = grad(y, x, g, create_graph=True)
    (dg,) = grad(dx, g, h, create_graph=True)
    (again,) = grad(dg, h, g.detach()) if h.requires_grad else (None,)
    return [part for part in (y, dx, dg, again) if part is not None]


@pytest.mark.parametrize(("model", "index"), LAYERS)
def test_every_layer_of_the_published_networks(model, index):
    layer = design(model, index)
    x = draw(1, 1, 33, 29) if min(layer.padding) < 0 else draw(1, 1, 23, 25)
    expected = operator(layer, "reference")(x)
    torch.testing.assert_close(operator(layer, "triton")(x), expected, rtol=0, atol=2e-6 * float(expected.abs().max()))


@pytest.mark.parametrize(("model", "index"), [(T, 12), (T, 10), (R, 9), (R, 11), (R, 13)])
def test_derivatives_of_any_order(model, index):
    layer = design(model, index)
    x = draw(1, 1, 31, 27) if min(layer.padding) < 0 else draw(1, 1, 12, 25)
    g, h = draw(*operator(layer, "reference")(x).shape, seed=1), draw(*x.shape, seed=2).requires_grad_(True)
    found, expected = (derivatives(operator(layer, choice), x, g, h) for choice in ("triton", "reference"))
    assert len(expected) == 4
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=5e-6 * float(theirs.detach().abs().max()))


def test_programs_that_compute_a_tile_of_several_images(monkeypatch):
    monkeypatch.setattr(fused, "PROGRAMS", 12)
    layer, x = design(T, 12), draw(3, 3, 30, 12)
    y = operator(layer, "triton")(x)
    torch.testing.assert_close(y, operator(layer, "reference")(x), rtol=0, atol=1e-6)
    alone = torch.cat([operator(layer, "triton")(image[None]) for image in x])
    assert torch.equal(alone, y), "the bits do not depend on the batch"


@pytest.mark.parametrize("model", [T, R], ids="TR")
def test_half_precision_is_as_close_as_plain_operators_are(model):
    layer, x = design(model, 11), draw(1, 2, 20, 20, dtype=torch.float16)
    exact = operator(layer, "reference")(x.double())
    y = operator(layer, "triton")(x)
    assert y.dtype == torch.float16
    assert float((y - exact).norm() / exact.norm()) < 1e-3


@pytest.mark.parametrize("flip_filter", [True, False])
@pytest.mark.parametrize("clamp", [None, 0.5])
def test_lopsided_filters_and_paddings(flip_filter, clamp):
    x, fu, fd = draw(2, 1, 9, 8), draw(5, seed=1), draw(6, 6, seed=2)
    arguments = (x, fu, fd, draw(1, seed=3), 3, 2, [9, 2, 5, 7], 1.3, 0.1, clamp, flip_filter)
    with implementation("triton"):
        found = filtered_lrelu(*arguments)
    torch.testing.assert_close(found, filtered_lrelu(*arguments), rtol=1e-5, atol=1e-5)


def test_changed_filters_are_noticed():
    x, f = draw(1, 1, 8, 8), draw(4)
    with implementation("triton"):
        before = filtered_lrelu(x, f, f, padding=4)
        f.mul_(2)
        after = filtered_lrelu(x, f, f, padding=4)
    torch.testing.assert_close(after, before * 16)


def test_filters_too_long_for_a_tile_run_plainly():
    f = draw(80)
    assert not fused.fits(f, f, 2, 2)
    assert not fused.fits(draw(3, 4), draw(4), 2, 2)
    with implementation("triton"):
        found = filtered_lrelu(draw(1, 1, 50, 50), f, f, up=2, down=2, padding=60)
    expected = filtered_lrelu(draw(1, 1, 50, 50), f, f, up=2, down=2, padding=60)
    # The sums of 80 taps are large, and a GPU need not add them in the same order twice.
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * float(expected.abs().max()))


def test_an_empty_batch():
    f = draw(4)
    with implementation("triton"):
        assert filtered_lrelu(draw(0, 2, 8, 8), f, f, up=2, down=2, padding=3).shape == (0, 2, 8, 8)


@pytest.mark.parametrize(
    ("kind", "choice"), [({}, "reference"), ({"conv_kernel": 1, "use_radial_filters": True}, "triton")], ids="TR"
)
def test_compiling_a_generator_breaks_no_graph(kind, choice):
    torch.manual_seed(0)
    sizes = {"channel_base": 16, "channel_max": 2, "num_layers": 3, "num_fp16_res": 0, "margin_size": 2}
    synthesis = Generator(4, 0, 4, 16, 1, **sizes, **kind).to(DEVICE).synthesis
    ws = draw(1, synthesis.num_ws, 4)
    with implementation(choice):
        plain = synthesis(ws)
        images = torch.compile(synthesis, backend="aot_eager", fullgraph=True)(ws)
    torch.testing.assert_close(images, plain, rtol=0, atol=1e-5)
    expected = grad(plain.sum(), synthesis.input.weight)
    torch.testing.assert_close(grad(images.sum(), synthesis.input.weight), expected, rtol=1e-4, atol=1e-4)
