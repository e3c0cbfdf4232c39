"""Networks of tensors that have names, shapes and types alone, made without what PyTorch computes such shapes with.

PyTorch takes seconds to import that (``torch._dynamo``, SymPy), for arithmetic on initial values that nobody reads.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

__all__ = ["shapes_alone"]


class _EmptyResults(TorchFunctionMode):
    """Draws and arithmetic of tensors without values give one of the right shape; all else is as ever."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the result of a function, or an empty tensor of its shape."""
        kwargs = kwargs or {}
        if func in (torch.randn, torch.rand):
            return torch.empty(*args, **{name: value for name, value in kwargs.items() if name != "generator"})
        if func is torch.eye and len(args) == 1:
            return torch.empty(args * 2, **kwargs)
        name = func.__name__.strip("_")
        if name in ELEMENTWISE and all(it.is_meta for it in args if isinstance(it, Tensor)):
            return _empty(np.broadcast_shapes(*(it.shape for it in args if isinstance(it, Tensor))), args)
        if name in SHAPES and args[0].is_meta:
            return _empty(SHAPES[name](*args, **kwargs), args)
        return func(*args, **kwargs)


def shapes_alone(build: Callable[[], Any]) -> Any:
    """Return what a function builds, with all its tensors on the meta device."""
    with torch.device("meta"), _EmptyResults():
        return build()


def _empty(shape: tuple[int, ...], args: tuple[Any, ...]) -> Tensor:
    """Return a tensor without values, of the first tensor's type."""
    dtype = next(it.dtype for it in args if isinstance(it, Tensor))
    return torch.empty(shape, dtype=dtype, device="meta")


def _summed(x: Tensor, dim: int | None = None, keepdim: bool = False) -> tuple[int, ...]:
    """Return the shape of a sum over one dimension, or over all."""
    if dim is None:
        return ()
    dim %= x.ndim
    return (*x.shape[:dim], *((1,) if keepdim else ()), *x.shape[dim + 1 :])


ELEMENTWISE = frozenset("add radd sub rsub mul rmul div truediv rtruediv pow neg square sqrt exp log".split())
SHAPES: dict[str, Callable[..., tuple[int, ...]]] = {
    "sum": _summed,
    "outer": lambda x, y: (len(x), len(y)),
    "ger": lambda x, y: (len(x), len(y)),
}
