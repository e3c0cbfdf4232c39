"""Metrics of samples from any of their shards, as an interval leaves some out: no number may depend on the count."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch

from ganbench import registry
from ganbench.inputs import Accumulator, Classes, Features, Input, UnitFeatures
from ganbench.metrics import resolve
from ganbench.metrics.base import BaseMetric
from ganbench.plugins import completed
from tests.subjects import flat

SHARDS, ROWS, WIDTH = 5, 16, 6
NAMES = [
    name
    for name in registry.names("metrics")
    if all(isinstance(need.view, Features | UnitFeatures | Classes) for need in resolve(name).inputs().values())
]


def rows(need: Input, shard: int) -> torch.Tensor:
    """Return what a view may show of a shard; of one seed for all views of one source."""
    real = need.source.name.startswith("reals")
    generator = torch.Generator().manual_seed(2 * shard + real)
    found = torch.randn(ROWS, WIDTH, generator=generator) + 0.3 * real + 1
    if isinstance(need.view, Classes):
        return torch.arange(ROWS)[:, None] % 2
    if isinstance(need.view, UnitFeatures):
        return torch.nn.functional.normalize(found.double())
    return found.softmax(1) if need.view.layer == "probabilities" else found  # type: ignore[attr-defined]


def merged(need: Input, shards: range | list[int]) -> Accumulator:
    total: Any = need.into()
    for shard in shards:
        part = need.into()
        part.update(rows(need, shard))
        total.merge(part)
    return total  # type: ignore[no-any-return]


def at_once(need: Input, shards: list[int]) -> Accumulator:
    total = need.into()
    total.update(torch.cat([rows(need, shard) for shard in shards]))
    return total


@pytest.mark.parametrize("name", NAMES)
def test_the_number_is_that_of_the_shards_that_are_there(name: str) -> None:
    metric: Any = completed(resolve(name), BaseMetric)
    needs: Mapping[str, Input] = metric.inputs()
    whole = flat(metric.compute(**{key: merged(need, range(SHARDS)) for key, need in needs.items()}))
    left = [0, 1, 3, 4]
    found = flat(metric.compute(**{key: merged(need, left) for key, need in needs.items()}))
    again = flat(metric.compute(**{key: at_once(need, left) for key, need in needs.items()}))
    assert found == {key: pytest.approx(value, rel=1e-7, abs=1e-12) for key, value in again.items()}
    assert found.keys() == whole.keys()
    assert found != whole


def test_the_metrics_of_samples_are_among_them() -> None:
    assert {"fid50k", "kid50k", "dc10k5", "fid50k_inf", "mifid50k", "memorization50k", "vendi50k"} <= {*NAMES}
    assert {"fid50k_per_class", "is50k_inf", "cmmd30k", "pr50k3"} <= {*NAMES}
