"""StyleGAN's networks: growing, truncation, noise, options, labels."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from baselines.ops.levels import downscale2d, level_channels, split_lod, upscale2d
from baselines.stylegan1.networks import Discriminator, Generator
from baselines.training.streams import seeded
from ganbench.types import EquivariantGenerator, StyleGenerator

LODS = [0.0, 0.25, 1.0, 1.5, 2.0, 3.0, 9.0]


def generator(**changes: Any) -> Generator:
    """A generator none of whose parameters is zero, in float64."""
    sizes = {"z_dim": 6, "c_dim": 0, "w_dim": 5, "img_resolution": 32, "img_channels": 3}
    settings = {"fmap_base": 64, "fmap_max": 8, "mapping_kwargs": {"num_layers": 3, "layer_features": 7}}
    with seeded(1):
        G = Generator(**{**sizes, **settings, **changes}).double()
        for parameter in G.parameters():
            torch.nn.init.normal_(parameter)
        torch.nn.init.normal_(G.mapping.w_avg)
    return G.eval().requires_grad_(False)


def discriminator(**changes: Any) -> Discriminator:
    with seeded(2):
        D = Discriminator(
            **{"c_dim": 0, "img_resolution": 32, "img_channels": 3, "fmap_base": 64, "fmap_max": 8, **changes}
        )
        return D.double().eval().requires_grad_(False)  # fmt: skip


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def linear(G: Generator, ws: Tensor, lod: float) -> Tensor:
    """The images as the paper's figure tells them: every resolution adds itself to what is there, by its share."""
    x, images = ws[:, 0], None
    blocks = G.synthesis.blocks()
    for i, block in enumerate(blocks):
        noise = [G.synthesis.noise(2 * i + j, ws, "const", None) for j in (0, 1)]
        x = block(x, (ws[:, 2 * i], ws[:, 2 * i + 1]), (noise[0], noise[1]))
        new, share = block.torgb(x), min(max(lod - (len(blocks) - 1 - i), 0), 1)
        images = new if images is None else new * (1 - share) + upscale2d(images) * share
    assert images is not None
    return images


@pytest.mark.parametrize("lod", LODS)
def test_only_what_has_grown_is_computed_and_gives_the_same(lod: float) -> None:
    G = generator()
    ws = G.mapping(normal(2, 6))
    G.synthesis.lod.fill_(lod)
    torch.testing.assert_close(G.synthesis(ws), linear(G, ws, lod))


def test_coarse_images_are_squares_of_pixels() -> None:
    G = generator()
    G.synthesis.lod.fill_(2)
    images = G(normal(2, 6))
    assert images.shape == (2, 3, 32, 32)
    assert (images == upscale2d(images[:, :, ::4, ::4], 4)).all()
    assert not (images == upscale2d(images[:, :, ::8, ::8], 8)).all()


@pytest.mark.parametrize("lod", LODS)
def test_the_discriminator_fades_between_two_readings(lod: float) -> None:
    D, images = discriminator(), normal(4, 3, 32, 32)
    D.lod.fill_(lod)
    missing, share = split_lod(lod, 4)
    blocks = D.blocks()
    small = downscale2d(images, 2**missing)
    x = blocks[missing](blocks[missing].read(small))
    if missing < 3:
        x = x * (1 - share) + blocks[missing + 1].read(downscale2d(small)) * share
    for block in blocks[missing + 1 :]:
        x = block(x)
    torch.testing.assert_close(D(images), x)


def test_levels_of_detail() -> None:
    assert [split_lod(lod, 4) for lod in (-1, 0, 2.25, 3, 7)] == [(0, 0), (0, 0), (2, 0.25), (3, 0), (3, 0)]
    assert [level_channels(r, 8192, 1.0, 512) for r in (4, 16, 32, 64, 1024)] == [512, 512, 512, 256, 16]
    assert level_channels(32, 64, 0.5, 100) == 16


