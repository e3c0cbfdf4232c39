"""Metrics that break one law each."""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor
from toygan import Brightness, Waves

from ganbench.errors import PlanError
from ganbench.inputs import Features, Input, Rows, Samples, Sums
from ganbench.inputs.accumulators import State
from ganbench.metrics import BaseMetric, Number, resolve
from ganbench.testing import check_metric, check_together
from tests.testing.broken import fails

MODEL = Waves().eval()
CALLS = itertools.count()


class SumsOfUpdates(Sums):
    """Which counts its updates, and so the shards."""

    def update(self, rows: Tensor) -> None:
        super().update(rows)
        self.sum = self.sum + 1


class Reading(Rows):
    """Which counts how often its rows are read."""

    reads = 0

    def rows(self) -> Tensor:
        self.reads += 1
        return super().rows()

    def state(self) -> State:
        return {**super().state(), "reads": np.array(self.reads)}


# A view that another process cannot be given, as its class is not found by its name.
HIDDEN: Any = type("Nameless", (Brightness,), {})()


class Nothing:
    """Of a metric."""


@dataclass(frozen=True)
class Mean(BaseMetric):
    """Mean brightness in lux; higher is brighter."""

    name: str = "mean10k"
    count: int = 10_000
    flaw: str = ""
    extractor: str = "pool"

    version: ClassVar[Any] = 1
    higher_is_better: ClassVar[Any] = True
    unit: ClassVar[str] = "lux"

    def inputs(self) -> Mapping[str, Any]:
        if self.flaw == "inputs":
            return {"seen": Samples()}
        into = {"shards": SumsOfUpdates, "columns": SumsOfUpdates, "reads": Reading}.get(self.flaw, Rows)
        view = HIDDEN if self.flaw == "input" else Brightness()
        found = {"seen": Input(Samples(), view, into, self.count)}
        used = Features("pool" if self.flaw == "extractor" else self.extractor)
        found["features"] = Input(Samples(), used, Sums, self.count)
        if self.flaw == "restless":
            found["seen"] = Input(Samples(1 - next(CALLS) / 1000), Brightness(), Rows, self.count)
        return found

    def compute(self, seen: Any, features: Sums) -> Mapping[str, Any]:
        value = float(seen.sum[0] if self.flaw in ("shards", "columns") else seen.rows().double().mean())
        if self.flaw == "random":
            torch.rand(1)
        name = {"column": "mean", "columns": f"{self.name}_{value:g}"}.get(self.flaw, self.name)
        values = {"nan": float("nan"), "fickle": value + next(CALLS)}
        better: Any = "up" if self.flaw == "direction of a number" else True
        return {} if self.flaw == "nothing" else {name: Number(values.get(self.flaw, value), better)}

    def with_(self, **changes: Any) -> Any:
        if self.flaw == "with" and not changes:
            return type(self)("other", self.count, self.flaw)
        if "count" in changes and self.flaw == "count stays":
            return self
        if "count" in changes and self.flaw == "name stays":
            return type(self)(self.name, changes["count"], self.flaw)
        if "count" in changes and self.flaw == "more changes":
            return type(self)(f"mean@{changes['count']}", changes["count"], self.flaw + " and more")
        if changes.get("psi") and self.flaw in ("psi name", "psi same"):
            return self if self.flaw == "psi name" else type(self)(f"{self.name}_psi0.5", self.count, self.flaw)
        return super().with_(**changes)

    def warnings(self, filled: Mapping[str, Any]) -> list[str]:
        return [""] if self.flaw == "warnings" else []

    def spec(self) -> dict[str, Any]:
        return {**super().spec(), **({"set": {1}} if self.flaw == "spec" else {})}


class Unversioned(Mean):
    version = "one"


class Directionless(Mean):
    higher_is_better = "up"


class Undocumented(Mean):
    """Mean brightness in lux."""


class Unitless(Mean):
    """Mean brightness; higher is brighter."""


class Uncertain(Mean):
    uncertainty: ClassVar[Any] = "guess"


class Bound(Mean):
    def __reduce__(self) -> Any:
        raise TypeError("cannot pickle it")


