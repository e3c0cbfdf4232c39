"""Intervals hold what they should as often as they say, and tell apart what the error is of."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ganbench
from ganbench.engine.intervals import Cut, _dealt, _from_spreads, _spreads
from ganbench.functional import frechet_distance, inception_score, kernel_distance, kernel_distance_error
from ganbench.inputs import Accumulator, Moments, Rows, Sums
from ganbench.metrics import Number, resolve
from ganbench.metrics.fid import FrechetInceptionDistance
from ganbench.records import render
from ganbench.records.record import RunRecord
from ganbench.records.table import build

RNG = np.random.default_rng(0)
GROUPS = 16


def normal(*shape: int) -> Tensor:
    return torch.from_numpy(RNG.standard_normal(shape))


def heavy_tailed(*shape: int) -> Tensor:
    """Student's t with five degrees of freedom, whose fourth moment is three times a normal one's."""
    return torch.from_numpy(RNG.standard_t(5, shape))


def filled(into: type[Any], rows: Tensor) -> Any:
    made = into()
    made.update(rows)
    return made


def cut(into: type[Any], key: str, rows: Tensor) -> Cut:
    """Return samples in groups, as a run has them."""
    whole = filled(into, rows)
    parts = _dealt(whole, GROUPS) if into is Rows else [filled(into, part) for part in rows.tensor_split(GROUPS)]
    return Cut("samples", {key: whole}, [{key: part} for part in parts])


def numbers(name: str, known: dict[str, Accumulator], cuts: list[Cut]) -> list[Number]:
    metric = resolve(name)
    found: Any = metric.compute(**known)
    spreads = list(_spreads(metric, found, known, cuts))
    return [_from_spreads(number, spreads, place, "samples") for place, number in enumerate(found.values())]


def coverage(trials: list[Number]) -> float:
    """Return how often the interval of a trial holds the mean over trials."""
    truth = float(np.mean([trial.value for trial in trials]))
    held = [trial.interval is not None and trial.interval.low <= truth <= trial.interval.high for trial in trials]
    return float(np.mean(held))


BY_TAIL = pytest.mark.parametrize("draw", [normal, heavy_tailed])
Draw = Callable[..., Tensor]


@BY_TAIL
def test_the_interval_of_fid_holds_its_mean_and_its_bias_leads_to_the_truth(draw: Draw) -> None:
    real, trials = filled(Moments, draw(1000, 4)), []
    for _ in range(150):
        fake = cut(Moments, "fake", draw(400, 4) * 1.2 + 0.3)
        trials += numbers("fid50k", {"real": real, **fake.whole}, [fake])
    assert 0.9 <= coverage(trials) <= 0.99  # 150 trials tell it to 0.02
    variance = 1.0 if draw is normal else 5 / 3
    truth = frechet_distance(*real.mean_cov(), np.full(4, 0.3), np.eye(4) * 1.44 * variance)
    values = np.array([[trial.value, trial.bias or 0] for trial in trials])
    corrected = values[:, 0] - values[:, 1]
    error = 4 * corrected.std() / len(trials) ** 0.5
    assert abs(corrected.mean() - truth) < error
    assert abs(values[:, 0].mean() - truth) > error, "what is corrected can be seen"


def test_the_error_of_the_inception_score_is_its_spread_and_its_bias_leads_to_the_truth() -> None:
    """Its splits rest on the order of samples, which leaving a group out must keep: else both are mostly noise."""
    trials, concentration = [], np.full(10, 0.05)
    for _ in range(150):
        fake = cut(Rows, "fake", torch.from_numpy(RNG.dirichlet(concentration, 160 * GROUPS // 2)))
        trials.append(numbers("is50k", fake.whole, [fake])[0])
    assert coverage(trials) >= 0.9
    truth, _ = inception_score(RNG.dirichlet(concentration, 10**6), num_splits=1)
    values = np.array([[trial.value, trial.bias or 0, trial.errors["samples"]] for trial in trials])
    assert values[:, 2].mean() == pytest.approx(values[:, 0].std(), rel=0.25)  # 150 trials tell it to 0.06
    assert values[:, 0].mean() < truth - 0.1
    assert (values[:, 0] - values[:, 1]).mean() == pytest.approx(truth, abs=0.03)
    assert values[:, 1].std() < 0.05


def test_numbers_whose_bias_falls_otherwise_have_none() -> None:
    fake = cut(Rows, "fake", torch.from_numpy(RNG.dirichlet(np.full(4, 0.1), 400)))
    assert [number.bias is None for number in numbers("is50k", fake.whole, [fake])] == [False, True]
    distances = cut(Sums, "distances", normal(400, 1).square())
    (found,) = numbers("lpips10k", distances.whole, [distances])
    assert found.interval is not None
    assert found.bias is None


@BY_TAIL
def test_the_interval_of_a_ratio_in_decibels_holds_its_mean(draw: Draw) -> None:
    trials = []
    for _ in range(200):
        sums = cut(Sums, "sums", torch.stack([0.01 * draw(400).square(), 1 + draw(400).abs() / 4], 1))
        trials += numbers("eqt50k_int", {**sums.whole}, [sums])
    assert 0.9 <= coverage(trials) <= 0.99


@BY_TAIL
def test_the_intervals_of_precision_and_recall_hold_their_means(draw: Draw) -> None:
    real = draw(200, 3)
    trials: list[list[Number]] = []
    for _ in range(40):
        fake, reals = cut(Rows, "fake", draw(200, 3) * 1.2 + 0.3), cut(Rows, "real", real)
        known = {"real": filled(Rows, real), **fake.whole}
        trials.append(numbers("pr50k3", known, [fake, Cut("reals", reals.whole, reals.parts)]))
    for column in range(2):
        assert coverage([trial[column] for trial in trials]) >= 0.85  # cautious, where groups are small


@pytest.mark.parametrize("shift", [0.0, 0.5], ids=["the same distribution", "another"])
def test_the_interval_of_kid_holds_its_mean(shift: float) -> None:
    real, held, trials = normal(300, 5), [], []
    for seed in range(80):
        fake, how = normal(300, 5) + shift, {"num_subsets": 20, "max_subset_size": 100, "seed": seed}
        trials.append((kernel_distance(real, fake, **how), kernel_distance_error(real, fake, **how)))  # type: ignore[arg-type]
    mean = np.mean([value for value, _ in trials])
    held = [abs(value - mean) < 1.96 * error for value, error in trials]
    assert 0.86 <= np.mean(held) <= 0.99


@pytest.mark.parametrize("into", [Moments, Sums])
def test_a_part_can_be_taken_out_again(into: Any) -> None:
    rows = normal(50, 3) * torch.tensor([1.0, 1e-3, 1e3]) + 5
    found, expected = filled(into, rows).without(filled(into, rows[:10])), filled(into, rows[10:])
    for name, value in expected.state().items():
        np.testing.assert_allclose(found.state()[name], value, rtol=1e-9, atol=1e-9)
    assert found.count == 40
    assert filled(into, rows).without(filled(into, rows)).count == 0


def test_a_run_records_intervals_whose_errors_say_what_they_are_of(tmp_path: Path) -> None:
    metrics = ["fid@60", "kid@60", "is@60", "eqt_int@60", "ppl_wend@60", "lpips@60", "ls@60", "lpips_real@40"]
    (record,) = ganbench.run("waves", metrics, benchmark="toy", results_dir=tmp_path)
    by_key = {result.key: result for result in record.results}
    for key, result in by_key.items():
        if not key.startswith(("kid@60_std", "ls", "eqt")):  # the toy is exact: infinite decibels
            assert result.interval is not None, key
            assert result.interval["low"] <= result.value <= result.interval["high"], key
    assert by_key["fid@60"].errors.keys() == {"samples", "reals"}
    assert by_key["lpips_real@40"].errors.keys() == {"reals"}
    assert by_key["ppl_wend@60"].errors.keys() == {"samples"}
    assert (by_key["fid@60"].bias or 0) > 0
    (path,) = (tmp_path / "records").iterdir()
    assert RunRecord.from_json(path.read_text()) == record
    assert json.loads(path.read_text())["schema"] == 3


@dataclass(frozen=True)
class Demanding(FrechetInceptionDistance):
    """FID that refuses fewer samples than it asked for, as the groups of the jackknife are."""

    def compute(self, fake: Any, real: Any) -> Any:
        if fake.count < 60:
            raise ValueError("too few")
        return super().compute(fake=fake, real=real)


def test_an_interval_that_fails_is_told_and_costs_no_number(tmp_path: Path) -> None:
    metric = Demanding("demanding", count=60, max_real=None)
    (record,) = ganbench.run("waves", [metric, "is@60"], benchmark="toy", results_dir=tmp_path)
    found = {result.key: result.interval is not None for result in record.results}
    assert found["demanding"] is False
    assert found["is@60_mean"] is True
    (told,) = (warning for warning in record.warnings if "interval" in warning)
    assert told == "demanding has no interval: it failed with ValueError: too few"
    assert told in render.markdown(build([record]))


def test_the_interval_is_the_same_at_any_batch_size_and_from_the_cache(tmp_path: Path) -> None:
    first, again, other = (
        ganbench.run("waves", ["fid@60", "eqt_int@60"], benchmark="toy", results_dir=tmp_path, batch_size=size)[0]
        for size in (7, 7, 64)
    )
    assert first.results == again.results == other.results


def test_equal_numbers_of_all_groups_have_no_error() -> None:
    ones = cut(Rows, "distance", torch.full((90, 1), 0.1, dtype=torch.float64))
    same = Cut("samples", {"logits": ones.whole["distance"]}, [{"logits": part["distance"]} for part in ones.parts])

    class Mean:
        uncertainty = "groups"

        def compute(self, logits: Rows) -> dict[str, float]:
            return {"mean": float(logits.rows().sum()) / logits.count}

    spreads = list(_spreads(Mean(), {"mean": Number(0.1, None)}, same.whole, [same]))  # type: ignore[arg-type]  # a part
    found = _from_spreads(Number(0.1, None), spreads, 0, "samples")
    assert (found.errors, found.interval) == ({"samples": 0.0}, None)  # one of no width would claim to be certain


def test_groups_that_cover_all_of_their_few_reals_say_nothing_about_coverage() -> None:
    """Each real of the first group has samples near, in every group of samples; half of all reals have none."""
    real, fake = normal(GROUPS * 10, 2), normal(GROUPS * 400, 2)
    real[torch.arange(len(real)) % GROUPS >= GROUPS // 2] += 100
    sides = replace(cut(Rows, "real", real), side="reals"), cut(Rows, "fake", fake)
    known = {**sides[0].whole, **sides[1].whole}
    density, covered = numbers("dc10k5", known, [*sides])
    assert covered.value == pytest.approx(0.5, abs=0.05)
    assert "samples" not in covered.errors
    assert covered.interval is None
    assert density.interval is not None
    assert density.errors["samples"] > 0


def test_the_method_says_how_many_groups_of_what(tmp_path: Path) -> None:
    (whole,) = ganbench.run("waves", ["fid@60"], benchmark="toy", results_dir=tmp_path)
    assert whole.results[0].interval is not None
    assert whole.results[0].interval["method"] == "jackknife over 15 groups of samples"


def test_separability_is_fitted_anew_without_each_of_five_groups(tmp_path: Path) -> None:
    (record,) = ganbench.run("stylegan3", ["ls@1500"], seed=3, results_dir=tmp_path)
    found = {result.key: result for result in record.results}["ls@1500_z"]
    assert found.interval is not None
    assert found.interval["method"] == "jackknife over 5 groups of samples"
    assert found.bias is None


def test_one_sample_has_no_interval_whatever_the_reals_are(tmp_path: Path) -> None:
    (record,) = ganbench.run("waves", ["memorization@1"], benchmark="toy", results_dir=tmp_path)
    assert [result.interval for result in record.results] == [None, None]


def test_separability_of_few_samples_is_chance_and_says_so(tmp_path: Path) -> None:
    (record,) = ganbench.run("stylegan3", ["ls@600"], results_dir=tmp_path)
    assert [(result.value, result.interval) for result in record.results] == [(1.0, None)] * 2
    (told,) = (warning for warning in record.warnings if warning.startswith("ls@600"))
    assert "hyperplanes in 64 dimensions to 300 images" in told
