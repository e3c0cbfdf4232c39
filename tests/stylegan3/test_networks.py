"""The generator: its laws, and the published formulation of the same weights."""

import copy
import math
import threading

import numpy as np
import pytest
import scipy.signal
import torch

from baselines.stylegan3.filters import Progression, lowpass_filter
from baselines.stylegan3.networks import Generator
from tests.ops import plain

T = {"channel_base": 256, "channel_max": 6}
R = {"channel_base": 512, "channel_max": 8, "conv_kernel": 1, "use_radial_filters": True}


def generator(c_dim=0, resolution=32, seed=0, **kwargs) -> Generator:
    """A small one whose biases, magnitudes and mean latent are not at their initial values."""
    torch.manual_seed(seed)
    G = Generator(8, c_dim, 12, resolution, 3, mapping_kwargs={"num_layers": 2}, **{**T, **kwargs})
    with torch.no_grad():
        for name, tensor in G.state_dict().items():
            if name.endswith(("bias", "w_avg")) or "input.affine" in name:
                tensor.add_(torch.randn(tensor.shape) * 0.2)
            elif name.endswith("magnitude_ema"):
                tensor.uniform_(0.5, 2)
    return G.eval().requires_grad_(False)


def latents(n=5, seed=1) -> torch.Tensor:
    return torch.randn([n, 8], generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "kwargs",
    [T, R, {"resolution": 64}, {"conv_clamp": 0.5}, {"conv_clamp": None, "num_critical": 0, "conv_kernel": 1}],
    ids=str,
)
def test_equals_the_published_formulation(kwargs):
    G = generator(**{"resolution": 16, **kwargs}).double()
    ws = G.mapping(latents(2).double())
    torch.testing.assert_close(G.synthesis(ws), plain.synthesis(G.synthesis, ws), rtol=0, atol=1e-7)


@pytest.mark.parametrize("kwargs", [T, R], ids=["t", "r"])
def test_float32_is_near_float64(kwargs):
    G = generator(**kwargs)
    images, exact = G(latents()), copy.deepcopy(G).double()(latents())
    assert (images.dtype, exact.dtype) == (torch.float32, torch.float64)
    assert exact.std() > 0.01
    torch.testing.assert_close(images.double(), exact, rtol=0, atol=5e-6)


@pytest.mark.parametrize("kwargs", [T, R], ids=["t", "r"])
def test_an_image_has_the_same_bits_in_any_batch_and_on_any_number_of_threads(kwargs):
    G, z = generator(c_dim=2, **kwargs), latents(19)
    c = torch.eye(2)[torch.arange(19) % 2]
    transforms = torch.eye(3).repeat(19, 1, 1)
    transforms[:, 0, 2] = torch.linspace(-0.1, 0.1, 19)

    def images(batch_size):
        parts = []
        for i in range(0, 19, batch_size):
            G.set_transform(transforms[i : i + batch_size])
            parts.append(G(z[i : i + batch_size], c[i : i + batch_size], truncation_psi=0.7))
        return torch.cat(parts)

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        with torch.inference_mode():
            expected = images(19)
            for threads, batch_size in [(1, 1), (1, 7), (2, 19), (3, 2), (4, 16)]:
                torch.set_num_threads(threads)
                assert torch.equal(images(batch_size), expected), (threads, batch_size)
    finally:
        torch.set_num_threads(before)


