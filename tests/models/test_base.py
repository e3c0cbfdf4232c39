from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from torch import nn

from baselines.training.weights import save_weights
from ganbench.models.base import _benchmark
from ganbench.types import Embedded


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
