"""The StyleGAN2 generator: its laws."""

import copy

import pytest
import torch

from baselines.stylegan2.networks import Generator, MappingNetwork

SMALL = {
    "img_resolution": 16,
    "img_channels": 2,
    "channel_base": 128,
    "channel_max": 6,
    "mapping_kwargs": {"num_layers": 2},
}


def generator(c_dim=0, **settings):
    """A generator whose noise, biases and mean count."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        G = Generator(4, c_dim, 5, **{**SMALL, **settings}).eval().requires_grad_(False)
        for name, tensor in G.state_dict().items():
            if name.endswith(("noise_strength", "bias", "w_avg")):
                tensor.add_(torch.randn_like(tensor) * 0.3)
    return G


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


class Draws:
    """Random numbers that depend on the image and the purpose, and remember what they were asked for."""

    def __init__(self, *indices):
        self.indices, self.asked = indices, {}

    def normal(self, purpose, shape=()):
        self.asked[purpose] = tuple(shape)
        return torch.stack([random(*shape, seed=hash((i, purpose)) % 2**31) for i in self.indices])


Z = random(5, 4)


@pytest.mark.parametrize("architecture", ["orig", "skip", "resnet"])
def test_sizes(architecture):
    G = generator(architecture=architecture)
    assert G.num_ws == 6  # one convolution at 4x4, two at 8x8, two at 16x16, and the last colours
    ws = G.mapping(Z)
    assert ws.shape == (5, 6, 5)
    assert G.synthesis(ws).shape == (5, 2, 16, 16)
    coloured = {name.split(".")[1] for name in G.state_dict() if ".torgb." in name}
    assert coloured == ({"b4", "b8", "b16"} if architecture == "skip" else {"b16"})
    assert any(".skip." in name for name in G.state_dict()) is (architecture == "resnet")


@pytest.mark.parametrize("architecture", ["orig", "skip", "resnet"])
def test_every_w_goes_to_its_own_layer(architecture):
    G = generator(architecture=architecture)
    ws = G.mapping(Z[:1])
    features = {}
    for name in ("b4", "b8", "b16"):
        block = G.synthesis.get_submodule(name)
        block.register_forward_hook(lambda _block, _in, out, name=name: features.update({name: out[0].clone()}))

    def seen(ws):
        with torch.enable_grad():  # so that there are no tiles
            image = G.synthesis(ws, noise_mode="none")
        return [features["b4"], features["b8"], features["b16"], image]

    before = seen(ws)
    firsts = [0, 1, 1, 2, 2, 3]  # the first of what is seen that each w changes
    for index, first in enumerate(firsts):
        if architecture == "skip" and index in (1, 3):
            continue  # the colours of the block before have this w as well
        other = ws.clone()
        other[:, index] += 1
        changed = [not torch.equal(a, b) for a, b in zip(before, seen(other), strict=True)]
        assert changed == [at >= first for at in range(4)], index


@pytest.mark.parametrize("noise_mode", ["const", "random", "none"])
@pytest.mark.parametrize("c_dim", [0, 3])
def test_an_image_is_the_same_in_any_batch(noise_mode, c_dim):
    G = generator(c_dim)
    c = torch.eye(3)[[0, 1, 2, 0, 1]] if c_dim else None
    with torch.no_grad():
        ws = G.mapping(Z, c)
        whole = G.synthesis(ws, noise_mode=noise_mode, streams=Draws(*range(5)))
        for part in ([0], [3], [1, 4], [4, 2, 0]):
            assert torch.equal(G.mapping(Z[part], None if c is None else c[part]), ws[part])
            assert torch.equal(G.synthesis(ws[part], noise_mode=noise_mode, streams=Draws(*part)), whole[part])
    torch.testing.assert_close(G.synthesis(ws, noise_mode=noise_mode, streams=Draws(*range(5))), whole)


def test_random_noise_is_drawn_for_each_layer_by_name():
    G, streams = generator(), Draws(0, 1)
    images = G.synthesis(G.mapping(Z[:1]).expand(2, -1, -1), noise_mode="random", streams=streams)
    sizes = {"b4.conv1": 4, "b8.conv0": 8, "b8.conv1": 8, "b16.conv0": 16, "b16.conv1": 16}
    assert streams.asked == {f"noise/{name}": (size, size) for name, size in sizes.items()}
    assert not torch.allclose(images[0], images[1])


@pytest.mark.usefixtures("untouched_random_state")
def test_with_streams_the_global_random_state_is_left_alone():
    G = generator()
    G.synthesis(G.mapping(Z), noise_mode="random", streams=Draws(*range(5)))


def test_random_noise_without_streams_is_torchs():
    G = generator()
    ws = G.mapping(Z)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first, second = G.synthesis(ws, noise_mode="random"), G.synthesis(ws, noise_mode="random")
        torch.manual_seed(1)
        again = G.synthesis(ws, noise_mode="random")
    assert torch.equal(first, again)
    assert not torch.allclose(first, second)


def test_constant_noise_is_the_buffers_and_none_is_nothing():
    G = generator()
    ws = G.mapping(Z)
    silent = copy.deepcopy(G)
    for name, tensor in silent.state_dict().items():
        if name.endswith("noise_strength"):
            tensor.zero_()
    assert torch.equal(silent.synthesis(ws), G.synthesis(ws, noise_mode="none"))
    assert not torch.allclose(G.synthesis(ws), G.synthesis(ws, noise_mode="none"))
    streams = Draws()
    streams.normal = lambda purpose, shape: G.synthesis.get_buffer(f"{purpose.removeprefix('noise/')}.noise_const")[
        None
    ]
    stored = G.synthesis(ws[:1], noise_mode="random", streams=streams)
    assert torch.equal(stored, G.synthesis(ws[:1]))


def test_a_generator_without_noise():
    G = generator(use_noise=False)
    ws = G.mapping(Z)
    assert torch.equal(G.synthesis(ws, noise_mode="random"), G.synthesis(ws, noise_mode="none"))


def test_both_names_of_the_synthesis_settings_build_the_same():
    one = Generator(4, 0, 5, 16, 2, synthesis_kwargs={"channel_base": 64, "channel_max": 3, "architecture": "resnet"})
    two = Generator(4, 0, 5, 16, 2, channel_base=64, channel_max=3, architecture="resnet")
    shapes = [{key: value.shape for key, value in G.state_dict().items()} for G in (one, two)]
    assert shapes[0] == shapes[1]


def test_the_mean_moves_only_when_asked():
    G = generator(mapping_kwargs={"num_layers": 1, "w_avg_beta": 0.75})
    before = G.mapping.w_avg.clone()
    ws = G.mapping(Z)
    assert torch.equal(G.mapping.w_avg, before)
    G.mapping(Z, update_emas=True)
    torch.testing.assert_close(G.mapping.w_avg, 0.75 * before + 0.25 * ws[:, 0].mean(0))


def test_truncation_is_a_line_to_the_mean():
    G = generator()
    ws, mean = G.mapping(Z), G.mapping.w_avg
    assert torch.equal(G.mapping(Z, truncation_psi=0), mean.expand(5, 6, 5))
    torch.testing.assert_close(G.mapping(Z, truncation_psi=0.7), mean + 0.7 * (ws - mean))
    cut = G.mapping(Z, truncation_psi=0.7, truncation_cutoff=2)
    torch.testing.assert_close(cut[:, :2], mean + 0.7 * (ws[:, :2] - mean))
    assert torch.equal(cut[:, 2:], ws[:, 2:])


def test_the_scale_of_z_and_of_labels_does_not_matter():
    G = generator(3)
    c = torch.eye(3)[[0, 1, 2, 0, 1]]
    torch.testing.assert_close(G.mapping(Z * 7, c), G.mapping(Z, c))
    assert not torch.allclose(G.mapping(Z, c), G.mapping(Z, c.roll(1, 0)))


def test_concatenated_labels_are_normalised_together_with_the_latent():
    mapping = MappingNetwork(4, 3, 5, None, num_layers=1, w_avg_beta=None, label_concat=True).requires_grad_(False)
    c = torch.eye(3)[[0, 1, 2, 0, 1]]
    both = torch.cat([Z, mapping.embed.weight.T[[0, 1, 2, 0, 1]]], dim=1)
    expected = mapping.fc0(both * (8 / both.square().sum(1, keepdim=True)).sqrt())
    torch.testing.assert_close(mapping(Z, c), expected)
    assert {name: list(p.shape) for name, p in mapping.embed.named_parameters()} == {"weight": [4, 3]}


def test_widths_of_the_mapping():
    mapping = MappingNetwork(4, 2, 5, 1, num_layers=3, embed_features=7, layer_features=9)
    shapes = {name: list(p.shape) for name, p in mapping.named_parameters() if name.endswith("weight")}
    assert shapes == {"embed.weight": [7, 2], "fc0.weight": [9, 11], "fc1.weight": [9, 9], "fc2.weight": [5, 9]}


def test_double_precision_all_the_way():
    G = generator()
    images = copy.deepcopy(G).double()(Z.double())
    assert images.dtype == torch.float64
    torch.testing.assert_close(images.float(), G(Z), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda G: G.mapping(Z[:, :3]), r"z of shape \[N, 4\], found \[5, 3\]"),
        (lambda G: G.mapping(Z), r"c of shape \[N, 3\], found None"),
        (lambda G: G.synthesis(torch.zeros(1, 5, 5)), r"ws of shape \[N, 6, 5\], found \[1, 5, 5\]"),
        (lambda G: G.synthesis(torch.zeros(1, 6, 5), noise_mode="some"), "'some'"),
        (lambda _: generator(img_resolution=20), "power of two"),
        (lambda _: generator(architecture="dense"), "'dense'"),
        (lambda _: MappingNetwork(4, 0, 5, 2, w_avg_beta=None)(Z, truncation_psi=0.5), "without w_avg"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, words):
    with pytest.raises(ValueError, match=words):
        call(generator(3))