def test_copies_that_share_parameters_run_in_threads_of_their_own():
    G, z, found = generator(), latents(4), {}
    with torch.inference_mode():
        expected = G(z)

    def work(i, copied):
        torch.set_num_threads(1)
        with torch.inference_mode():
            found[i] = copied(z)

    threads = [threading.Thread(target=work, args=(i, copy.copy(G))) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert all(torch.equal(images, expected) for images in found.values())


@pytest.mark.parametrize("kwargs", [T, R], ids=["t", "r"])
def test_with_gradients_the_images_are_the_same(kwargs):
    G = generator(**kwargs)
    ws = G.mapping(latents())
    with torch.enable_grad():
        ws.requires_grad_(True)
        images = G.synthesis(ws)
        images.square().sum().backward()
    torch.testing.assert_close(images.detach(), G.synthesis(ws.detach()), rtol=0, atol=2e-6)
    assert ws.grad.abs().sum(2).min() > 0  # every layer listens to its own w


def test_weights_loaded_later_take_effect():
    G, other, z = generator(seed=0), generator(seed=7), latents(2)
    before = G(z)
    G.load_state_dict(other.state_dict())
    assert not torch.equal(before, G(z))
    assert torch.equal(G(z), other(z))
    with torch.no_grad():
        G.synthesis.L3_36_6.up_filter.mul_(0.5)
    assert not torch.equal(G(z), other(z))


def test_moving_the_canvas_by_whole_pixels_moves_the_image():
    G = generator(margin_size=10, **{"channel_base": 2048, "channel_max": 16}).double()
    ws = G.mapping(latents(2).double())
    G.set_transform(torch.eye(3))
    still = G.synthesis(ws)
    matrix = torch.eye(3, dtype=torch.float64)
    matrix[0, 2], matrix[1, 2] = -4 / 32, 2 / 32
    G.set_transform(matrix)
    moved = G.synthesis(ws)
    inside = (moved[:, :, 0:28, 6:30], still[:, :, 2:30, 2:26])
    far = (inside[0] - inside[1]).square().mean() / still.var()
    unmoved = (moved - still).square().mean() / still.var()
    assert far < 0.05 * unmoved, (far, unmoved)


def test_a_transform_for_each_image():
    G = generator()
    ws = G.mapping(latents(3))
    matrices = torch.eye(3).repeat(3, 1, 1)
    matrices[1, 0, 2] = 0.1
    angle = torch.tensor(0.3)
    matrices[2, :2, :2] = torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])
    one_by_one = []
    for i in range(3):
        G.set_transform(matrices[i])
        one_by_one.append(G.synthesis(ws[i : i + 1]))
    G.set_transform(torch.eye(3))
    state = copy.deepcopy(G.state_dict())
    G.set_transform(matrices)
    torch.testing.assert_close(G.synthesis(ws), torch.cat(one_by_one), rtol=0, atol=1e-6)
    assert G.state_dict().keys() == state.keys()
    assert all(torch.equal(G.state_dict()[key], state[key]) for key in state)
    with pytest.raises(ValueError, match="expected one transform for each of 2 images, found 3"):
        G.synthesis(ws[:2])
    G.set_transform(torch.eye(3))
    assert torch.equal(G.synthesis(ws[:1]), one_by_one[0])
    for wrong in (torch.eye(4), torch.zeros(2, 3), torch.zeros(1, 1, 3, 3)):
        with pytest.raises(ValueError, match=r"\[3, 3\] or \[N, 3, 3\]"):
            G.set_transform(wrong)


def test_truncation_interpolates_from_the_mean():
    G, z = generator(), latents()
    ws, w_avg = G.mapping(z), G.mapping.w_avg
    assert torch.equal(ws, ws[:, :1].expand_as(ws))
    truncated = G.mapping(z, truncation_psi=0.3, truncation_cutoff=4)
    torch.testing.assert_close(truncated[:, :4], w_avg + 0.3 * (ws[:, :4] - w_avg))
    assert torch.equal(truncated[:, 4:], ws[:, 4:])
    torch.testing.assert_close(G.mapping(z, truncation_psi=0.0), w_avg.expand_as(ws))


def test_mapping_ignores_the_length_of_z_and_listens_to_labels():
    G, z = generator(c_dim=3), latents()
    c = torch.eye(3)[[0, 1, 2, 0, 1]]
    torch.testing.assert_close(G.mapping(z * 5, c), G.mapping(z, c), rtol=1e-5, atol=1e-6)
    assert (G.mapping(z, c) - G.mapping(z, c.roll(1, dims=1))).abs().amax(dim=(1, 2)).min() > 1e-3


