"""Calls of foreign networks and functions: each image depends on its own input alone, and exceptions are reported."""

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
LONGEST = 300  # characters of an exception's message


class Shared:
    """A callable that is never copied, because it is a function or cannot be copied; all threads share it.

    Attributes:
        function: the callable.
        safe: whether several threads may call it at once.
    """

    def __init__(self, function: Callable[..., Any], safe: bool) -> None:
        self.function, self.safe = function, safe

    def __deepcopy__(self, memo: dict[int, Any]) -> "Shared":
        return self

    def __call__(self, *inputs: Tensor) -> Any:
        """Return the function's result; if it is not safe, only one thread at a time calls it."""
        if self.safe:
            return self.function(*inputs)
        with _ONE_AT_A_TIME:
            returned = self.function(*inputs)
            return returned.clone() if isinstance(returned, Tensor) else returned  # the next call may overwrite it


class Scripted(Shared):
    """A TorchScript program as a function of tensors, with the attributes that were saved with it.

    The graph runs as it was saved: the optimiser, which rewrites it after the first runs, would change the last bits.
    """

    def __init__(self, network: Any) -> None:
        super().__init__(self._run, safe=True)
        self.network = network

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "network":
            raise AttributeError(name)
        return getattr(self.network, name)

    def lacks(self, count: int) -> str:
        """Return why it cannot be called with ``count`` tensors; "" if it can."""
        arguments = self.network.forward.schema.arguments[1:]  # without the module itself
        required = [each.name for each in arguments if not each.has_default_value()]
        if len(required) > count:
            return f"missing a required argument: {required[count]!r}"
        return "too many arguments" if len(arguments) < count else ""

    def _run(self, *inputs: Tensor) -> Any:
        with torch.jit.optimized_execution(False):  # type: ignore[attr-defined]  # public, and not in its list
            return self.network(*inputs)


class Program(nn.Module):
    """A network or function that takes tensors ``[N, ...]`` and returns images.

    If it draws from a global random state, it runs on one image at a time, and the states are seeded from that image's
    input before each call, so that results depend neither on the batch nor on the order of work.

    Args:
        name: of the model, for messages.
        body: the network or function.
        remedy: what else to try if it raises an exception, for messages.

    Attributes:
        draws: whether it draws random numbers, as ``ganbench.models.foreign.trial`` finds out.
    """

    def __init__(self, name: str, body: Callable[..., Any] | Shared, remedy: str = "") -> None:
        super().__init__()
        self.name, self.remedy, self.draws = name, remedy, False
        self.body = body if isinstance(body, Shared) or _copies(body) else Shared(body, safe=False)
        self.eval()

    def forward(self, *inputs: Tensor) -> Any:
        """Return the program's result for a batch, or the joined results for each image if it draws random numbers.

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
        except (Exception, SystemExit) as error:  # foreign code may raise anything
            if _out_of_memory(error):
                raise
            shapes = " and ".join(str(list(each.shape)) for each in inputs)
            raise BadInputError(
                f"expected images from {self.name} for inputs {shapes}, found that its code, which is not ganbench's, "
                f"raised {reason(error)}: correct the model{self.remedy}; --debug shows where."
            ) from error


def _copies(body: Any) -> bool:
    """Return whether a body is a network of which each thread can have a copy that shares its weights."""
    if not isinstance(body, nn.Module):
        return False
    try:
        copy.deepcopy(body, {id(parameter): parameter for parameter in body.parameters()})
    except Exception:  # weight normalisation by hooks, for example, or an open file in the network
        return False
    return True


def reason(error: BaseException) -> str:
    """Return an exception's type and message as part of a sentence."""
    told = " ".join(one_line(str(error)).split()).rstrip(".:")
    told = told if len(told) <= LONGEST else f"{told[:LONGEST]}..."
    return f"{type(error).__name__}: {told}" if told else type(error).__name__


def _out_of_memory(error: BaseException) -> bool:
    return isinstance(error, torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)


def missing_arguments(body: Any, count: int) -> str:
    """Return why a function or network cannot be called with ``count`` tensors; "" if it can, or it is not known."""
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
    """Seed the global random states of torch, NumPy and Python from the content of tensors."""
    digest = hashlib.blake2b(digest_size=8)
    for each in inputs:
        digest.update(each.detach().cpu().contiguous().numpy().tobytes())
    seed = int.from_bytes(digest.digest(), "little") % 2**63
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def random_states() -> tuple[Any, ...]:
    """Return the global random states of torch, NumPy and Python, in a form that can be compared."""
    devices = [state.numpy().tobytes() for state in torch.cuda.get_rng_state_all()] if _uses_cuda() else []
    _, keys, *rest = np.random.get_state(legacy=True)
    numpy_state = (np.asarray(keys).tobytes(), *map(str, rest))
    return torch.get_rng_state().numpy().tobytes(), devices, numpy_state, random.getstate()


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Restore the global random states of torch, NumPy and Python after the body."""
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
