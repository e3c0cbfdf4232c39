"""Progressive GAN by its adapter: official files, ours, published ones, training, and metrics that need w."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import toygan

import ganbench
from baselines.progan.networks import Generator
from baselines.training.weights import load_state, read_header, save_weights
from ganbench.checkpoints.download import fetch, without_fetching
from ganbench.data import open_data
from ganbench.errors import BadInputError, MissingWeightsError, PlanError
from ganbench.extractors.digits import open_digits
from ganbench.functional import path_length, slerp
from ganbench.models.progan import adapter
from ganbench.models.stylegan1 import adapter as stylegan1
from ganbench.rng import Streams
from ganbench.testing import check_model
from ganbench.types import Adapter, FixedSamples, Recipe, StyleGenerator
from ganbench.types import Generator as GeneratorProtocol
from tests.progan.official import KWARGS, discriminator_shapes, drawn, generator_shapes, images, record, write

TINY: dict[str, Any] = {"fmap_base": 32, "fmap_max": 4}
SHORT: dict[str, Any] = {
    **adapter.recipes["digits32"].settings,
    "generator": {"z_dim": 8, **TINY},
    "discriminator": TINY,
    "batch": 4,
    "batches": {"4": 8},
    "training_kimg": 0.004,
    "transition_kimg": 0.004,
    "kimg": 0.032,
    "tick_kimg": 0.008,
    "snapshot_ticks": 1,
    "device": "cpu",
}


def test_official_snapshots_give_the_averaged_generator(tmp_path: Path) -> None:
    kwargs = {**KWARGS, "label_size": 0}
    D = record("D_paper", kwargs, drawn(discriminator_shapes(kwargs)))
    G, Gs = (record("G_paper", kwargs, drawn(generator_shapes(kwargs), seed)) for seed in (0, 1))
    model = adapter.load(write(tmp_path / "network.pkl", G, D, Gs), "cpu")
    z = torch.randn(2, 7, generator=torch.Generator().manual_seed(0))
    truth = images(drawn(generator_shapes(kwargs), 1), kwargs, z, z[:, :0]).float()
    torch.testing.assert_close(model(z), truth, rtol=0, atol=float(truth.abs().max()) * 1e-5)


def test_our_own_weights_keep_the_laws_of_generators(tmp_path: Path) -> None:
    config = {"z_dim": 8, "c_dim": 0, "img_resolution": 16, "img_channels": 1, **TINY}
    save_weights(tmp_path / "g.safetensors", Generator(**config), model="progan", config=config)
    model = adapter.load(tmp_path / "g.safetensors", "cpu")
    check_model(model)
    assert isinstance(adapter, Adapter)
    assert isinstance(model, GeneratorProtocol)
    assert not isinstance(model, StyleGenerator | FixedSamples)


def test_training_resumes_where_it_stopped_and_its_weights_load(tmp_path: Path) -> None:
    ticks: list[Mapping[str, Any]] = []
    half = Recipe("tiny", {**SHORT, "kimg": 0.016})
    whole = adapter.train(toygan.Stripes(), Recipe("tiny", SHORT), tmp_path / "whole", False, ticks.append)
    adapter.train(toygan.Stripes(), half, tmp_path / "parts", False, ticks.append)
    parts = adapter.train(toygan.Stripes(), Recipe("tiny", SHORT), tmp_path / "parts", True, ticks.append)
    for key, tensor in load_state(whole).items():
        assert torch.equal(load_state(parts)[key], tensor), key
    model = adapter.load(parts, "cpu")
    assert (model.z_dim, model.c_dim, model.img_resolution, model.img_channels) == (8, 0, 32, 1)
    assert (read_header(parts)["model"], read_header(parts)["recipe"]) == ("progan", "tiny")


def test_a_conditional_model_is_trained_on_the_labels_of_its_data(tmp_path: Path) -> None:
    recipe = Recipe("tiny", {**SHORT, "kimg": 0.008, "conditional": True})
    model = adapter.load(adapter.train(open_data("digits"), recipe, tmp_path / "run", False, lambda tick: None), "cpu")
    assert model.c_dim == 10
    first, second = (model(torch.ones(1, 8), torch.eye(10)[[k]]) for k in (0, 1))
    assert not torch.equal(first, second)


@pytest.mark.parametrize(
    ("changes", "resume", "words"),
    [
        ({"colour": 1}, False, "colour"),
        ({}, True, "resume"),
        ({"initial_resolution": 64}, False, "initial_resolution to be at most the images' 32 pixels, found 64"),
        ({"g_smoothing": 1.5}, False, "g_smoothing to be a number from 0 to 1, found 1.5"),
        ({"generator": {"z_dim": 8, "w_dim": 8}}, False, "w_dim"),
        ({"ema_kimg": 10}, False, "unknown setting ema_kimg"),
    ],
)
def test_training_that_cannot_start_is_refused(
    changes: dict[str, Any], resume: bool, words: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInputError, match=words):
        adapter.train(
            toygan.Stripes(), Recipe("tiny", {**SHORT, **changes}), tmp_path / "run", resume, lambda tick: None
        )


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("ppl_wend@16", "ppl_wend@16: expected a style-based generator, found a model without a latent space w"),
        ("ls@16", "ls@16: expected a style-based generator, found a model without a latent space w"),
        ("eqt50k_int@16", "expected a generator with an input transform, found a model without one"),
    ],
)
def test_metrics_that_need_w_or_a_transform_are_refused_in_a_sentence(metric: str, words: str) -> None:
    with pytest.raises(PlanError, match=words) as found:
        ganbench.measure(ganbench.load_model("progan"), [metric], benchmark="digits")
    assert "\n" not in str(found.value)


class Halves:
    """A generator that is not a torch module."""

    z_dim, c_dim, img_resolution, img_channels = 2, 0, 32, 1

    def __call__(self, z: torch.Tensor, c: torch.Tensor | None = None) -> torch.Tensor:
        return z[:, :1, None, None].expand(-1, 1, 32, 32) / 2


def test_float64_needs_a_torch_module() -> None:
    with pytest.raises(PlanError, match="expected a torch module to compute in float64, found a Halves: leave out"):
        ganbench.measure(Halves(), ["ppl_zfull@4"], benchmark="digits", float64=True)


@torch.no_grad()
def test_path_length_is_measured_in_z() -> None:
    """In float64, against the definition: distances of images a small step apart, over the step squared."""
    model = ganbench.load_model("progan")
    (value,) = ganbench.measure(model, ["ppl2_zend@6"], float64=True, benchmark="digits", seed=3).values()
    extractor, streams = open_digits().to("cpu", True), Streams(3, tuple(range(6)))
    z0, z1 = (streams.normal(f"path-{end}", (model.z_dim,)).double() for end in ("z0", "z1"))
    ends = [model.double()(slerp(z0, z1, torch.full([6, 1], t, dtype=torch.float64))) for t in (0, 1e-4)]
    first, second = (extractor.embed((images + 1) * 127.5) for images in ends)
    assert value == pytest.approx(path_length((first - second).square().sum(1) / 1e-8), rel=1e-6)


def test_another_architecture_is_refused() -> None:
    words = r"expected a Progressive GAN generator in .*, found a StyleGAN generator: measure it with --model stylegan1"
    with pytest.raises(BadInputError, match=words):
        adapter.load(stylegan1.embedded.weights, "cpu")


def test_published_files_have_names_of_their_own() -> None:
    names = {checkpoint.file for checkpoint in adapter.published.values()}
    assert len(names) == len(adapter.published) == 32
    for short, words in (
        ("celebahq-1024", "karras2018iclr-celebahq-1024x1024.pkl .* download https://drive.google.com/uc"),
        ("lsun-bedroom-256", "karras2018iclr-lsun-bedroom-256x256.pkl .* download https://drive.google.com/drive/fol"),
    ):
        one = adapter.published[short]
        with without_fetching(), pytest.raises(MissingWeightsError, match=words):
            fetch(one.url, one.sha256, name=one.file)