def test_running_averages_move_only_when_asked():
    G, z = generator(), latents(64)
    state = copy.deepcopy(G.state_dict())
    with torch.no_grad():
        images = G(z)
        assert all(torch.equal(G.state_dict()[key], state[key]) for key in state)
        ws = G.mapping(z, update_emas=True)
        G.synthesis(ws, update_emas=True)
    changed = {key for key in state if not torch.equal(G.state_dict()[key], state[key])}
    assert changed == {"mapping.w_avg"} | {f"synthesis.{name}.magnitude_ema" for name in G.synthesis.layer_names}
    expected = ws[:, 0].mean(0) * 0.002 + state["mapping.w_avg"] * 0.998
    torch.testing.assert_close(G.mapping.w_avg, expected)
    first = G.synthesis.layer_names[0]
    power = G.synthesis.input(ws[:, 0]).square().mean()
    expected = power * 0.001 + state[f"synthesis.{first}.magnitude_ema"] * 0.999
    torch.testing.assert_close(G.state_dict()[f"synthesis.{first}.magnitude_ema"], expected)
    assert not torch.equal(images, G(z))


def test_noise_and_precision_arguments_change_nothing_on_the_cpu():
    G = generator()
    ws = G.mapping(latents(2))
    expected = G.synthesis(ws)
    assert torch.equal(G.synthesis(ws, noise_mode="random", streams=None, force_fp32=True), expected)
    assert G.synthesis(ws[:0]).shape == (0, 3, 32, 32)


def test_wrong_shapes_are_named():
    G = generator(c_dim=2)
    with pytest.raises(ValueError, match=r"z of shape \[N, 8\], found \[4, 7\]"):
        G.mapping(torch.zeros(4, 7), torch.zeros(4, 2))
    with pytest.raises(ValueError, match=r"c of shape \[N, 2\], found None"):
        G.mapping(torch.zeros(4, 8))
    with pytest.raises(ValueError, match=r"ws of shape \[N, 16, 12\].*\[4, 12\]"):
        G.synthesis(torch.zeros(4, 12))


def test_filters_pass_their_band_and_stop_beyond_it():
    cutoff, width, fs = 8.0, 8.0, 64.0
    f = lowpass_filter(24, cutoff, width, fs).double().numpy()
    frequencies, response = scipy.signal.freqz(f, worN=2048, fs=fs)
    gain = np.abs(response)
    assert gain[0] == pytest.approx(1, abs=1e-6)
    assert gain[np.searchsorted(frequencies, cutoff)] == pytest.approx(0.5, abs=0.01)
    assert gain[frequencies > cutoff + width].max() < 0.01
    assert lowpass_filter(1, cutoff, width, fs) is None


def test_radial_filters_are_alike_in_all_directions():
    f = lowpass_filter(24, 8.0, 8.0, 64.0, radial=True).double()
    assert f.sum() == pytest.approx(1, abs=1e-6)
    assert torch.equal(f, f.T)
    torch.testing.assert_close(f, f.flip([0, 1]))
    # Hankel transform: the response at one frequency along the axis and along the diagonal.
    positions = (torch.arange(24) - 11.5) / 64
    for frequency in (4.0, 8.0, 12.0):
        along = torch.cos(2 * math.pi * frequency * positions).double()
        diagonal = 2 * math.pi * frequency / math.sqrt(2) * (positions[:, None] + positions[None, :])
        assert (f.sum(0) * along).sum() == pytest.approx(float((f * diagonal.cos().double()).sum()), abs=0.02)


def test_bands_grow_geometrically_up_to_the_image():
    p = Progression.design(256, 3)
    ratios = np.divide(p.cutoffs[1:], p.cutoffs[:-1])
    np.testing.assert_allclose(ratios[:12], (128 / 2) ** (1 / 12))
    assert p.cutoffs[0] == 2
    assert p.cutoffs[-3:] == (128, 128, 128)
    assert p.sizes[-2:] == (256, 256)
    assert all(s >= 2 * f for s, f in zip(p.sampling_rates, p.cutoffs, strict=True))
    assert p.critical == (False,) * 12 + (True,) * 3
