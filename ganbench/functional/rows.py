"""Conversion and checks of arguments, in one place: tensors, rows of features, whole numbers."""

import math
import operator
from collections.abc import Sequence
from typing import Any, SupportsIndex

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError

LARGEST = 2**63 - 1
ArrayLike = Tensor | NDArray[Any] | Sequence[Any]
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
KNOWN = {*FLOATS, torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64}  # to torch's arithmetic


def as_tensor(x: ArrayLike | float, name: str) -> Tensor:
    """Return ``x`` as a strided tensor of real numbers, on the device and in the precision it came in.

    Takes tensors, NumPy arrays of any strides and byte order, numbers, and (nested) lists of them. What torch has no
    arithmetic for (long doubles, unsigned words, floats of 8 bits) becomes float64.

    Args:
        x: what the caller gave.
        name: the argument's name, for messages.

    Raises:
        BadInputError: if ``x`` is not made of real numbers.
    """
    if isinstance(x, list | tuple) and x and all(isinstance(row, Tensor) for row in x):
        return _stacked([_dense(row, name) for row in x], name)
    return _dense(x, name) if isinstance(x, Tensor) else torch.from_numpy(_native(x, name))


def _dense(x: Tensor, name: str) -> Tensor:
    if x.is_complex() or x.layout != torch.strided or x.is_quantized or x.is_meta or x.is_nested:
        nested = "nested, " if x.is_nested else ""
        raise BadInputError(
            f"expected a dense tensor of real numbers for {name}, found {nested}{x.dtype}, {x.layout}, on {x.device}: "
            "convert it."
        )
    try:
        return x.resolve_neg() if x.dtype in KNOWN else x.to(torch.float64)
    except RuntimeError:  # torch stores numbers in some types that it cannot convert
        raise BadInputError(f"expected real numbers for {name}, found {x.dtype}: convert them to float32.") from None


def _stacked(rows: Sequence[Tensor], name: str) -> Tensor:
    for what, each in (("shape", {tuple(row.shape) for row in rows}), ("device", {row.device for row in rows})):
        if len(each) > 1:
            raise BadInputError(
                f"expected tensors of one {what} for {name}, found {' and '.join(sorted(map(str, each)))}: give one "
                "tensor."
            )
    return torch.stack(tuple(rows))


def _native(x: object, name: str) -> NDArray[Any]:
    """Return an array that torch can take: contiguous, writable, in this machine's byte order, of a type it knows."""
    try:
        array = np.asarray(x)
    except (ValueError, TypeError, OverflowError, RuntimeError):  # the last of tensors in lists of lists
        raise BadInputError(
            f"expected numbers of one shape for {name}, found {_shown(x)}: give a tensor or an array."
        ) from None
    if array.dtype.kind not in "biuf":
        raise BadInputError(
            f"expected real numbers for {name}, found {_shown(x)}: give a tensor or an array of numbers."
        )
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise BadInputError(f"expected a value for every entry of {name}, found a masked array: fill it or drop rows.")
    known = array.dtype.newbyteorder("=").char in "?bBhilqefd"
    return np.require(array, array.dtype.newbyteorder("=") if known else np.float64, ["C", "W"])


def _shown(x: object) -> str:
    """Return the kind of a value and the beginning of it, for a message."""
    kind = type(x).__name__
    text = _quoted(x) if isinstance(x, str | bytes | int | float | complex | None) else ""
    return text if text.startswith(kind) else f"{kind} {text}".strip()


def _quoted(x: object, most: int = 40) -> str:
    """Return a value in ASCII, cut to ``most`` characters."""
    try:
        text = ascii(x)
    except ValueError:  # Python refuses to format integers of more than 4,300 digits
        return f"{type(x).__name__} of endless digits"
    return text if len(text) <= most else f"{text[:most]}..."


