"""Laws that hold for diversity, cycles, accuracy, segmentation and equivariance: a split changes no number."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from toygan.translators import Blur, DomainsOfBlobs, Tint

from ganbench.engine import cuts
from ganbench.engine.plan import Plan
from tests.subjects import measure, metric, plan, waves

pytestmark = pytest.mark.usefixtures("untouched_random_state")


class Shaded(Blur):
    """Darker to the left, so that it follows no shift exactly."""

    def translate(self, x: Tensor, target: Any, style: Tensor | None = None) -> Tensor:
        return super().translate(x, target, style) * torch.linspace(0.8, 1, x.shape[3])  # type: ignore[no-any-return]


class ShadedTint(Shaded, Tint):
    """With styles."""


@dataclass(frozen=True)
class Case:
    """Metrics of one model; those that need a network that knows classes get it."""

    model: Any
    names: tuple[str, ...]
    data: Any = None

    def plan(self, names: tuple[str, ...] = (), seed: int = 0) -> Plan:
        if self.data is None:
            return plan(names or self.names, seed=seed)
        metrics = [
            replace(metric(name), extractor="knowing") if name.startswith(("accuracy", "fcn")) else metric(name)  # type: ignore[type-var]
            for name in names or self.names
        ]
        metrics = [replace(one, labels="bee") if one.name.startswith("fcn") else one for one in metrics]  # type: ignore[type-var]
        return Plan.build(waves(self.model().eval()), metrics, data=self.data(), seed=seed)


CASES = {
    "generator": Case(None, ("lpips@75", "lpips@40_psi0.5", "lpips_real@90")),
    "plain": Case(
        Shaded,
        ("cycle@7", "accuracy", "fcn@9", "eqt_int_translator@5", "eqt_frac_translator@5", "eqr_translator@2"),
        DomainsOfBlobs,
    ),
    "styled": Case(
        ShadedTint,
        ("cycle_latent@5", "cycle_reference@5", "accuracy_latent@3", "accuracy_reference@3", "eqt_int_latent@4"),
        DomainsOfBlobs,
    ),
}
every = pytest.mark.parametrize("case", CASES)


@pytest.fixture(scope="module")
def fused(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, float]]:
    return {case: measure(one.plan(), tmp_path_factory.mktemp("fused")) for case, one in CASES.items()}


def test_the_numbers_are_numbers(fused: dict[str, dict[str, float]]) -> None:
    """No two are equal, none is a bound: nothing here measures nothing."""
    values = [value for numbers in fused.values() for value in numbers.values()]
    assert len(values) == sum(len(one.names) for one in CASES.values()) + 3 + 2  # cycles have two, fcn three
    assert len(set(values)) == len(values)
    assert all(0 < value < 100 and value != 1 for value in values)


@every
@pytest.mark.parametrize("shard", [10, 48])
def test_any_shard_split_gives_the_same_number(
    shard: int, case: str, fused: dict[str, dict[str, float]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are equal; sums in float64 are added in another order, so means may differ by rounding."""
    monkeypatch.setattr(cuts, "SHARD", shard)
    assert measure(CASES[case].plan(), tmp_path) == pytest.approx(fused[case], rel=1e-12)


def test_another_seed_moves_what_is_random_and_nothing_else(fused: dict[str, dict[str, float]], tmp_path: Path) -> None:
    """From the same cache: what does not depend on the seed may be taken from it, and what does must not."""
    fixed = {
        "cycle@7_l1",
        "cycle@7_lpips",
        "accuracy",
        "fcn@9_pixel_accuracy",
        "fcn@9_class_accuracy",
        "fcn@9_class_iou",
    }
    for case, one in CASES.items():
        assert measure(one.plan(), tmp_path) == fused[case]
        moved = measure(one.plan(seed=1), tmp_path)
        assert {key for key in moved if moved[key] == fused[case][key]} == fixed & set(moved)


def test_renamed_domains_are_looked_for_by_their_new_names(fused: dict[str, dict[str, float]], tmp_path: Path) -> None:
    """From the same cache, although not a pixel has changed."""

    class Renamed(DomainsOfBlobs):
        domains = ("cat", "bee", "ant")

    class Alike(Shaded):
        domains = Renamed.domains

    assert measure(CASES["plain"].plan(("accuracy",)), tmp_path) == {"accuracy": fused["plain"]["accuracy"]}
    renamed = Case(Alike, ("accuracy",), Renamed)
    assert measure(renamed.plan(), tmp_path) == measure(renamed.plan(), tmp_path / "afresh")
    assert measure(renamed.plan(), tmp_path) != {"accuracy": fused["plain"]["accuracy"]}


def test_what_shares_translations_shares_a_pass() -> None:
    sources = [one.source.name for one in CASES["plain"].plan(("cycle", "accuracy", "fcn", "fid_translated")).passes]
    assert sorted(sources) == ["reals", "translations"]
    together = CASES["styled"].plan(("accuracy_latent", "fid_latent", "lpips_latent"))
    assert sorted(one.source.name for one in together.passes) == ["reals", "translations by latent"]
