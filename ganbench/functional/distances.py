"""Squared distances of samples: quick by products of matrices, with a bound on their error, or exact by differences.

The squared distance of two samples is the sum of their squared differences in float64, one number for the pair wherever
it is needed. Matrix products find most distances quickly but round equal ones apart, so they decide only where the
error bound of the product leaves no doubt.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional.rows import unrounded

CENTRES = 512  # samples whose median is the origin of the products
LOOKED = 2**17  # numbers in a block of differences: 1 MiB, so that they stay in a core's cache
ORDINARY = 20  # largest power of two, up or down, for which float32 holds squares of rows with room to spare
RANGE = 2.0**-450  # of a sample's size, relative to the largest, below which squares of differences would underflow


@dataclass(frozen=True)
class Samples:
    """Rows of one set, or a part of them.

    Attributes:
        exact: ``[N, D]`` float64 or float32, what differences are taken of, in float64.
        origin: ``[D]``, amid the rows, about which products are taken.
        dtype: precision of the products.
        bounds: ``[N]`` float64; the product's squared distance of two samples is off by less than the sum of their
            bounds.
        squares: ``[N]``, the squared lengths of the products' rows, in their precision.
    """

    exact: Tensor
    origin: Tensor
    dtype: torch.dtype
    bounds: Tensor
    squares: Tensor

    def __len__(self) -> int:
        return len(self.exact)

    @cached_property
    def products(self) -> Tensor:
        """``[N, D]`` about the origin, in the precision of the products; kept, so of parts where memory counts."""
        exact = self.exact.to(torch.promote_types(self.exact.dtype, self.dtype))  # so that only the last step rounds
        return (exact - self.origin).to(self.dtype)

    def part(self, rows: slice | Tensor) -> "Samples":
        """Return some of the rows."""
        return Samples(self.exact[rows], self.origin, self.dtype, self.bounds[rows], self.squares[rows])


def scaled(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Return both sets divided by one power of two, which is exact, so that no square overflows or underflows.

    Sets of ordinary size are returned as they are, without a copy.

    Raises:
        BadInputError: if their sizes are too far apart for that.
    """
    sizes = [torch.maximum(rows.amax(dim=1), -rows.amin(dim=1)) for rows in (real, fake)]  # without a copy
    largest = max(float(size.max()) for size in sizes)
    if not largest:
        return real, fake
    for name, size in zip(("real", "fake"), sizes, strict=True):
        lost = ((size > 0) & (size < largest * RANGE)).nonzero()[:, 0]
        if len(lost):
            raise BadInputError(
                f"expected features of comparable size, found {largest:.0e} beside {float(size[lost[0]]):.0e} in row "
                f"{int(lost[0])} of {name}: leave the outliers out."
            )
    exponent = math.frexp(largest)[1] - 1
    if abs(exponent) <= ORDINARY:
        return real, fake
    return real.double() / 2.0**exponent, fake.double() / 2.0**exponent


def about(origin: Tensor, exact: Tensor, dtype: torch.dtype) -> Samples:
    """Return samples whose products are taken about ``origin``.

    Sums of ``D`` terms are off by at most ``D eps / 2`` of the terms' sizes, which add up to ``|x|^2 + |y|^2`` for the
    norms and to no more than that for the product; centring, roots squared again, adding the three, rounding a radius
    and the differences' own sum, which NumPy takes pairwise, stay below ``64 eps``. The smallest normal number covers
    what underflows.
    """
    limits = torch.finfo(dtype)
    unknown = exact.new_zeros(len(exact), dtype=torch.float64)
    samples = Samples(exact, origin, dtype, unknown, unknown)
    parts = (samples.part(rows).products for rows in slices(len(exact), CENTRES))
    squares = torch.cat([_squared_norms(products) for products in parts])
    factor = (exact.shape[1] + 64) * limits.eps
    # The last factor: these squares are sums as well.
    bounds = factor * squares.double() * (1 + factor) + exact.shape[1] * limits.tiny
    return Samples(exact, origin, dtype, bounds, squares)


def median(exact: Tensor) -> Tensor:
    """Return the median of some of the rows: amid them whatever outliers there are, and a whole number for integers."""
    return exact[:: math.ceil(len(exact) / CENTRES)].median(dim=0).values


def exact_distances(x: Tensor, y: Tensor, rows_x: Tensor, rows_y: Tensor) -> Tensor:
    """Return the squared distances of pairs of rows by their differences, ``[pairs]`` float64.

    Summed by NumPy, row by row: torch may sum in another order when there are more pairs.
    """
    looked = np.zeros(len(rows_x))
    pairs = np.arange(len(rows_x))
    if len(pairs) > len(x) + len(y):  # many repeated rows, whose distance is zero without looking
        numbers: dict[bytes, int] = {}
        of_x, of_y = (
            np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows.cpu().numpy()]) for rows in (x, y)
        )
        pairs = np.flatnonzero(of_x[rows_x.cpu().numpy()] != of_y[rows_y.cpu().numpy()])
    for some in np.array_split(pairs, math.ceil(len(pairs) * x.shape[1] / LOOKED) or 1):
        chosen = torch.from_numpy(some).to(rows_x.device)
        first, second = (rows[of[chosen]].cpu().numpy() for rows, of in ((x, rows_x), (y, rows_y)))
        differences = np.subtract(first, second, dtype=np.float64)
        looked[some] = np.square(differences, out=differences).sum(axis=1)
    return torch.from_numpy(looked).to(x.device)


def slices(length: int, block: int) -> Iterator[slice]:
    """Yield consecutive slices of at most ``block`` rows."""
    for start in range(0, length, block):
        yield slice(start, min(start + block, length))


def squared_distances(x: Samples, y: Samples) -> Tensor:
    """Return the squared distances ``[N, M]`` of all pairs of rows, by a product."""
    with unrounded(x.exact.device):
        return torch.addmm(x.squares[:, None] + y.squares, x.products, y.products.T, alpha=-2)


def _squared_norms(x: Tensor) -> Tensor:
    """Return the squared length of each row, ``[N]``, without a copy of the rows squared."""
    norms: Tensor = torch.linalg.vector_norm(x, dim=1)
    return norms.square()
