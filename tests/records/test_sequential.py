import numpy as np
import pytest

from ganbench.errors import BadInputError
from ganbench.records.check import Judgement, Verdict
from ganbench.records.record import Result, RunRecord
from ganbench.records.sequential import ALPHA, judge_sequentially, looks, shares
from ganbench.records.tolerances import parse_tolerances
from tests.records.make import record, result
from tests.records.test_difference import known

COUNTS = (250, 500, 1000, 2000)
GROUPS = 13


def measured(rng: np.random.Generator, mean: float, heavy: bool = False) -> list[Result]:
    """Return the means of the first 250, 500, ... of 2,000 draws with a deviation of 1, from groups of them."""
    drawn = rng.laplace(0, 0.5**0.5, COUNTS[-1]) if heavy else rng.normal(0, 1, COUNTS[-1])
    made = []
    for count in COUNTS:
        groups = np.array([part.mean() for part in np.array_split(mean + drawn[:count], GROUPS)])
        error = float(groups.std(ddof=1) / GROUPS**0.5)
        made.append(known(float(mean + drawn[:count].mean()), error, GROUPS, key=f"fid@{count}", count=count))
    return made


def sequential(before: list[Result], now: list[Result], tolerance: str) -> tuple[Judgement, int]:
    """Return the judgement, and how many looks it took."""
    by_name = {each.metric: each for each in now}
    asked: list[list[str]] = []

    def measure(names: list[str]) -> RunRecord:
        asked.append(names)
        return record(*(by_name[name] for name in names), seed=1)

    (judgement,) = judge_sequentially(record(*before), measure, parse_tolerances([f"fid={tolerance}"]))
    return judgement, len(asked)


def test_all_shares_make_up_the_error_rate() -> None:
    spent = shares(COUNTS)
    assert sum(spent) == pytest.approx(ALPHA)
    assert all(share > 0 for share in spent)
    assert shares([10]) == pytest.approx([ALPHA])


@pytest.mark.parametrize("heavy", [False, True])
def test_false_alarms_are_rarer_than_5_percent(heavy: bool) -> None:
    rng, runs = np.random.default_rng(2), 600
    verdicts = [sequential(measured(rng, 5.0, heavy), measured(rng, 5.0, heavy), "0")[0].verdict for _ in range(runs)]
    alarms = verdicts.count(Verdict.WORSE) / runs
    assert 0 < alarms <= 0.05 - 0.01  # by the union bound 0.025, with two standard errors of this test


def test_what_is_clear_takes_the_fewest_samples() -> None:
    rng = np.random.default_rng(3)
    worse = [sequential(measured(rng, 5.0), measured(rng, 6.0), "2%") for _ in range(40)]
    assert {judgement.verdict for judgement, _ in worse} == {Verdict.WORSE}
    assert {taken for _, taken in worse} == {1}
    assert "at 250 of up to 2,000 samples" in worse[0][0].reason
    good = [sequential(measured(rng, 5.0), measured(rng, 5.0), "20%") for _ in range(40)]
    assert {judgement.verdict for judgement, _ in good} == {Verdict.GOOD}
    assert {taken for _, taken in good} == {1}


def test_what_is_not_clear_takes_more_and_small_regressions_are_found() -> None:
    rng = np.random.default_rng(4)
    found = [sequential(measured(rng, 5.0), measured(rng, 5.15), "0") for _ in range(60)]
    assert sum(judgement.verdict is Verdict.WORSE for judgement, _ in found) > 50
    assert {taken for _, taken in found} >= {2, 3, 4}


def test_the_last_look_decides_in_any_case() -> None:
    before = [known(5.0, 3.0, key=f"fid@{count}", count=count) for count in COUNTS]
    now = [known(5.5, 3.0, key=f"fid@{count}", count=count) for count in COUNTS]
    judgement, taken = sequential(before, now, "2%")
    assert (judgement.verdict, taken) == (Verdict.CHANCE, 4)
    assert sequential(now, before, "2%")[0].verdict is Verdict.GOOD


def test_what_it_needs_is_said() -> None:
    with pytest.raises(
        BadInputError, match="expected 'fid' at two or more sample counts in the baseline, found fid50k"
    ):
        looks(record(), "fid")
    before = [result(f"fid@{count}", 5.0, count=count) for count in COUNTS]
    judgement, taken = sequential(before, before, "2%")
    assert (judgement.verdict, taken) == (Verdict.UNKNOWN, 1)
    assert "it takes intervals" in str(judgement)
