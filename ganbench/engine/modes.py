"""Contexts for measuring: eval mode, exact float32 products, no caller's torch modes; the state returns afterwards."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn

from ganbench.engine.plan import Plan


@contextmanager
def measuring(plan: Plan) -> Iterator[None]:
    """Keep the plan's model in eval mode, float32 products exact and a caller's modes out, within this context."""
    with own_modes(), evaluating(plan.context.model), exact_float32():
        yield


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Put a model and all networks inside it into eval mode within this context, and each back into its former mode.

    In train mode, batch norm would depend on the batch, and dropout on random numbers.
    """
    modules = [module for network in networks_in(model) for module in network.modules()]
    training = [module for module in modules if module.training]
    for module in training:
        module.training = False
    try:
        yield
    finally:
        for module in training:
            module.training = True


def networks_in(thing: Any, depth: int = 3) -> Iterator[nn.Module]:
    """Yield the networks in an object: itself, or in its attributes, lists and dictionaries."""
    if isinstance(thing, nn.Module):
        yield thing
    elif depth:
        yield from (network for part in _parts(thing) for network in networks_in(part, depth - 1))


def _parts(thing: Any) -> Sequence[Any]:
    if isinstance(thing, Mapping):
        return list(thing.values())
    if isinstance(thing, list | tuple):
        return thing
    return list(vars(thing).values()) if hasattr(thing, "__dict__") and not isinstance(thing, type) else []


@contextmanager
def own_modes() -> Iterator[None]:
    """Keep a caller's ``torch.autocast`` and default device from the numbers; they hold of this thread alone.

    Networks run in other threads, and have never seen either.
    """
    device = torch.get_default_device().type
    # A device as a context, even the usual one, costs time at each call of torch.
    with no_autocast(), nullcontext() if device == "cpu" else torch.device("cpu"):
        yield


@contextmanager
def no_autocast() -> Iterator[None]:
    """Turn ``torch.autocast`` off wherever it is on: it would round products to half precision."""
    with ExitStack() as stack:
        for device in ("cpu", "cuda", "mps", "xpu"):
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        yield


@contextmanager
def exact_float32() -> Iterator[None]:
    """Keep GPUs from rounding float32 products to TF32, whose 10 bits would show in every number."""
    convolutions, products = torch.backends.cudnn.allow_tf32, torch.get_float32_matmul_precision()
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = convolutions
        torch.set_float32_matmul_precision(products)