def as_rows(x: ArrayLike, name: str) -> Tensor:
    """Return ``x`` as a tensor ``[N, D]``, on the device and in the precision it came in, without its gradient.

    Raises:
        BadInputError: if there are no rows or not two axes.
        NonFiniteError: if a value is NaN or infinite; it names the first such row.
    """
    rows = as_tensor(x, name).detach()
    if rows.ndim != 2 or not rows.numel():
        raise BadInputError(
            f"expected one row per sample for {name}, [N, D] with N and D above 0, found shape {list(rows.shape)}: "
            "flatten each sample to a row."
        )
    # Sums first, which need no memory: they are finite only where all of a row is, and seldom overflow where it is.
    if bool(torch.isfinite(rows.sum(dim=1)).all()):
        return rows
    bad = ~torch.isfinite(rows).all(dim=1)
    if bool(bad.any()):
        raise NonFiniteError(
            f"expected finite rows, found a NaN or an infinity in row {int(bad.nonzero()[0])} of {name}: check the "
            "model and the extractor."
        )
    return rows


def as_row_pair(x: ArrayLike, y: ArrayLike, names: tuple[str, str], dtype: torch.dtype | None) -> tuple[Tensor, Tensor]:
    """Return two sets of rows with the same number of columns, in ``dtype``, on the device of the first.

    Without a ``dtype``, float32 if that holds both exactly, else float64: no copy of what is float32.

    Raises:
        BadInputError: if the numbers of columns differ, or either set is not ``[N, D]``.
        NonFiniteError: as ``as_rows``.
    """
    rows_x, rows_y = as_rows(x, names[0]), as_rows(y, names[1])
    if rows_x.shape[1] != rows_y.shape[1]:
        raise BadInputError(
            f"expected as many columns in {names[0]} as in {names[1]}, found {rows_x.shape[1]} and {rows_y.shape[1]}: "
            "take both from the same layer of the same extractor."
        )
    if dtype is None:
        short = {rows_x.dtype, rows_y.dtype} <= {torch.float32, torch.float16, torch.bfloat16}
        dtype = torch.float32 if short else torch.float64
    return rows_x.to(dtype), rows_y.to(rows_x.device, dtype)


def unrounded(device: torch.device | str) -> torch.autocast:
    """Return a context in which no ``torch.autocast`` of a caller rounds products on a device to half precision."""
    return torch.autocast(torch.device(device).type, enabled=False)


def as_float64(x: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return ``x`` as a float64 array on the CPU.

    Raises:
        BadInputError: if ``x`` is not made of real numbers.
    """
    array: NDArray[np.float64] = as_tensor(x, name).detach().cpu().double().numpy()
    return array


def of_unit_length(rows: Tensor) -> Tensor:
    """Return rows ``[N, D]`` divided by their lengths, whatever these are; zeros stay zeros."""
    largest = rows.abs().amax(dim=1, keepdim=True)  # so that no square overflows or vanishes
    return F.normalize(rows / torch.where(largest > 0, largest, 1))


def as_number(value: Any, name: str, *, above: float = -math.inf) -> float:
    """Return a finite number above a bound, given as a number or as an array or tensor of one.

    Raises:
        BadInputError: for anything else: a bool, a string, several numbers, a NaN.
    """
    tensor = None if value is None or isinstance(value, bool | list | tuple) else as_tensor(value, name)
    number = math.nan if tensor is None or tensor.numel() != 1 else float(tensor.detach())
    if not above < number < math.inf:
        bound = "finite number" if above == -math.inf else f"finite number above {above:g}"
        raise BadInputError(f"expected a {bound} for {name}, found {_quoted(value)}: change it.")
    return number


def as_integer(value: SupportsIndex, name: str, *, minimum: int, maximum: int | None = None) -> int:
    """Return a whole number between two bounds, both included; of 64 bits, whatever the bounds.

    Raises:
        BadInputError: for anything else: a bool, a fraction, a string, a number out of bounds.
    """
    most = LARGEST if maximum is None else maximum
    try:
        number = operator.index(value)
    except (TypeError, RuntimeError):  # the latter of a tensor without numbers
        number = None
    truth = value.dtype == torch.bool if isinstance(value, Tensor) else isinstance(value, bool)
    if number is None or truth or not minimum <= number <= most:
        bounded = maximum is not None or (number is not None and number > most)
        bounds = f"{minimum} to {most}" if bounded else f"at least {minimum}"
        raise BadInputError(f"expected a whole number of {bounds} for {name}, found {_shown(value)}: change it.")
    return number