def test_a_network_that_never_grows_has_one_output_and_ignores_the_level() -> None:
    G, D = generator(structure="fixed"), discriminator(structure="fixed")
    ends = [f"b32.{layer}.{name}" for layer in ("torgb", "fromrgb") for name in ("weight", "bias")]
    assert [name for name in G.synthesis.state_dict() if "torgb" in name] == ends[:2]
    assert [name for name in D.state_dict() if "fromrgb" in name] == ends[2:]
    images, scores = G(normal(2, 6)), D(normal(2, 3, 32, 32))
    G.synthesis.lod.fill_(1.5)
    D.lod.fill_(1.5)
    assert (G(normal(2, 6)) == images).all()
    assert (D(normal(2, 3, 32, 32)) == scores).all()


def test_truncation_pulls_the_first_layers_towards_the_mean() -> None:
    G, z = generator(), normal(3, 6)
    w, mean = G.mapping(z), G.mapping.w_avg
    assert (w == w[:, :1]).all()
    torch.testing.assert_close(G.mapping(z, truncation_psi=0.0), mean.expand(3, 8, 5))
    half = G.mapping(z, truncation_psi=0.5, truncation_cutoff=3)
    torch.testing.assert_close(half[:, :3], (w[:, :3] + mean) / 2)
    assert (half[:, 3:] == w[:, 3:]).all()
    assert (G.mapping(z, truncation_psi=1.0) == w).all()


def test_the_length_of_latents_does_not_matter() -> None:
    G, z = generator(), normal(3, 6) * 10
    torch.testing.assert_close(G.mapping(z), G.mapping(3 * z), rtol=1e-6, atol=1e-6)
    G = generator(mapping_kwargs={"num_layers": 3, "normalize_latents": False})
    assert not torch.allclose(G.mapping(z), G.mapping(3 * z))


def test_the_mean_of_w_moves_by_one_part_in_two_hundred() -> None:
    G, z = generator(), normal(3, 6)
    before, batch = G.mapping.w_avg.clone(), G.mapping(z)[:, 0].mean(0)
    G.mapping(z, update_emas=True)
    torch.testing.assert_close(G.mapping.w_avg, 0.995 * before + 0.005 * batch)


def test_labels_choose_the_images_and_the_score() -> None:
    G, D, z = generator(c_dim=3), discriminator(c_dim=3), normal(3, 6)
    c = torch.eye(3)
    assert G.mapping(z[:1].expand(3, -1), c).unique(dim=0).shape[0] == 3
    images = G(z, c)
    every = torch.stack([D(images, row.expand(3, -1))[:, 0] for row in c], dim=1)
    torch.testing.assert_close(D(images, c)[:, 0], every.diagonal())
    assert every.unique().numel() == 9
    with pytest.raises(ValueError, match=r"expected c of shape \[N, 3\], found None"):
        G(z)


class Streams:
    """Says what was asked for and gives the same number for each image."""

    def __init__(self, values: Sequence[float]) -> None:
        self.values, self.asked = values, dict[str, tuple[int, ...]]()

    def normal(self, purpose: str, shape: Sequence[int] = ()) -> Tensor:
        self.asked[purpose] = tuple(shape)
        return torch.stack([torch.full(tuple(shape), value) for value in self.values])


