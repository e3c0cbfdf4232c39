"""TensorFlow networks of every shape: they come back as they were, or one sentence says what does not fit."""

from typing import Any

import numpy as np
import pytest
import torch

from baselines.stylegan1.networks import Discriminator, Generator
from baselines.training.streams import seeded
from ganbench.checkpoints.inert import Instance
from ganbench.errors import BadInputError, UnsafeFileError
from ganbench.formats.tflib import HWIO, IO, Source
from tests.checkpoints.tflib_records import OFFICIAL, built, instance, normal, randomised, record, variable

RUNNING = {"randomize_noise": False}  # says how to run a network, not what it is
OURS: dict[str, Any] = {
    "z_dim": 6,
    "c_dim": 0,
    "w_dim": 5,
    "img_resolution": 16,
    "img_channels": 1,
    "fmap_base": 32,
    "fmap_max": 6,
    "mapping_kwargs": {"num_layers": 2, "layer_features": 7},
}
OPTIONS = [
    {},
    {"use_noise": False},
    {"use_styles": False, "const_input_layer": False},
    {"use_pixel_norm": True, "use_instance_norm": False},
    {"structure": "fixed", "fused_scale": True},
    {"nonlinearity": "relu", "blur_filter": None, "fmap_decay": 0.5},
]


def generator(**changes: Any) -> tuple[Generator, Instance]:
    """A generator with the same arguments on both sides, and its record."""
    with seeded(1):
        G = randomised(Generator(**{**OURS, **changes}))
    return G, record(G, "G_style with G_synthesis", {**OURS, **changes}, **{**OFFICIAL, **RUNNING, **changes})


def discriminator(**changes: Any) -> tuple[Discriminator, Instance]:
    config = {"c_dim": 0, "img_resolution": 16, "img_channels": 1, "fmap_base": 32, "fmap_max": 6} | changes
    with seeded(2):
        D = Discriminator(**config).requires_grad_(False)
    return D, record(D, "D_basic", config, **{**OFFICIAL, **RUNNING, **changes})


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_a_generator_comes_back_with_its_options(options: dict[str, Any]) -> None:
    G, stored = generator(**options)
    again = built(stored)
    z = normal(2, 6)
    assert torch.equal(again(z), G(z))
    assert again.state_dict().keys() == G.state_dict().keys()


def test_labels_and_the_rest_of_the_mapping_come_back() -> None:
    mapping = {"lr_multiplier": 0.5, "normalize_latents": False, "w_avg_beta": 0.9, "use_wscale": False}
    config = {**OURS, "c_dim": 3, "use_wscale": False, "mapping_kwargs": {**OURS["mapping_kwargs"], **mapping}}
    with seeded(1):
        G = Generator(**config).requires_grad_(False)
    official = {"label_size": 3, "mapping_lrmul": 0.5, "normalize_latents": False, "dlatent_avg_beta": 0.9}
    official["use_wscale"] = False  # of mapping and synthesis alike
    again = built(record(G, "G_style with G_synthesis", config, **{**OFFICIAL, **RUNNING, **official}))
    z, c = normal(3, 6), torch.eye(3)
    assert torch.equal(again(z, c), G(z, c))
    assert again.mapping.w_avg_beta == 0.9


@pytest.mark.parametrize("options", [{}, {"structure": "fixed"}, {"mbstd_group_size": 1}, {"mbstd_num_features": 2}])
def test_a_discriminator_comes_back_with_its_options(options: dict[str, Any]) -> None:
    D, stored = discriminator(**options)
    images = normal(4, 1, 16, 16)
    assert torch.equal(built(stored)(images), D(images))


def test_a_discriminator_that_never_grew_may_lack_its_level() -> None:
    D, stored = discriminator(structure="fixed")
    stored.state["variables"] = [pair for pair in stored.state["variables"] if pair[0] != "lod"]
    images = normal(4, 1, 16, 16)
    assert torch.equal(built(stored)(images), D(images))


def test_progressive_gans_discriminator_is_the_same_without_blur() -> None:
    _, stored = discriminator()
    stored.state["build_func_name"] = "D_paper"
    D, _ = discriminator(blur_filter=None)
    images = normal(4, 1, 16, 16)
    assert torch.equal(built(stored)(images), D(images))
    stored.state["static_kwargs"]["label_size"] = 2
    with pytest.raises(BadInputError, match="conditional discriminator of Progressive GAN"):
        built(stored)


def test_what_is_not_given_has_the_official_defaults() -> None:
    with pytest.raises(BadInputError, match=r"a StyleGAN generator of resolution 1024 has with shape \[1, 512, 4, 4\]"):
        built(instance("G_style", {}, {"lod": np.float32(0)}, {"synthesis": instance("G_synthesis", {}, {}, {})}))
    with pytest.raises(BadInputError, match="discriminator of resolution 32"):
        built(instance("D_basic", {}, {}, {}))


