"""How much worse a number may be, as typed: ``fid=2%`` of the baseline, or ``ppl=0.5`` in the number's unit."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from ganbench.errors import BadInputError
from ganbench.printable import quoted


@dataclass(frozen=True)
class Tolerance:
    """How much worse a number may be.

    Attributes:
        amount: at least 0; a share of the baseline's absolute value if ``relative``, else in the number's unit.
        relative: whether it was given in percent.
    """

    amount: Decimal
    relative: bool

    def __str__(self) -> str:
        return f"{(self.amount * 100).normalize():f} %" if self.relative else f"{self.amount:f}"

    def allowed(self, baseline: float) -> Decimal:
        """Return the largest loss that is tolerated; a share of an infinite baseline is 0."""
        if not self.relative:
            return self.amount
        return self.amount * abs(exact(baseline)) if math.isfinite(baseline) else Decimal(0)


def parse_tolerances(texts: Sequence[str]) -> dict[str, Tolerance]:
    """Return tolerances by name from ``NAME=2%`` (of the baseline) or ``NAME=0.5`` (in the number's unit).

    Raises:
        BadInputError: there is no tolerance, one is malformed, negative or infinite, or a name has two.
    """
    if not texts:
        raise BadInputError("expected a number to judge, found none: add for example --max-regression fid=2%.")
    found: dict[str, Tolerance] = {}
    for text in texts:
        name, equals, amount = (part.strip() for part in text.partition("="))
        if not name or not equals:
            raise BadInputError(f"expected a tolerance such as fid=2% or ppl=0.5, found {quoted(text)}: correct it.")
        if name in found:
            raise BadInputError(f"expected one tolerance for {name!r}, found two: leave one out.")
        found[name] = _tolerance(text, amount)
    return found


def exact(value: float) -> Decimal:
    """Return a number as it is written, so that 3.06 is exactly 2 % more than 3."""
    return Decimal(repr(value))


def _tolerance(text: str, amount: str) -> Tolerance:
    relative = amount.endswith("%")
    if not re.fullmatch(
        r"\+?[0-9]{0,9}\.?[0-9]{0,30}(e[+-]?[0-9])?", digits := amount.removesuffix("%").strip().lower()
    ):
        raise _not_an_amount(text)
    try:
        number = Decimal(digits)
    except InvalidOperation as error:
        raise _not_an_amount(text) from error
    if number >= 10**9:
        raise _not_an_amount(text)
    return Tolerance(number / 100 if relative else number, relative)


def _not_an_amount(text: str) -> BadInputError:
    return BadInputError(
        f"expected a tolerance below 1,000,000,000, such as fid=2% or ppl=0.5, found {quoted(text)}: correct it."
    )