class Others(Mean):
    """Higher is brighter, in lux."""

    def compute(self, seen: Any, other: Any) -> Mapping[str, Any]:  # type: ignore[override]  # that is what is broken
        return {}


class Plain(BaseMetric):
    """No dataclass; higher is brighter, in lux."""

    name, count, version, higher_is_better, unit = "plain", 9, 1, True, "lux"
    inputs, compute = Mean.inputs, Mean.compute


@pytest.mark.parametrize("metric", [Mean(), resolve("is50k"), resolve("eqt50k_int")], ids=lambda metric: metric.name)
def test_good_ones_pass(metric: Any) -> None:
    check_metric(metric, model=MODEL, benchmark="toy", count=18)


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (Nothing(), "it follows Metric"),
        (Plain(), "it is a frozen dataclass"),
        (Bound(), "it can be pickled"),
        (Mean("", 40), "it has a name"),
        (Unversioned(), "its version is a whole number"),
        (Directionless(), "it has a direction"),
        (Uncertain(), "its interval is found in a known way"),
        (Mean(flaw="spec"), "spec is made of JSON values"),
        (Undocumented(), "its docstring says which direction is better"),
        (Unitless(), "its docstring names the unit"),
        (Mean(flaw="inputs"), "inputs declares Inputs by name"),
        (Mean(flaw="input"), "the input seen can be pickled, for other processes"),
        (Mean(flaw="restless"), "inputs is the same each time"),
        (Others(), "compute takes the inputs by their names"),
        (Mean(flaw="with"), "with_ without arguments changes nothing"),
        (Mean(flaw="count stays"), "with_(count=) changes the count"),
        (Mean(flaw="name stays"), "with_(count=) renames the metric"),
        (Mean(flaw="more changes"), "with_(count=) changes nothing else"),
        (Mean(flaw="psi name"), "with_(psi=) renames the metric"),
        (Mean(flaw="psi same"), "with_(psi=) changes what is measured"),
        (Mean(flaw="extractor"), "with_(extractor=) changes the extractor of all its views"),
        (Mean(flaw="nothing"), "compute returns numbers by column name"),
        (Mean(flaw="nan"), "a number is never NaN"),
        (Mean(flaw="column"), "columns begin with the metric's name"),
        (Mean(flaw="direction of a number"), "a number has a direction"),
        (Mean(flaw="fickle"), "equal accumulators give equal numbers"),
        (Mean(flaw="warnings"), "warnings are sentences"),
        (Mean(flaw="reads"), "compute and warnings leave the accumulators as they are"),
        (Mean(flaw="shards"), "any shard split gives the same number"),
        (
            Mean(flaw="columns"),
            "any shard split gives the same number, up to rounding (1 tiles): expected ['mean@1",
        ),
        (Mean(flaw="random"), "no global random state is touched"),
    ],
)
def test_broken_ones_are_told(metric: Any, words: str) -> None:
    with fails(words):
        check_metric(metric, model=MODEL, benchmark="toy", count=18)


class Restless(Waves):
    """Whose images depend on how many were made before."""

    made = 0

    def synthesis(self, ws: Tensor, **how: Any) -> Tensor:
        type(self).made += 1
        return super().synthesis(ws, **how) + 0.01 * self.made


def test_numbers_that_depend_on_the_work_are_told() -> None:
    with fails("any batch size gives the same number"):
        check_metric(Mean(), model=Restless().eval(), benchmark="toy", count=18)
    with fails("it has the same number alone and beside other metrics"):
        check_together([Mean(), resolve("is50k")], model=Restless().eval(), benchmark="toy", count=18)


def test_the_order_in_which_shards_are_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from ganbench.testing import metrics

    made = metrics.filled
    monkeypatch.setattr(
        metrics, "filled", lambda plan, backwards=False, **split: made(plan, **({"tiles": 5} if backwards else split))
    )
    with fails("the same shards give the same number, in whatever order they are made"):
        check_metric(Mean(flaw="shards"), model=MODEL, benchmark="toy", count=18)


def test_what_cannot_be_measured_is_no_broken_law() -> None:
    with pytest.raises(PlanError, match=re.escape("found a translator of images")):
        check_metric(Mean(), model="tint")
