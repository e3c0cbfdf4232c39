"""Memorisation by nearest neighbours: directions, and that all reals are looked at."""

import torch

from ganbench.inputs import Rows
from ganbench.metrics import resolve
from ganbench.metrics.memorization import Memorization, memorization50k


def filled(rows: torch.Tensor) -> Rows:
    accumulator = Rows()
    accumulator.update(rows)
    return accumulator


def test_both_numbers_and_their_directions() -> None:
    real = torch.tensor([[0.0], [1], [3], [7]])
    found = memorization50k.compute(filled(real), filled(torch.tensor([[0.5], [3], [20]])))
    nearer, authenticity = found.values()
    assert list(found) == ["memorization50k_nearer", "memorization50k_authenticity"]
    assert (nearer.value, nearer.higher_is_better) == (8 / 12, False)
    assert (authenticity.value, authenticity.higher_is_better) == (1 / 3, True)


def test_all_reals_are_looked_at_whatever_the_count() -> None:
    found = resolve("memorization1k")
    assert found == Memorization("memorization1k", 1000)
    assert [need.count for need in found.inputs().values()] == [None, 1000]