def test_random_noise_comes_from_a_stream_an_image_and_a_layer() -> None:
    G, ws = generator(use_instance_norm=False), generator().mapping(normal(1, 6)).expand(2, -1, -1)
    streams = Streams([0.0, 1.0])
    images = G.synthesis(ws, noise_mode="random", streams=streams)
    assert streams.asked == {f"noise/{i}": (4 * 2 ** (i // 2),) * 2 for i in range(8)}
    torch.testing.assert_close(images[:1], G.synthesis(ws[:1], noise_mode="none"))
    assert not torch.allclose(images[0], images[1])
    assert not torch.allclose(images[:1], G.synthesis(ws[:1], noise_mode="const"))


def test_random_noise_without_streams_is_new_every_time() -> None:
    G, z = generator(), normal(2, 6)
    with seeded(3):
        assert not torch.allclose(G(z, noise_mode="random"), G(z, noise_mode="random"))
    assert (G(z) == G(z)).all()
    with pytest.raises(ValueError, match="unknown noise mode 'loud'"):
        G(z, noise_mode="loud")


@torch.inference_mode()
def test_an_image_is_the_same_whatever_batch_it_is_in() -> None:
    G, z, c = generator(c_dim=2).float(), normal(5, 6), torch.eye(2)[[0, 1, 1, 0, 1]]
    streams = Streams([0.5, -1.0, 2.0, 0.0, 1.0])
    whole = G.synthesis(G.mapping(z, c), noise_mode="random", streams=streams)
    alone = G.synthesis(G.mapping(z[4:], c[4:]), noise_mode="random", streams=Streams([1.0]))
    assert torch.equal(whole[4:], alone)
    with torch.enable_grad():
        ws = G.mapping(z.clone(), c.clone())
        torch.testing.assert_close(G.synthesis(ws, noise_mode="random", streams=streams), whole, rtol=1e-4, atol=1e-4)


def test_noise_strength_scales_the_noise_of_every_channel() -> None:
    G, z = generator(), normal(1, 6)
    for block in G.synthesis.blocks():
        block.epilogue0.noise_strength.zero_()
        block.epilogue1.noise_strength.zero_()
    assert (G(z) == G(z, noise_mode="none")).all()


@pytest.mark.parametrize(
    ("option", "lost"),
    [
        ({"use_noise": False}, {"noise_strength", "noise_const"}),
        ({"use_styles": False}, {"affine.weight", "affine.bias"}),
        ({"const_input_layer": False}, {"input.const"}),
    ],
)
def test_options_leave_out_what_they_say(option: dict[str, bool], lost: set[str]) -> None:
    whole, less = generator().state_dict(), generator(**option).state_dict()
    assert {
        key.split(".", 2)[2] if "epilogue" not in key else key.split(".", 3)[3] for key in whole.keys() - less
    } == lost
    assert less.keys() - whole == ({"synthesis.b4.input.weight"} if "const_input_layer" in option else set())


def test_without_styles_there_is_one_w_for_the_input() -> None:
    G = generator(use_styles=False, const_input_layer=False)
    assert G.num_ws == 1
    assert G(normal(2, 6)).unique(dim=0).shape[0] == 2
    assert generator(use_styles=False)(normal(2, 6)).unique(dim=0).shape[0] == 1


@pytest.mark.parametrize("option", ["use_pixel_norm", "use_instance_norm", "use_wscale"])
def test_norms_change_the_images(option: str) -> None:
    ws = generator().mapping(normal(2, 6))
    assert not torch.allclose(generator(**{option: True}).synthesis(ws), generator(**{option: False}).synthesis(ws))


def test_networks_follow_the_protocol_and_stay_in_their_dtype() -> None:
    G = generator().float()
    assert isinstance(G, StyleGenerator)
    assert not isinstance(G, EquivariantGenerator)
    images = G(normal(2, 6), force_fp32=True)
    assert images.dtype == torch.float32
    assert generator()(normal(2, 6).float()).dtype == torch.float64
    assert discriminator().float()(images).dtype == torch.float32


def test_bad_shapes_are_refused() -> None:
    G = generator()
    with pytest.raises(ValueError, match=r"expected z of shape \[N, 6\], found \[2, 5\]"):
        G(normal(2, 5))
    with pytest.raises(ValueError, match=r"expected ws of shape \[N, 8, 5\], found \[2, 5\]"):
        G.synthesis(normal(2, 5))
    with pytest.raises(ValueError, match="found 24: give a power of two"):
        generator(img_resolution=24)
    with pytest.raises(ValueError, match="found 2: give a power of two"):
        discriminator(img_resolution=2)
