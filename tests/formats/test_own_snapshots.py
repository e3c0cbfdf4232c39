"""Snapshots of training runs here, which are run and converted like the weights that the run ends with."""

from pathlib import Path
from typing import Any

import pytest
import torch
import toygan
from safetensors.torch import save_file
from toygan.translators import Blobs

from baselines.training.weights import read_header
from ganbench.checkpoints import load
from ganbench.checkpoints.converting import convert
from ganbench.data.digit_edges import DigitEdges
from ganbench.errors import BadInputError
from ganbench.models import adapter_of
from ganbench.types import Recipe
from tests.checkpoints.sentences import assert_one_sentence
from tests.models import test_cyclegan, test_pix2pix, test_stargan
from tests.models.tiny_stylegans import settings

STARGANV2: dict[str, Any] = {
    **adapter_of("starganv2").recipes["digits32"].settings,
    **{"style_dim": 2, "latent_dim": 2, "hidden_dim": 4, "base_channels": 2, "max_conv_dim": 4},
    **{"kimg": 0.008, "tick_kimg": 0.004, "snapshot_ticks": 1, "batch": 4, "device": "cpu"},
}
RUNS: dict[str, tuple[Any, dict[str, Any]]] = {
    "stylegan2": (toygan.Stripes(), settings("stylegan2")),
    "cyclegan": (test_cyclegan.Domains([5, 4]), test_cyclegan.TINY),
    "pix2pix": (DigitEdges(), test_pix2pix.TINY),
    "stargan": (test_cyclegan.Domains([5, 4, 3]), test_stargan.TINY),
    "starganv2": (Blobs("blobs", (3, 3, 3)), STARGANV2),
}


@pytest.mark.parametrize("model", RUNS)
def test_the_last_snapshot_is_used_like_the_weights(model: str, tmp_path: Path) -> None:
    data, settings = RUNS[model]
    weights = adapter_of(model).train(data, Recipe("tiny", settings), tmp_path / "run", False, lambda tick: None)
    snapshot = sorted((tmp_path / "run").glob("snapshot-*.safetensors"))[-1]
    convert(snapshot, tmp_path / "converted.safetensors")
    found = load(weights)
    for path in (snapshot, tmp_path / "converted.safetensors"):
        again = load(path)
        assert list(again) == list(found)
        for name, network in found.items():
            assert type(again[name]) is type(network)
            for key, tensor in network.state_dict().items():
                assert torch.equal(again[name].state_dict()[key], tensor), f"{name}.{key}"
    converted = read_header(tmp_path / "converted.safetensors")
    final = read_header(weights)
    assert {name: converted[name] for name in final if name not in ("config", "kimg")} == {
        name: value for name, value in final.items() if name not in ("config", "kimg")
    }
    assert converted["source"] == snapshot.name
    assert not {"step", "settings", "weights"} & converted.keys()
    first, second = (adapter_of(model).load(path, "cpu") for path in (weights, snapshot))
    if model != "stylegan2":
        assert first.domains == second.domains
        assert first.img_resolution == second.img_resolution


OWN = {"model": '"stylegan2"', "config": "{}"}


@pytest.mark.parametrize(
    "told", [{}, {"weights": "[1]"}, {**OWN, "weights": '{"": 1}'}, {"model": "1", "weights": "{}"}]
)
def test_a_snapshot_that_does_not_say_what_it_holds_is_told_as_that(tmp_path: Path, told: dict[str, str]) -> None:
    path = tmp_path / "snapshot-000000001.safetensors"
    save_file({"networks/G_ema/w": torch.zeros(2)}, path, {"step": "1", "settings": "{}", **told})
    words = r"is a snapshot of a training run that does not say .* weights beside"
    with pytest.raises(BadInputError, match=words) as refused:
        load(path)
    assert_one_sentence(refused.value, path)