def test_weights_of_another_resolution_are_named() -> None:
    _, stored = generator()
    for part in stored.state["components"].values():
        part.state["static_kwargs"]["resolution"] = 32
    with pytest.raises(
        BadInputError, match=r"lacks the variable G_synthesis/ToRGB_lod3/weight, .* of resolution 32 has"
    ):
        built(stored)
    _, stored = discriminator()
    stored.state["static_kwargs"]["resolution"] = 8
    with pytest.raises(BadInputError, match=r"holds the variable FromRGB_lod0/weight with shape \[1, 1, 1, 4\], and a"):
        built(stored)


def test_a_misshapen_variable_is_named_in_the_order_of_the_file() -> None:
    _, stored = generator(fmap_max=4)
    stored.state["components"]["synthesis"].state["static_kwargs"]["fmap_max"] = 6
    words = r"holds the variable G_synthesis/4x4/Const/const with shape \[1, 4, 4, 4\], and a .*\[1, 6, 4, 4\]"
    with pytest.raises(BadInputError, match=words):
        built(stored)


@pytest.mark.parametrize(
    ("function", "synthesis", "shown"),
    [("D_new", None, "'D_new'"), ("G_main", "G_new", "'G_main with G_new'"), ("G_style", None, "'G_style'")],
)
def test_an_unknown_function_is_named(function: str, synthesis: str | None, shown: str) -> None:
    parts = {} if synthesis is None else {"synthesis": instance(synthesis, {}, {}, {})}
    with pytest.raises(BadInputError, match=f"made by the TensorFlow function {shown}, which no installed package"):
        built(instance(function, {}, {}, parts))


def test_values_that_are_no_weights_are_refused() -> None:
    for value in (np.zeros(2, complex), np.zeros(2, int), "text", [1.0], None):
        with pytest.raises(UnsafeFileError, match="variable a that is not an array of real numbers"):
            built(instance("D_basic", {}, {"a": value}, {}))
    _, stored = discriminator()
    (name, value), *rest = stored.state["variables"]
    for bad in (np.nan, np.inf):
        stored.state["variables"] = [*rest[:-1], (rest[-1][0], np.full_like(rest[-1][1], bad)), (name, value)]
        with pytest.raises(BadInputError, match=r"NaN or an infinity in the tensor b4\.out\.bias"):
            built(stored)


@pytest.mark.parametrize(
    "change",
    [
        {"variables": {}},
        {"variables": [("a",)]},
        {"variables": [[1, 2]]},
        {"variables": None},
        {"static_kwargs": None},
        {"build_func_name": 3},
        {"components": [1]},
        {"components": {"synthesis": 3}},
        {"components": {"synthesis": Instance("dnnlib.tflib.network Network")}},
    ],
    ids=str,
)
def test_records_of_another_layout_are_refused(change: dict[str, Any]) -> None:
    _, stored = discriminator()
    stored.state.update(change)
    with pytest.raises(UnsafeFileError):
        built(stored)
    with pytest.raises(UnsafeFileError, match="official layout"):
        built(Instance("dnnlib.tflib.network Network"))


@pytest.mark.parametrize(
    "kwargs",
    [
        {"resolution": 2**20},
        {"mapping_layers": 10**9},
        {"fmap_base": 2.0**60},
        {"fmap_max": object()},
        {"blur_filter": [1] * 1000},
    ],
    ids=lambda kwargs: next(iter(kwargs)),
)
def test_arguments_that_no_network_has_are_refused(kwargs: dict[str, Any]) -> None:
    _, stored = generator()
    for part in stored.state["components"].values():
        part.state["static_kwargs"].update(kwargs)
    with pytest.raises(UnsafeFileError, match="which no network takes"):
        built(stored)


@pytest.mark.parametrize("kwargs", [{"resolution": 24}, {"fmap_decay": -1e5}, {"nonlinearity": 3}, {"fmap_max": None}])
def test_arguments_that_make_no_network_are_refused(kwargs: dict[str, Any]) -> None:
    _, stored = generator()
    for part in stored.state["components"].values():
        part.state["static_kwargs"].update(kwargs)
    with pytest.raises(BadInputError, match="arguments that do not make a StyleGAN generator"):
        built(stored)


@pytest.mark.parametrize("kwargs", [{"axes": HWIO}, {"axes": HWIO, "flip": True}, {}, {"ones": 2}])
def test_variables_go_there_and_back(kwargs: dict[str, Any]) -> None:
    source = Source("a", **kwargs)
    ours = np.arange(24, dtype=np.float32).reshape(4, 3, 2, 1)
    np.testing.assert_array_equal(source.value(variable(source, ours)), ours)


def test_orders_of_axes() -> None:
    conv = np.arange(2 * 2 * 3 * 4, dtype=np.float32).reshape(2, 2, 3, 4)
    assert Source("a", HWIO).value(conv)[3, 1, 0, 1] == conv[0, 1, 1, 3]
    assert Source("a", HWIO, flip=True).value(conv)[3, 1, 0, 1] == conv[1, 0, 1, 3]
    assert Source("a", IO).value(np.array([[1.0, 2, 3]])).tolist() == [[1], [2], [3]]
    assert Source("a").value(np.array(0.5)).shape == ()
    assert Source("a", HWIO).shape((4, 3, 2, 1)) == (2, 1, 3, 4)
