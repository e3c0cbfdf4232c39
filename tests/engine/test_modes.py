"""The state in which numbers are taken: eval mode, and afterwards everything as it was."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from toygan import Waves

import ganbench
from ganbench.engine.modes import evaluating, own_modes


class Normed(nn.Module):
    """A generator with batch norm and dropout, which another mode or batch size would change."""

    z_dim, c_dim, img_resolution, img_channels = 6, 0, 32, 1

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.body = nn.Sequential(nn.Linear(6, 64), nn.BatchNorm1d(64), nn.Dropout(0.5), nn.Linear(64, 1024))

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        return self.body(z).tanh().reshape(-1, 1, 32, 32)


class Wrapped:
    """A model that is not a module, but holds some."""

    z_dim, c_dim, img_resolution, img_channels = 6, 0, 32, 1

    def __init__(self, network: nn.Module) -> None:
        self.parts: dict[str, Any] = {"G": [network]}

    def __call__(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        return self.parts["G"][0](z)  # type: ignore[no-any-return]


@pytest.mark.parametrize("wrap", [lambda it: it, Wrapped], ids=["module", "holder"])
@pytest.mark.parametrize("batch_size", [16, 5])
def test_a_model_in_train_mode_is_measured_in_eval_mode(wrap: Any, batch_size: int) -> None:
    network = Normed()
    network.body[2].eval()
    modes = [module.training for module in network.modules()]
    found = ganbench.measure(wrap(network), ["fid@40"], benchmark="toy", batch_size=batch_size)
    assert [module.training for module in network.modules()] == modes
    assert found == ganbench.measure(Normed().eval(), ["fid@40"], benchmark="toy")


def test_modes_return_after_an_error() -> None:
    network = Normed()

    def fail() -> None:
        with evaluating(network):
            assert not any(module.training for module in network.modules())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert all(module.training for module in network.modules())


@pytest.mark.parametrize("thing", [None, 5, "text", object(), nn.Module, [1, [2]], {"a": {"b": None}}])
def test_what_holds_no_networks_is_left_alone(thing: Any) -> None:
    with evaluating(thing):
        pass


MODES = pytest.mark.parametrize(
    "mode", [lambda: torch.autocast("cpu"), lambda: torch.device("meta")], ids=["autocast", "meta"]
)


@MODES
def test_modes_of_the_caller_end_where_measuring_begins(mode: Any) -> None:
    with mode(), own_modes():
        made = torch.ones(2, 2) @ torch.ones(2, 2)
    assert (made.device.type, made.dtype) == ("cpu", torch.float32)


@MODES
def test_modes_of_the_caller_change_no_number(mode: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics, model = ["fid@40", "kid@40", "pr3@40", "eqr@4", "memorization@40"], Waves()
    right = ganbench.measure(model, metrics, benchmark="toy")
    with mode():
        assert ganbench.measure(model, metrics, benchmark="toy") == right
        (record,) = ganbench.run("waves", metrics, benchmark="toy")
    assert {result.key: result.value for result in record.results} == right
    assert not record.warnings
