"""Progressive GAN's files: official snapshots give the images of the definition, ours are read back, others refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from baselines.progan.networks import Discriminator, Generator
from baselines.stylegan1.networks import Discriminator as StyleGAN1Discriminator
from ganbench.checkpoints import load, load_one
from ganbench.checkpoints.converting import convert
from ganbench.checkpoints.inert import Instance
from ganbench.errors import BadInputError, UnsafeFileError
from tests.checkpoints.tflib_records import built
from tests.progan.official import (
    KWARGS,
    discriminator_shapes,
    drawn,
    generator_shapes,
    images,
    record,
    scores,
    write,
)

LATER = "dnnlib.tflib.network"


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


def snapshot(folder: Path, **changes: Any) -> Path:
    """Write G, D and Gs as one file, of which G is another than Gs."""
    kwargs = {**KWARGS, "dtype": "float32", "structure": None, **changes}
    G, Gs = (record("G_paper", kwargs, drawn(generator_shapes(kwargs), seed)) for seed in (0, 1))
    return write(folder / "network.pkl", G, record("D_paper", kwargs, drawn(discriminator_shapes(kwargs), 2)), Gs)


def test_an_official_snapshot_gives_the_images_and_scores_of_the_definition(tmp_path: Path) -> None:
    networks: dict[str, Any] = load(snapshot(tmp_path))
    assert {name: type(network) for name, network in networks.items()} == {
        "G": Generator,
        "D": Discriminator,
        "Gs": Generator,
    }
    z, c, x = normal(3, 7), torch.eye(3), normal(3, 2, 16, 16)
    for name, seed in (("G", 0), ("Gs", 1)):
        truth = images(drawn(generator_shapes(KWARGS), seed), KWARGS, z, c)
        torch.testing.assert_close(networks[name](z, c), truth.float(), rtol=0, atol=float(truth.abs().max()) * 1e-5)
        torch.testing.assert_close(networks[name].double()(z, c), truth, rtol=1e-9, atol=1e-9)
    truths = scores(drawn(discriminator_shapes(KWARGS), 2), KWARGS, x)
    for ours, truth in zip(networks["D"].double()(x.double()), truths, strict=True):
        torch.testing.assert_close(ours, truth, rtol=1e-9, atol=1e-9)


def test_a_file_of_one_network_is_read_as_it(tmp_path: Path) -> None:
    G = record("G_paper", KWARGS, drawn(generator_shapes(KWARGS)))
    D = record("D_paper", KWARGS, drawn(discriminator_shapes(KWARGS)))
    assert list(load(write(tmp_path / "g.pkl", G))) == ["Gs"]
    assert list(load(write(tmp_path / "d.pkl", D))) == ["D"]


def test_what_is_not_given_has_the_official_defaults() -> None:
    kwargs = {"num_channels": 3, "resolution": 4, "fmap_base": 16}
    G = built(record("G_paper", kwargs, drawn(generator_shapes(kwargs))))
    assert (G.z_dim, G.c_dim, G.normalize_latents, G.use_pixel_norm, G.pixel_norm_epsilon) == (16, 0, True, True, 1e-8)
    with pytest.raises(BadInputError, match=r"lacks the variable 4x4/Dense/weight, .* \[512, 8192\]"):
        built(record("G_paper", {}, {"lod": np.float32(0)}))
    with pytest.raises(BadInputError, match=r"of resolution 32 has with shape \[1, 1, 1, 512\]"):
        built(record("D_paper", {}, {"lod": np.float32(0)}))


def test_the_copy_in_stylegans_code_orders_one_weight_otherwise() -> None:
    variables = drawn(generator_shapes(KWARGS, later=True))
    G = built(record("G_paper", KWARGS, variables, LATER)).double()
    z, c = normal(3, 7).double(), torch.eye(3).double()
    torch.testing.assert_close(G(z, c), images(variables, KWARGS, z, c, later=True), rtol=1e-9, atol=1e-9)


def test_discriminators_in_stylegans_code_stay_those_of_its_attribute_classifiers() -> None:
    kwargs = {**KWARGS, "label_size": 0}
    variables, x = drawn(discriminator_shapes(kwargs)), normal(4, 2, 16, 16).double()
    D = built(record("D_paper", kwargs, variables, LATER)).double()
    assert isinstance(D, StyleGAN1Discriminator)
    torch.testing.assert_close(D(x), scores(variables, kwargs, x)[0], rtol=1e-9, atol=1e-9)
    with pytest.raises(BadInputError, match="conditional discriminator of Progressive GAN as StyleGAN's code keeps it"):
        built(record("D_paper", KWARGS, drawn(discriminator_shapes(KWARGS)), LATER))


@pytest.mark.parametrize("entry", ["Gs", "D"])
def test_converted_files_give_the_same_again(entry: str, tmp_path: Path) -> None:
    convert(snapshot(tmp_path), tmp_path / "ours.safetensors", entry=entry)
    before, after = load_one(snapshot(tmp_path), entry=entry), load_one(tmp_path / "ours.safetensors")
    assert type(before) is type(after)
    assert before.state_dict().keys() == after.state_dict().keys()
    assert all(torch.equal(tensor, after.state_dict()[key]) for key, tensor in before.state_dict().items())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"resolution": 32}, r"lacks the variable .* of resolution 32 has"),
        ({"resolution": 8}, r"holds the variable .*, .*of resolution 8"),
        ({"fmap_max": 6}, r"with shape \[.*\], and a Progressive GAN generator of resolution 16"),
        ({"label_size": 0}, r"holds the variable 4x4/Dense/weight with shape \[10, 112\], and a .* \[7, 112\]"),
        ({"fused_scale": False}, r"lacks the variable 8x8/Conv0/weight"),
        ({"resolution": 24}, "arguments that do not make a Progressive GAN generator"),
        ({"latent_size": "many"}, "arguments that do not make a Progressive GAN generator"),
        ({"fmap_base": None}, "arguments that do not make a Progressive GAN generator"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_files_of_another_configuration_are_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        built(record("G_paper", {**KWARGS, **changes}, drawn(generator_shapes(KWARGS))))


@pytest.mark.parametrize(
    "kwargs",
    [{"resolution": 2**20}, {"fmap_base": 2.0**70}, {"fmap_max": object()}],
    ids=lambda given: next(iter(given)),
)
def test_arguments_that_no_network_has_are_refused(kwargs: dict[str, Any]) -> None:
    with pytest.raises(UnsafeFileError, match="which no network takes"):
        built(record("G_paper", {**KWARGS, **kwargs}, drawn(generator_shapes(KWARGS))))


def test_a_truncated_file_and_one_that_is_not_of_this_layout_are_refused(tmp_path: Path) -> None:
    path = snapshot(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInputError, match="cut short"):
        load(path)
    with pytest.raises(UnsafeFileError, match="official layout"):
        built(Instance("tfutil Network", (), {"build_func_name": "G_paper"}))
    with pytest.raises(BadInputError, match="made by the TensorFlow function 'G_new', which no installed package"):
        built(record("G_new", KWARGS, {}))
