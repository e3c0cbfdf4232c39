"""Progressive GAN's networks against a forward written from the definition, at every level of detail."""

from typing import Any

import pytest
import torch

from baselines.ops.levels import at_level
from baselines.progan.networks import Discriminator, Generator
from baselines.training.streams import seeded
from ganbench.types import Generator as GeneratorProtocol
from ganbench.types import StyleGenerator
from tests.progan.official import (
    KWARGS,
    discriminator_shapes,
    drawn,
    generator_shapes,
    images,
    network,
    scores,
)

TINY: dict[str, Any] = {"img_resolution": 16, "img_channels": 1, "fmap_base": 32, "fmap_max": 6}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"label_size": 0},
    {"fused_scale": False},
    {"use_wscale": False, "fmap_decay": 0.5},
    {"normalize_latents": False, "latent_size": 5},
    {"use_pixelnorm": False, "use_leakyrelu": False},
    {"pixelnorm_epsilon": 1e-2, "resolution": 8},
]
JUDGES: list[dict[str, Any]] = [
    {},
    {"label_size": 0},
    {"fused_scale": False},
    {"use_wscale": False, "fmap_decay": 0.5},
    {"mbstd_group_size": 1},
    {"mbstd_group_size": 2},
    {"mbstd_group_size": 16},
]


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def generator(**changes: Any) -> Generator:
    with seeded(0):
        return Generator(**{"z_dim": 5, "c_dim": 0, **TINY, **changes}).requires_grad_(False)


@pytest.mark.parametrize("lod", [0.0, 0.25, 1.0, 1.7, 2.0, 3.0])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_images_are_those_of_the_definition(options: dict[str, Any], lod: float) -> None:
    kwargs = {**KWARGS, **options}
    variables = drawn(generator_shapes(kwargs), lod=lod)
    G = network("G_paper", kwargs, variables)
    z, c = normal(3, G.z_dim).double(), torch.eye(3)[:, : kwargs["label_size"]].double()
    torch.testing.assert_close(G(z, c), images(variables, kwargs, z, c), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("lod", [0.0, 0.25, 1.0, 1.7, 2.0])
@pytest.mark.parametrize("options", JUDGES, ids=str)
def test_scores_and_labels_are_those_of_the_definition(options: dict[str, Any], lod: float) -> None:
    kwargs = {**KWARGS, **options}
    variables = drawn(discriminator_shapes(kwargs), lod=lod)
    D, x = network("D_paper", kwargs, variables), normal(4, 2, 16, 16).double()
    for ours, expected in zip(D(x), scores(variables, kwargs, x), strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-9, atol=1e-9)
    assert D(x)[1].shape == (4, kwargs["label_size"])


def test_only_what_has_grown_is_computed() -> None:
    G = generator()
    z, whole = normal(2, 5), generator()(normal(2, 5))
    G.lod.fill_(1)
    for parameter in G.get_submodule("b16").parameters():
        parameter.fill_(torch.nan)
    half = G(z)
    assert torch.isfinite(half).all()
    assert (half == half[:, :, ::2, ::2].repeat_interleave(2, 2).repeat_interleave(2, 3)).all()
    assert not torch.allclose(half, whole)


def test_features_have_unit_mean_square_at_every_pixel() -> None:
    G, seen = generator(), []
    G.b8.torgb.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))  # type: ignore[operator, union-attr]
    G.lod.fill_(1)
    G(normal(2, 5))
    torch.testing.assert_close(seen[0].square().mean(1), torch.ones(2, 8, 8), rtol=1e-4, atol=0)


def test_the_length_of_latents_does_not_matter_and_labels_do() -> None:
    G, z = generator(), normal(2, 5)
    torch.testing.assert_close(G(z), G(z * 9))
    conditional = generator(c_dim=2)
    first, second = (conditional(z, torch.eye(2)[[k, k]]) for k in (0, 1))
    assert not torch.allclose(first, second)


@torch.inference_mode()
def test_an_image_is_the_same_whatever_batch_it_is_in() -> None:
    G, z = generator(img_resolution=32), normal(7, 5)
    whole = G(z)
    for size in (1, 2, 3):
        assert torch.equal(torch.cat([G(part) for part in z.split(size)]), whole)


def test_with_gradients_images_are_the_same() -> None:
    G, z = generator(), normal(3, 5)
    with torch.enable_grad():
        torch.testing.assert_close(G(z.requires_grad_()), G(z.detach()))


def test_it_is_a_generator_without_styles() -> None:
    G = generator(c_dim=2)
    assert isinstance(G, GeneratorProtocol)
    assert not isinstance(G, StyleGenerator)
    assert [G.z_dim, G.c_dim, G.img_resolution, G.img_channels] == [5, 2, 16, 1]


def test_bad_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected z of shape \[N, 5\], found \[2, 4\]"):
        generator()(normal(2, 4))
    with pytest.raises(ValueError, match=r"expected c of shape \[N, 2\], found None"):
        generator(c_dim=2)(normal(2, 5))
    with pytest.raises(ValueError, match="expected a resolution of 4, 8, 16"):
        generator(img_resolution=24)
    with pytest.raises(ValueError, match="unknown nonlinearity 'tanh'"):
        generator(nonlinearity="tanh")


def test_the_first_layer_has_a_quarter_of_the_gain() -> None:
    with seeded(0):
        G = Generator(256, 0, **{**TINY, "fmap_base": 512, "fmap_max": 256})
    x = normal(64, 256)
    assert G.b4.dense(x).std().item() == pytest.approx(2**0.5 / 4, rel=0.05)  # type: ignore[operator, union-attr]
    assert G.b4.dense.weight.std().item() == pytest.approx(1, rel=0.02)  # type: ignore[union-attr, operator]


def test_the_discriminator_reads_coarse_images_as_their_means() -> None:
    with seeded(0):
        D = Discriminator(0, **TINY).requires_grad_(False)
    x = normal(4, 1, 16, 16)
    D.lod.fill_(1.5)
    torch.testing.assert_close(D(x)[0], D(at_level(x, 1))[0])
    assert not torch.allclose(D(x)[0], D(at_level(x, 2))[0])
