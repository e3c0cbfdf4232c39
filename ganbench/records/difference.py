"""By how much a number of one record differs from the same number of another, and how sure that is.

Three cases, by what the records hold:

- The same weights and seed drew both: the samples are the same, and nothing of the difference is sampling error.
- Both are means over the same ordered pairs of domains: the differences of the pairs give the interval (paired).
- Else the two intervals give it, as of independent samples (unpaired): a record does not hold the covariance that the
  same seed gives to two models. Where samples resemble each other, as those of one seed do, the interval is too wide.

Reals of one fingerprint are the same in both, so that their error cancels, to first order.
"""

import math
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from ganbench.errors import BadInputError
from ganbench.records.record import Interval, Result, RunRecord

FEWEST_PAIRS = 3
LARGEST_SHARE = 1e4  # which is shown in percent
LARGEST = 1e150  # number whose square is finite
ROUNDING = 1e-6  # of a number: how far the same samples may differ on another machine


@dataclass(frozen=True)
class Difference:
    """A difference of two numbers that compare.

    Attributes:
        first, second: the two numbers.
        interval: of ``second - first``; None where it is not known.
        error: standard error of the difference; None where it is not known.
        why: the case, or why there is no interval, as the end of a sentence.
        same_samples: whether the same weights and seed drew both.
    """

    first: float
    second: float
    interval: Interval | None
    error: float | None
    why: str
    same_samples: bool = False

    @property
    def change(self) -> float:
        """``second - first``; 0 for equal infinities."""
        return 0.0 if self.first == self.second else self.second - self.first

    @property
    def excludes_zero(self) -> bool | None:
        """Whether the interval excludes 0; None without an interval. Rounding of the same samples is none."""
        if self.interval is None:
            return None
        if self.same_samples:
            return not math.isclose(self.first, self.second, rel_tol=ROUNDING)
        return not self.interval["low"] <= 0 <= self.interval["high"]

    @property
    def ends(self) -> str:
        """The ends of the interval in words, "-" without one."""
        return "-" if self.interval is None else f"{self.interval['low']:.4g} to {self.interval['high']:.4g}"

    def __str__(self) -> str:
        if self.first == self.second:
            return "none"
        share = self.change / abs(self.first) if self.first else math.inf
        return f"{self.change:+.6g}" + (f" ({share:+.2%})" if abs(share) < LARGEST_SHARE else "")


def fields(found: Difference | None) -> dict[str, Any]:
    """Return what a JSON output says of a difference, None for what is not known."""
    return {
        "change": found.change if found else None,
        "interval": found.interval if found else None,
        "standard_error": found.error if found else None,
    }


def difference(first: RunRecord, before: Result, second: RunRecord, now: Result) -> Difference:
    """Return the difference of a result of the second record from one of the first, measured alike.

    Raises:
        BadInputError: an interval does not hold its own number.
    """
    for result in (before, now):
        _check(result)
    values = (before.value, now.value)
    if not all(map(math.isfinite, values)):
        return Difference(*values, None, None, "infinite numbers have no interval")
    if first.model == second.model and first.seed == second.seed:
        exact = now.value - before.value
        interval = Interval(low=exact, high=exact, level=0.95, method="same samples")
        return Difference(*values, interval, 0.0, "the same weights and seed drew both", same_samples=True)
    if before.interval is None or now.interval is None:
        lacking = "both records" if before.interval is now.interval else "one of the records"
        return Difference(*values, None, None, f"{lacking} without an interval")
    if not all(map(_is_moderate, (*values, *_ends(before.interval), *_ends(now.interval)))):
        return Difference(*values, None, None, "numbers as large as these have no interval")
    if before.interval["level"] != now.interval["level"]:
        return Difference(*values, None, None, "the two intervals are of different levels")
    return _paired(before, now) or _unpaired(before, now, before.interval, now.interval)


def _is_moderate(value: float) -> bool:
    return abs(value) < LARGEST


def _ends(interval: Interval) -> tuple[float, float]:
    return interval["low"], interval["high"]


def _check(result: Result) -> None:
    found = result.interval
    if found is not None and not found["low"] <= result.value <= found["high"]:
        raise BadInputError(
            f"expected an interval around {result.key!r} = {result.value:g}, found {found['low']:g} to "
            f"{found['high']:g}: measure again."
        )


def _paired(before: Result, now: Result) -> Difference | None:
    """Return the difference by Student's t over ordered pairs of domains; None where not both are means of those."""
    pairs = list(before.parts)
    if not _is_mean_of_pairs(before) or not _is_mean_of_pairs(now) or pairs != list(now.parts):
        return None
    assert before.interval is not None
    error = stdev(now.parts[pair] - before.parts[pair] for pair in pairs) / math.sqrt(len(pairs))
    reach = max(_quantile(before), _quantile(now)) * error
    if not _is_moderate(reach):
        return None
    return _around(before, now, (reach, reach), error, f"paired over {len(pairs)} pairs of domains")


def _is_mean_of_pairs(result: Result) -> bool:
    values = list(result.parts.values())
    enough = "pairs" in result.errors and len(values) >= FEWEST_PAIRS and all(map(_is_moderate, values))
    return enough and math.isclose(fmean(values), result.value, rel_tol=1e-6, abs_tol=1e-9)


def _quantile(result: Result) -> float:
    """Return how many standard errors a half of an interval is: the quantile of Student's t that made it."""
    assert result.interval is not None
    error = result.errors["pairs"]
    return (result.interval["high"] - result.value) / error if error else 0.0


def _unpaired(before: Result, now: Result, one: Interval, other: Interval) -> Difference:
    """Return the difference of two independent numbers: halves of intervals add in squares, as their errors do.

    Source: Zou, Donner, Construction of confidence limits about effect measures (Statistics in Medicine 2008),
    equation 6. With equal quantiles it is that quantile times the root of the sum of squared standard errors.
    """
    if before.errors.keys() == now.errors.keys() == {"reals"}:
        return _around(before, now, (0.0, 0.0), 0.0, "of the reals alone, which are the same in both")
    below = math.hypot(now.value - other["low"], one["high"] - before.value)
    above = math.hypot(other["high"] - now.value, before.value - one["low"])
    errors = [each for each in map(_sampling_error, (before, now)) if each is not None]
    error = math.hypot(*errors) if len(errors) == 2 else None
    return _around(before, now, (below, above), error, f"unpaired{', the reals cancel' if before.uses_data else ''}")


def _sampling_error(result: Result) -> float | None:
    """Return the standard error of all that was drawn anew: of the samples, or of the pairs of domains."""
    return result.errors.get("samples", result.errors.get("pairs"))


def _around(before: Result, now: Result, reach: tuple[float, float], error: float | None, why: str) -> Difference:
    assert before.interval is not None
    assert now.interval is not None
    change = now.value - before.value
    method = " and ".join(dict.fromkeys([before.interval["method"], now.interval["method"]]))
    ends = Interval(low=change - reach[0], high=change + reach[1], level=now.interval["level"], method=method)
    return Difference(before.value, now.value, ends, error, why)
