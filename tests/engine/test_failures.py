"""What fails on the way: the others are measured, and nothing is stored under a wrong name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor
from toygan import Stripes, Waves

import ganbench
from ganbench.engine import cuts, data_watch
from ganbench.engine.cache import Cache
from ganbench.engine.plan import Plan
from ganbench.engine.results import measured
from ganbench.engine.run import Silence, fill
from ganbench.errors import BadInputError, DataChangedError, NonFiniteError
from ganbench.inputs import BaseView, Batch, Features, Input, Rows, Samples
from ganbench.metrics import BaseMetric, Number
from tests.subjects import metric, waves


@dataclass(frozen=True)
class Wrong(BaseMetric):
    """A metric whose compute raises."""

    name: str
    count: int
    view: Any = Features("pool")  # noqa: RUF009 - immutable
    error: type[Exception] = ValueError

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = ""

    def inputs(self) -> Mapping[str, Input]:
        return {"fake": Input(Samples(), self.view, Rows, self.count)}

    def compute(self, fake: Rows) -> Mapping[str, Number]:
        raise self.error("not of these rows")


@dataclass(frozen=True)
class Blind(BaseView):
    """A view that fails on some samples."""

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        if 40 in batch.indices:
            raise RuntimeError("cannot see")
        return torch.zeros(len(batch.indices), 1)


def outcome(metrics: Sequence[Any], folder: Path, model: Any = None) -> Any:
    built = Plan.build(waves(model), metrics, data=Stripes())
    filled, failures, _ = fill(built, 16, Cache(folder), Silence())
    return measured(built, filled, failures)


def test_a_metric_that_fails_costs_no_other(tmp_path: Path) -> None:
    found = outcome([metric("fid@64"), Wrong("wrong64", 64), metric("is@64")], tmp_path)
    assert [result.key for result in found.results] == ["fid@64", "is@64_mean", "is@64_std"]
    assert found.failed == {"wrong64": "wrong64: it failed with ValueError: not of these rows"}


def test_a_view_that_fails_costs_only_its_own_metric(tmp_path: Path) -> None:
    alone = outcome([metric("fid@64")], tmp_path / "alone")
    found = outcome([metric("fid@64"), Wrong("wrong64", 64, Blind())], tmp_path / "both")
    assert found.results == alone.results
    assert "RuntimeError: cannot see" in found.failed["wrong64"]


def test_where_nothing_can_be_measured_the_reason_is_raised(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not of these rows"):
        outcome([Wrong("wrong64", 64)], tmp_path)


def test_a_sample_that_is_not_finite_costs_what_needs_samples(tmp_path: Path) -> None:
    class Nan(Waves):
        def synthesis(self, ws: Tensor, **more: Any) -> Tensor:
            return super().synthesis(ws, **more) * float("nan")

    with pytest.raises(NonFiniteError, match="sample 0"):
        outcome([metric("fid@20")], tmp_path, Nan())
    found = outcome([metric("fid@20"), metric("lpips_real@20")], tmp_path, Nan())
    assert [result.key for result in found.results] == ["lpips_real@20"]
    assert "NaN" in found.failed["fid@20"]


def test_interrupts_are_not_failures_of_a_metric(tmp_path: Path) -> None:
    class Impatient(Waves):
        def synthesis(self, ws: Tensor, **more: Any) -> Tensor:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outcome([metric("fid@20"), metric("lpips_real@20")], tmp_path, Impatient())


class Changing(Stripes):
    """Data of which a file changes after some readings."""

    def __init__(self, after: int) -> None:
        self.after, self.read = after, 0

    def images(self, indices: Sequence[int]) -> Tensor:
        self.read += 1
        return super().images(indices)

    def changed(self) -> str:
        return "a.png changed while it was measured: try again." if self.read > self.after else ""


@pytest.mark.parametrize("after", [0, 3])
def test_nothing_is_kept_of_data_that_changed(after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts, "SHARD", 16)
    monkeypatch.setattr(data_watch, "LOOK_EVERY", 0.0)
    built = Plan.build(waves(), [metric("fid@20")], data=Changing(after))
    with pytest.raises(DataChangedError, match=r"a\.png changed"):
        fill(built, 16, Cache(tmp_path), Silence())
    kept = list(tmp_path.rglob("*.safetensors"))
    assert len(kept) <= after, "what was stored before the change was of the data as it was"


def test_data_that_stays_is_no_trouble(tmp_path: Path) -> None:
    built = Plan.build(waves(), [metric("fid@20")], data=Changing(10**9))
    assert fill(built, 16, Cache(tmp_path), Silence())[1] == {}


def test_the_data_do_not_matter_to_what_does_not_read_them(tmp_path: Path) -> None:
    built = Plan.build(waves(), [metric("is@20")], data=Changing(-1))
    assert fill(built, 16, Cache(tmp_path), Silence())[1] == {}


def test_the_record_has_what_failed_and_the_exit_code_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ganbench.metrics.fid import FrechetInceptionDistance
    from tests.cli.command_line import ganbench as command

    def compute(self: object, **inputs: object) -> Mapping[str, Number]:
        raise ArithmeticError("no")

    monkeypatch.setattr(FrechetInceptionDistance, "compute", compute)
    (record,) = ganbench.run("waves", "fid@20,is@20", results_dir=tmp_path)
    assert record.missing == {"fid@20": "fid@20: it failed with ArithmeticError: no"}
    assert [result.key for result in record.results] == ["is@20_mean", "is@20_std"]
    done = command("run", "--model", "waves", "--metrics", "fid@20,is@20", "--results-dir", tmp_path)
    assert done.exit_code == 2
    assert "is@20_mean" in done.stdout
    assert done.stderr.splitlines()[-1] == "ganbench: 1 of the metrics failed: fid@20."


def test_weights_that_change_while_they_are_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import toygan

    from ganbench.models import open_model

    path = tmp_path / "weights.bin"
    path.write_bytes(b"one")

    def load(weights: Path | None, device: str) -> Waves:
        path.write_bytes(b"two")
        return Waves()

    monkeypatch.setattr(toygan.adapter, "load", load)
    with pytest.raises(BadInputError, match=r"weights\.bin to stay unchanged"):
        open_model("waves", path)
    assert len(open_model("waves", path).sha256) == 64, "it is read again as it is now"
