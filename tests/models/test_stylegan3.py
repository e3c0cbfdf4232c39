"""StyleGAN3 by name: official files, our own, published ones, the embedded default, and files of something else."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from baselines.stylegan3.networks import Generator
from ganbench import registry
from ganbench.checkpoints import file_sha256
from ganbench.errors import BadInputError, MissingWeightsError, UnknownNameError
from ganbench.models import load_model, open_model
from ganbench.models.stylegan3 import StyleGAN3Adapter, adapter
from ganbench.types import Adapter
from tests.golden_cases import golden
from tests.models.tiny_stylegans import weights_of


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return weights_of("stylegan3", tmp_path)


@pytest.fixture
def embedded(weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Other weights in place of the embedded ones."""
    monkeypatch.setattr(StyleGAN3Adapter, "embedded", replace(StyleGAN3Adapter.embedded, weights=weights))
    return weights


def test_the_adapter_is_found_by_name() -> None:
    assert registry.load("models", "stylegan3") is adapter
    assert isinstance(adapter, Adapter)


def test_official_snapshots_give_their_average_generator() -> None:
    path = golden("stylegan23/pkl_sg3t_32") / "network.pkl"
    subject = open_model("stylegan3", path)
    assert (subject.weights, subject.sha256, subject.embedded) == (str(path), file_sha256(path), None)
    assert subject.benchmark == "stylegan3"
    assert subject.note == ""
    # G_ema is the entry that was perturbed, G the plain initialisation with w_avg zero.
    assert subject.model.mapping.w_avg.abs().max() > 0


def test_the_embedded_weights_are_the_default(embedded: Path) -> None:
    subject = open_model("stylegan3")
    assert isinstance(subject.model, Generator)
    assert (subject.embedded is not None, subject.benchmark) == (True, "digits")
    assert subject.sha256 == file_sha256(embedded)
    note = subject.note
    assert "digits" in note
    assert "not comparable with published" in note
    assert "\n" not in note


def test_weights_trained_on_the_digits_are_measured_by_them(tmp_path: Path) -> None:
    from baselines.digits.dataset import SHA256

    for fingerprint, benchmark in ((SHA256["train"], "digits"), ("0" * 64, "stylegan3")):
        path = weights_of("stylegan3", tmp_path, data_fingerprint=fingerprint)
        assert open_model("stylegan3", path).benchmark == benchmark


def test_published_names_are_official_addresses() -> None:
    assert sorted(adapter.published) == sorted(
        f"{data}-{kind}"
        for data in ("ffhq-1024", "ffhqu-1024", "ffhqu-256", "metfaces-1024", "metfacesu-1024", "afhqv2-512")
        for kind in "tr"
    )
    base = "https://api.ngc.nvidia.com/v2/models/nvidia/research/stylegan3/versions/1/files/"
    assert adapter.published["ffhq-1024-r"].url == base + "stylegan3-r-ffhq-1024x1024.pkl"
    assert adapter.published["ffhqu-256-t"].url == base + "stylegan3-t-ffhqu-256x256.pkl"
    assert {checkpoint.benchmark for checkpoint in adapter.published.values()} == {"stylegan3"}
    assert set(adapter.published) < set(adapter.recipes), "every published model has its recipe"


def test_a_published_checkpoint_is_taken_from_the_cache(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganbench.paths import cache_dir

    cached = cache_dir() / "weights" / "stylegan3-t-ffhq-1024x1024.pkl"
    cached.parent.mkdir(parents=True)
    cached.write_bytes(weights.read_bytes())
    subject = open_model("stylegan3:ffhq-1024-t")
    assert subject.weights == adapter.published["ffhq-1024-t"].url
    assert (subject.name, subject.sha256, subject.embedded) == ("stylegan3:ffhq-1024-t", file_sha256(weights), None)


def test_with_the_network_closed_the_error_says_what_to_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*args: Any, **kwargs: Any) -> None:
        raise OSError("Network is unreachable")

    monkeypatch.setattr("socket.create_connection", closed)
    with pytest.raises(MissingWeightsError) as caught:
        open_model("stylegan3:afhqv2-512-r")
    for part in ("stylegan3-r-afhqv2-512x512.pkl", "https://api.ngc.nvidia.com", "sha256 not on record", "weights"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("name", "weights", "device", "error", "words"),
    [
        ("stylegan33", None, "cpu", UnknownNameError, "did you mean stylegan3"),
        ("stylegan3:ffhq-1024-x", None, "cpu", UnknownNameError, "did you mean .*ffhq-1024-"),
        ("stylegan3:", None, "cpu", UnknownNameError, "known: afhqv2-512-r"),
        ("stylegan3:ffhq-1024-t", "a.pkl", "cpu", BadInputError, "give one of the two"),
        ("stylegan3", "missing.pkl", "cpu", BadInputError, "missing.pkl does not exist"),
        ("stylegan3", None, "gpu", BadInputError, "found 'gpu': choose"),
        ("stylegan3", None, "meta", BadInputError, "found 'meta': choose"),
        ("stylegan3", None, "cuda:99", BadInputError, "found 'cuda:99': choose"),
    ],
)
def test_names_that_mean_nothing_are_refused(
    embedded: Path, name: str, weights: str | None, device: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        load_model(name, weights, device=device)
    assert "\n" not in str(caught.value)


def test_weights_of_another_architecture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"expected a StyleGAN3 generator in .*, found a StyleGAN2 generator"):
        load_model("stylegan3", golden("stylegan23/pkl_sg2ada_uncond_32") / "network.pkl")
    with pytest.raises(BadInputError, match=r"expected a StyleGAN3 generator in .*, found a StyleGAN generator"):
        load_model("stylegan3", golden("stylegan1/sg1_main_32") / "network.pkl")
    metadata = {"model": '"biggan"', "config": "{}"}
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors", metadata)
    with pytest.raises(BadInputError, match="'biggan'"):
        load_model("stylegan3", tmp_path / "other.safetensors")


def test_a_snapshot_of_only_a_discriminator_is_refused(tmp_path: Path) -> None:
    from baselines.stylegan2.networks import Discriminator
    from tests.checkpoints.forge import snapshot, stored

    config = {"c_dim": 0, "img_resolution": 16, "img_channels": 1, "channel_max": 4}
    with torch.random.fork_rng():
        D = stored(Discriminator(**config), "Discriminator", config)  # type: ignore[arg-type]
    with pytest.raises(BadInputError, match="holds no network G_ema, only D"):
        load_model("stylegan3", snapshot(tmp_path / "a.pkl", D=D))
    with pytest.raises(BadInputError, match=r"expected a StyleGAN3 generator in .*, found a StyleGAN2 discriminator"):
        load_model("stylegan3", snapshot(tmp_path / "a.pkl", G_ema=D))


def test_third_party_models_are_known_by_their_weights() -> None:
    first, second = open_model("waves"), open_model("waves")
    assert first.sha256 == second.sha256
    assert (first.embedded is not None, first.benchmark, first.weights) == (True, "toy", "embedded")
    assert "not comparable" in first.note
