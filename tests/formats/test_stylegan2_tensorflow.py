"""StyleGAN2's TensorFlow networks of every kind come back as they were, and those of another kind are refused."""

from typing import Any

import pytest
import torch

from baselines.stylegan2.networks import Discriminator, Generator
from baselines.training.streams import seeded
from ganbench.errors import BadInputError
from tests.checkpoints.tflib_records import OFFICIAL, built, instance, normal, randomised, record

FIRST = ("G_main with G_synthesis_stylegan2", "D_stylegan2")
ADA = ("G_main with G_synthesis", "D_main")
IMAGES: dict[str, Any] = {"img_resolution": 16, "img_channels": 1, "channel_base": 64, "channel_max": 6}
OURS: dict[str, Any] = {
    **IMAGES,
    **{"z_dim": 6, "c_dim": 0, "w_dim": 5, "num_fp16_res": 0, "conv_clamp": None, "tensorflow": True},
}
# official arguments, and ours that mean the same
GENERATORS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"architecture": "orig"}, {"architecture": "orig"}),
    ({"architecture": "resnet", "nonlinearity": "relu"}, {"architecture": "resnet", "activation": "relu"}),
    ({"resample_kernel": [1, 2, 1]}, {"resample_filter": [1, 2, 1]}),
]
DISCRIMINATORS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"architecture": "skip"}, {"architecture": "skip"}),
    ({"architecture": "orig"}, {"architecture": "orig"}),
    ({"mbstd_num_features": 2}, {"epilogue_kwargs": {"mbstd_num_channels": 2}}),
    ({"mbstd_group_size": 2}, {"epilogue_kwargs": {"mbstd_group_size": 2}}),
    ({"resample_kernel": [1, 2, 1]}, {"block_kwargs": {"resample_filter": [1, 2, 1]}}),
]


@pytest.mark.parametrize("functions", [FIRST, ADA], ids=["first", "ada"])
@pytest.mark.parametrize(("official", "ours"), GENERATORS, ids=str)
def test_a_generator_comes_back(official: dict[str, Any], ours: dict[str, Any], functions: tuple[str, str]) -> None:
    mapping = {"num_layers": 2, "layer_features": 7, "w_avg_beta": 0.995}
    with seeded(1):
        G = randomised(Generator(**{**OURS, **ours}, mapping_kwargs=mapping))
    again: Any = built(record(G, functions[0], {**OURS, **ours}, **{**OFFICIAL, **official}))
    assert again.mapping.w_avg_beta == 0.995
    torch.testing.assert_close(again(normal(2, 6)), G(normal(2, 6)))


@pytest.mark.parametrize("functions", [FIRST, ADA], ids=["first", "ada"])
@pytest.mark.parametrize(("official", "ours"), DISCRIMINATORS, ids=str)
def test_a_discriminator_comes_back(official: dict[str, Any], ours: dict[str, Any], functions: tuple[str, str]) -> None:
    given: dict[str, Any] = {**IMAGES, "c_dim": 0, "num_fp16_res": 0, "conv_clamp": None, **ours}
    default = {"mbstd_group_size": 4 if functions is FIRST else None}
    config = given | {"epilogue_kwargs": default | given.get("epilogue_kwargs", {})}
    with seeded(2):
        D = randomised(Discriminator(**config))
    again = built(record(D, functions[1], config, **{**OFFICIAL, **official}))
    images = normal(8, 1, 16, 16)
    assert torch.equal(again(images), D(images))


def test_labels_and_half_precision_of_the_later_code_come_back() -> None:
    labels = {"num_layers": 2, "layer_features": 7, "embed_features": 4}
    official = {**OFFICIAL, "label_size": 3, "label_fmaps": 4, "num_fp16_res": 2, "conv_clamp": 256}
    ours = {**IMAGES, "c_dim": 3, "num_fp16_res": 2, "conv_clamp": 256, "mapping_kwargs": labels}
    config = {**ours, "z_dim": 6, "w_dim": 5, "tensorflow": True}
    with seeded(1):
        G, D = (
            randomised(Generator(**config)),
            randomised(Discriminator(**ours, epilogue_kwargs={"mbstd_group_size": None})),
        )
    G_again: Any = built(record(G, ADA[0], config, **official))
    D_again: Any = built(record(D, ADA[1], ours, **official))
    z, c = normal(3, 6), torch.eye(3)
    torch.testing.assert_close(G_again(z, c), G(z, c))
    torch.testing.assert_close(D_again(G(z, c), c), D(G(z, c), c))
    assert [block.use_fp16 for block in G_again.synthesis.blocks()] == [False, True, True]
    assert D_again.b16.conv1.conv_clamp == 256


def test_labels_of_the_first_code_come_back() -> None:
    official = {**OFFICIAL, "label_size": 3}
    mapping = {"num_layers": 2, "layer_features": 7, "label_concat": True}
    own = {**OURS, "c_dim": 3, "mapping_kwargs": mapping}
    judge = {**IMAGES, "c_dim": 3, "num_fp16_res": 0, "conv_clamp": None, "label_select": True}
    with seeded(1):
        G, D = randomised(Generator(**own)), randomised(Discriminator(**judge))
    stored = record(G, FIRST[0], own, **official)
    assert stored.state["components"]["mapping"].state["variables"][0][0] == "LabelConcat/weight"
    z, c = normal(3, 6), torch.eye(3)
    G_again, D_again = built(stored), built(record(D, FIRST[1], judge, **official))
    torch.testing.assert_close(G_again(z, c), G(z, c))
    torch.testing.assert_close(D_again(G(z, c)[:2], c[:2]), D(G(z, c)[:2], c[:2]))


@pytest.mark.parametrize(
    ("function", "synthesis", "kwargs", "words"),
    [
        ("G_main", "G_synthesis", {"normalize_latents": False}, "whose latents are not normalised"),
        ("G_main", "G_synthesis_of_another", {}, "'G_main with G_synthesis_of_another'"),
        ("D_another", None, {}, "'D_another'"),
        ("D_stylegan2", None, {"fmap_base": "many"}, "arguments that do not make a StyleGAN2 discriminator"),
    ],
)
def test_what_is_not_built_here_is_named(function: str, synthesis: Any, kwargs: dict[str, Any], words: str) -> None:
    parts = {"synthesis": instance(synthesis, kwargs, {}, {}), "mapping": instance("G_mapping", kwargs, {}, {})}
    with pytest.raises(BadInputError, match=words):
        built(instance(function, kwargs, {}, parts if synthesis else {}))


def test_weights_of_another_resolution_are_named() -> None:
    with seeded(1):
        G = Generator(**OURS, mapping_kwargs={"num_layers": 2, "layer_features": 7})
    stored = record(G.requires_grad_(False), FIRST[0], OURS, **OFFICIAL)
    for part in stored.state["components"].values():
        part.state["static_kwargs"]["resolution"] = 64
    with pytest.raises(BadInputError, match=r"lacks the variable G_synthesis/32x32/.* of resolution 64 has with shape"):
        built(stored)
