"""The filtered leaky ReLU as one Triton kernel, which keeps the upsampled image on the chip.

Upsampling and downsampling are products with banded matrices, see ``baselines.ops.bands``. The derivative ``m`` of the
leaky ReLU and the clamp is computed again from the input where it is needed, so that nothing is stored for it. As it is
piecewise constant, the operator's derivative ``tangent(x, v) = D(m(U(x)) * U(v))`` is linear in ``v``; its transpose is
``transposed(x, g) = U'(m(U(x)) * D'(g))``. Each is the other's derivative: two operators give derivatives of any order.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from baselines.ops.triton_bands import Side, fits, launch

__all__ = ["filtered_lrelu", "fits"]


def sides(fu: Tensor, fd: Tensor, up: int, down: int, padding: Sequence[int], flip_filter: bool) -> tuple[Side, Side]:
    """Return the filters as they lie over the fine grid."""
    left, _, top, _ = padding
    taps = fu.shape[0]
    return Side(fu, flip_filter, up, (top - taps + 1, left - taps + 1)), Side(fd, not flip_filter, down)


def out_size(shape: Sequence[int], fu: Tensor, fd: Tensor, up: int, down: int, padding: Sequence[int]) -> list[int]:
    """Return the output's height and width."""
    left, right, top, bottom = padding
    lost = fu.shape[0] + fd.shape[0] - 2
    height, width = shape[-2] * up + top + bottom - lost, shape[-1] * up + left + right - lost
    return [(height - 1) // down + 1, (width - 1) // down + 1]


@torch.library.custom_op("baselines::filtered_lrelu", mutates_args=())
def filtered_lrelu(
    x: Tensor,
    fu: Tensor,
    fd: Tensor,
    up: int,
    down: int,
    padding: Sequence[int],
    gain: float,
    slope: float,
    clamp: float,
    flip_filter: bool,
) -> Tensor:
    """Return ``x`` upsampled, through the nonlinearity, downsampled; see ``baselines.ops.filtered_lrelu``.

    Args:
        clamp: infinity for no clamping.
    """
    u, d = sides(fu, fd, up, down, padding, flip_filter)
    return launch(x, x, u, u, d, out_size(x.shape, fu, fd, up, down, padding), gain, slope, clamp, False)


@torch.library.custom_op("baselines::filtered_lrelu_tangent", mutates_args=())
def tangent(
    x: Tensor,
    v: Tensor,
    fu: Tensor,
    fd: Tensor,
    up: int,
    down: int,
    padding: Sequence[int],
    gain: float,
    slope: float,
    clamp: float,
    flip_filter: bool,
) -> Tensor:
    """Return the derivative of ``filtered_lrelu`` at ``x`` in the direction ``v``, of the shape of ``x``."""
    u, d = sides(fu, fd, up, down, padding, flip_filter)
    return launch(v, x, u, u, d, out_size(x.shape, fu, fd, up, down, padding), gain, slope, clamp, True)


@torch.library.custom_op("baselines::filtered_lrelu_transposed", mutates_args=())
def transposed(
    x: Tensor,
    g: Tensor,
    fu: Tensor,
    fd: Tensor,
    up: int,
    down: int,
    padding: Sequence[int],
    gain: float,
    slope: float,
    clamp: float,
    flip_filter: bool,
) -> Tensor:
    """Return the gradient of ``(filtered_lrelu(x) * g).sum()`` with respect to ``x``."""
    u, d = sides(fu, fd, up, down, padding, flip_filter)
    return launch(g, x, d, u, u, x.shape[2:], gain, slope, clamp, True)


@filtered_lrelu.register_fake
def _(x: Tensor, fu: Tensor, fd: Tensor, up: int, down: int, padding: Sequence[int], *rest: object) -> Tensor:
    return x.new_empty([*x.shape[:2], *out_size(x.shape, fu, fd, up, down, padding)])


@tangent.register_fake
def _(
    x: Tensor, v: Tensor, fu: Tensor, fd: Tensor, up: int, down: int, padding: Sequence[int], *rest: object
) -> Tensor:
    return x.new_empty([*x.shape[:2], *out_size(x.shape, fu, fd, up, down, padding)])


@transposed.register_fake
def _(x: Tensor, *rest: object) -> Tensor:
    return torch.empty_like(x, memory_format=torch.contiguous_format)


NUMBERS = 7
"""Arguments after the filters."""


def remember(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    """Keep what the derivatives need: where they are taken, the filters, and the numbers."""
    ctx.save_for_backward(inputs[0], *inputs[-NUMBERS - 2 : -NUMBERS])
    ctx.numbers = inputs[-NUMBERS:]


def differentiate(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    """Return the gradient with respect to ``x``."""
    x, fu, fd = ctx.saved_tensors
    return transposed(x, gradient, fu, fd, *ctx.numbers), *[None] * (NUMBERS + 2)


def differentiate_tangent(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    """Return the gradient with respect to the direction; the derivative is piecewise constant in ``x``."""
    x, fu, fd = ctx.saved_tensors
    return None, transposed(x, gradient, fu, fd, *ctx.numbers), *[None] * (NUMBERS + 2)


def differentiate_transposed(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
    """Return the gradient with respect to ``g``, likewise."""
    x, fu, fd = ctx.saved_tensors
    return None, tangent(x, gradient, fu, fd, *ctx.numbers), *[None] * (NUMBERS + 2)


filtered_lrelu.register_autograd(differentiate, setup_context=remember)
tangent.register_autograd(differentiate_tangent, setup_context=remember)
transposed.register_autograd(differentiate_transposed, setup_context=remember)
