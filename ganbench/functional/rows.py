"""What every function of feature rows accepts: tensors or arrays, two axes, finite."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError

ArrayLike = Tensor | NDArray[Any]


def as_rows(x: ArrayLike, name: str) -> Tensor:
    """Return ``x`` as a tensor ``[N, D]``, on the device and in the precision it came in.

    Raises:
        BadInputError: if there are no rows or not two axes.
        NonFiniteError: if a value is NaN or infinite; it names the first such row.
    """
    rows = torch.as_tensor(x)
    if rows.ndim != 2 or not rows.numel():
        raise BadInputError(
            f"{name} has shape {list(rows.shape)}; give one row per sample, [N, D] with N and D above 0."
        )
    bad = ~torch.isfinite(rows).all(dim=1)
    if bool(bad.any()):
        raise NonFiniteError(
            f"row {int(bad.nonzero()[0])} of {name} has a NaN or an infinity; check the model and the extractor."
        )
    return rows.detach()


def as_row_pair(x: ArrayLike, y: ArrayLike, names: tuple[str, str], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return two sets of rows with the same number of columns, in ``dtype``.

    Raises:
        BadInputError: if the numbers of columns differ, or either set is no ``[N, D]``.
        NonFiniteError: as ``as_rows``.
    """
    rows_x, rows_y = as_rows(x, names[0]), as_rows(y, names[1])
    if rows_x.shape[1] != rows_y.shape[1]:
        raise BadInputError(
            f"{names[0]} has {rows_x.shape[1]} columns and {names[1]} has {rows_y.shape[1]}; "
            "take both from the same layer of the same extractor."
        )
    return rows_x.to(dtype), rows_y.to(dtype)


def as_float64(x: ArrayLike) -> NDArray[np.float64]:
    """Return ``x`` as a float64 array on the CPU."""
    array = x.detach().cpu().numpy() if isinstance(x, Tensor) else np.asarray(x)
    return array.astype(np.float64, copy=False)
