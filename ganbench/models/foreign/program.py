"""Somebody's network or function, called so that an image depends on its own input alone; what it raises is told."""

import copy
import hashlib
import inspect
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganbench.errors import BadInputError, GanbenchError
from ganbench.printable import one_line

_ONE_AT_A_TIME = threading.RLock()
LONGEST = 300  # characters of somebody's message


class Shared:
    """A callable that copies share: a function, or what cannot be copied.

    Attributes:
        function: that is called.
        safe: whether several threads may call it at once.
    """

    def __init__(self, function: Callable[..., Any], safe: bool) -> None:
        self.function, self.safe = function, safe

    def __deepcopy__(self, memo: dict[int, Any]) -> "Shared":
        return self

    def __call__(self, *inputs: Tensor) -> Any:
        """Return what the function returns; where threads would meet in it, one of them at a time."""
        if self.safe:
            return self.function(*inputs)
        with _ONE_AT_A_TIME:
            returned = self.function(*inputs)
            return returned.clone() if isinstance(returned, Tensor) else returned  # it may write there again


class Scripted(Shared):
    """A TorchScript program as a function of tensors, with the attributes that were saved with it.

    Its graph is run as it was saved: an optimiser that rewrites it after the first runs would change last bits.
    """

    def __init__(self, network: Any) -> None:
        super().__init__(self._run, safe=True)
        self.network = network

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "network":
            raise AttributeError(name)
        return getattr(self.network, name)

    def lacks(self, count: int) -> str:
        """Return what keeps it from being called with so many tensors; "" for nothing."""
        arguments = self.network.forward.schema.arguments[1:]  # without the module itself
        required = [each.name for each in arguments if not each.has_default_value()]
        if len(required) > count:
            return f"missing a required argument: {required[count]!r}"
        return "too many arguments" if len(arguments) < count else ""

    def _run(self, *inputs: Tensor) -> Any:
        with torch.jit.optimized_execution(False):  # type: ignore[attr-defined]  # public, and not in its list
            return self.network(*inputs)


class Program(nn.Module):
    """What is called with tensors ``[N, ...]`` and returns images.

    A program that draws from the random states that all code shares is run one image at a time, after they were seeded
    by the image's own input: a number then depends neither on the batch nor on the order of the work.

    Args:
        name: of the model, for messages.
        body: a network, or a function of tensors.
        remedy: what may be done where it raises an exception, besides correcting it.

    Attributes:
        draws: whether it draws random numbers; found by ``ganbench.models.foreign.trial``.
    """

    def __init__(self, name: str, body: Callable[..., Any] | Shared, remedy: str = "") -> None:
        super().__init__()
        self.name, self.remedy, self.draws = name, remedy, False
        self.body = body if isinstance(body, Shared) or _copies(body) else Shared(body, safe=False)
        self.eval()

    def forward(self, *inputs: Tensor) -> Any:
        """Return what the program makes of a batch, or one result an image where it draws random numbers.

        Raises:
            BadInputError: it raised an exception.
        """
        if not self.draws:
            return self._called(inputs)
        parts = [self._seeded([each[row : row + 1] for each in inputs]) for row in range(len(inputs[0]))]
        return torch.cat(parts) if all(isinstance(part, Tensor) and part.ndim for part in parts) else parts[0]

    def _seeded(self, inputs: list[Tensor]) -> Any:
        with _ONE_AT_A_TIME, random_states_kept():
            seed_all(inputs)
            return self._called(inputs)

    def _called(self, inputs: Any) -> Any:
        try:
            return self.body(*(each.clone() for each in inputs))  # which it may change
        except (GanbenchError, MemoryError):
            raise
        except Exception as error:  # a stranger's code may raise anything
            if _out_of_memory(error):
                raise
            shapes = " and ".join(str(list(each.shape)) for each in inputs)
            raise BadInputError(
                f"expected images from {self.name} for inputs {shapes}, found that its code, which is not ganbench's, "
                f"raised {reason(error)}: correct the model{self.remedy}; --debug shows where."
            ) from error


def _copies(body: Any) -> bool:
    """Return whether each thread can have a copy of a network, whose weights they share."""
    if not isinstance(body, nn.Module):
        return False
    try:
        copy.deepcopy(body, {id(parameter): parameter for parameter in body.parameters()})
    except Exception:  # such as of weight normalisation by hooks, or of a network that holds an open file
        return False
    return True


def reason(error: BaseException) -> str:
    """Return an exception as a part of one sentence."""
    told = " ".join(one_line(str(error)).split()).rstrip(".:")
    told = told if len(told) <= LONGEST else f"{told[:LONGEST]}..."
    return f"{type(error).__name__}: {told}" if told else type(error).__name__


def _out_of_memory(error: Exception) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def missing_arguments(body: Any, count: int) -> str:
    """Return what keeps a function or network from being called with so many tensors; "" for nothing, or unknown."""
    if isinstance(body, Scripted):
        return body.lacks(count)
    function = body.forward if isinstance(body, nn.Module) else body
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of compiled functions
        return ""
    try:
        signature.bind(*[None] * count)
    except TypeError as error:
        return str(error)
    return ""


def seed_all(inputs: list[Tensor]) -> None:
    """Seed the random states that all code shares by the content of tensors."""
    digest = hashlib.blake2b(digest_size=8)
    for each in inputs:
        digest.update(each.detach().cpu().contiguous().numpy().tobytes())
    seed = int.from_bytes(digest.digest(), "little") % 2**63
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def random_states() -> tuple[Any, ...]:
    """Return the random states that all code shares, in a form that can be compared."""
    devices = [state.numpy().tobytes() for state in torch.cuda.get_rng_state_all()] if _uses_cuda() else []
    _, keys, *rest = np.random.get_state(legacy=True)
    numpy_state = (np.asarray(keys).tobytes(), *map(str, rest))
    return torch.get_rng_state().numpy().tobytes(), devices, numpy_state, random.getstate()


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Leave the random states that all code shares as they were before the body."""
    python, numpy_state = random.getstate(), np.random.get_state()
    devices = list(range(torch.cuda.device_count())) if _uses_cuda() else []
    with torch.random.fork_rng(devices):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy_state)


def _uses_cuda() -> bool:
    return torch.cuda.is_available() and bool(torch.cuda.is_initialized())  # type: ignore[no-untyped-call]  # untyped in torch
