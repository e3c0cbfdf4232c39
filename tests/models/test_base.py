from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import nn

from baselines.cyclegan.networks import ResnetGenerator
from baselines.training.streams import seeded
from baselines.training.weights import save_weights
from ganbench import load_model, registry
from ganbench.errors import BadInputError
from ganbench.models import BaseAdapter, open_model
from ganbench.models.base import _benchmark
from ganbench.types import Embedded
from tests.golden_cases import golden


@pytest.mark.parametrize(
    ("trained_on", "wanted"), [("a" * 64, "digits-3-8"), ("b" * 64, "cyclegan"), (None, "cyclegan")]
)
def test_weights_trained_on_the_data_of_the_embedded_ones_are_measured_like_them(
    trained_on: str | None, wanted: str, tmp_path: Path
) -> None:
    def written(name: str, **notes: Any) -> Path:
        save_weights(tmp_path / name, nn.Linear(1, 1), model="cyclegan", config={}, **notes)
        return tmp_path / name

    embedded = written("embedded.safetensors", data_fingerprint="a" * 64)
    own = Embedded(embedded, "", "digits-3-8", "digit-domains:3,8")
    adapter: Any = SimpleNamespace(benchmark="cyclegan", embedded=own)
    notes = {"data_fingerprint": trained_on} if trained_on else {}
    assert _benchmark(adapter, written("own.safetensors", **notes)) == wanted


class FailingAdapter(BaseAdapter):
    """A third party's, with an error in it."""

    def load(self, weights: Path | None, device: str) -> Any:
        raise KeyError("state")


def test_a_third_partys_adapter_that_fails_is_named_as_such(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(registry, "load", lambda kind, name: FailingAdapter())
    where = r"the adapter of mygan \(tests\.models\.test_base, not part of ganbench\)"
    words = rf"{where} failed to load .*\(KeyError: 'state'\)"
    for weights in (None, tmp_path / "a.pt"):
        with pytest.raises(BadInputError, match=words):
            open_model("mygan", weights)
    with pytest.raises(BadInputError, match="found 'ema': leave it out"):
        open_model("mygan", tmp_path / "a.pt", entry="ema")


def test_one_of_several_networks_is_chosen_by_its_entry(tmp_path: Path) -> None:
    def state(seed: int) -> dict[str, torch.Tensor]:
        with seeded(seed):
            return ResnetGenerator(ngf=2, n_blocks=1).state_dict()

    torch.save({"g": state(1), "g_ema": state(2)}, tmp_path / "g.pt")
    torch.save(state(2), tmp_path / "alone.pth")
    x = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
    chosen = load_model("cyclegan", tmp_path / "g.pt", entry="g_ema").translate(x, "B")
    assert torch.equal(chosen, load_model("cyclegan", tmp_path / "alone.pth").translate(x, "B"))
    opened = [open_model("cyclegan", tmp_path / "g.pt", entry=entry) for entry in ("g", "g_ema")]
    assert len({it.sha256 for it in opened}) == 2, "results are kept by it"
    assert opened[1].weights == f"{tmp_path / 'g.pt'}#g_ema"
    with pytest.raises(BadInputError, match="expected a file of weights for the entry 'g_ema', found none"):
        load_model("cyclegan", entry="g_ema")
    official = golden("stylegan23/pkl_sg3t_32") / "network.pkl"
    names = [load_model("stylegan3", official, entry=entry).state_dict() for entry in ("G", "G_ema")]
    assert not torch.equal(*(state["mapping.fc0.weight"] for state in names))
    with pytest.raises(BadInputError, match=r"expected a StyleGAN3 generator in .*, found a StyleGAN2 discriminator"):
        load_model("stylegan3", official, entry="D")
