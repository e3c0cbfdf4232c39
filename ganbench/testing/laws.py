"""Statements of laws: assertions that fail with one sentence."""

import json
import pickle
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor


class Laws:
    """The laws of one part.

    Attributes:
        part: name of the part, with which each message begins.
    """

    def __init__(self, part: str) -> None:
        self.part = part

    def hold(self, holds: bool, law: str, expected: object, found: object) -> None:
        """Check that a law holds.

        Raises:
            AssertionError: the law is broken; the message has the law, what was expected and what was found.
        """
        if not holds:
            raise AssertionError(f"{self.part}: {law}: expected {expected}, found {_shown(found)}.")

    def follow(self, thing: Any, protocol: Any) -> None:
        """Check that an object follows a protocol; the message names the members that it lacks."""
        members = {name for cls in protocol.__mro__ for name in (*vars(cls), *vars(cls).get("__annotations__", ()))}
        lacking = sorted(name for name in members if not name.startswith("_") and not hasattr(thing, name))
        found = f"no {', '.join(lacking)}" if lacking else f"a {type(thing).__name__}"
        law = f"it follows {protocol.__name__}"
        self.hold(isinstance(thing, protocol), law, "all members of the protocol", found)

    def equal(self, expected: Any, found: Any, law: str) -> None:
        """Check that two values are equal; tensors and arrays to the bit, and in dtype."""
        self.hold(_equal(expected, found), law, _shown(expected), found)

    def close(self, expected: Tensor, found: Tensor, law: str, tolerance: float = 1e-4) -> None:
        """Check that two tensors have the same shape and are equal up to a tolerance, relative to the largest value."""
        self.equal(tuple(expected.shape), tuple(found.shape), f"{law}, in shape")
        if not expected.numel():
            return
        reach = max(1e-30, float(expected.double().abs().max()))
        far = float((expected.double() - found.double()).abs().max()) / reach
        self.hold(far <= tolerance, law, f"a difference of at most {tolerance:g} of the largest value", f"{far:.3g}")

    def tensor(self, found: Any, shape: tuple[int | None, ...], law: str) -> None:
        """Check that an object is a tensor of a shape (None allows any size) without NaN or infinity."""
        self.hold(isinstance(found, Tensor), law, "a tensor", type(found).__name__)
        fits = found.ndim == len(shape) and all(
            want in (None, have) for want, have in zip(shape, found.shape, strict=True)
        )
        wanted = ["any" if want is None else want for want in shape]
        self.hold(fits, law, f"the shape {wanted}", list(found.shape))
        finite = not found.is_floating_point() or bool(torch.isfinite(found).all())
        self.hold(finite, f"{law} and finite", "numbers", "a NaN or an infinity")

    def frozen(self, part: Any) -> None:
        """Check that a part is a value: hashable, equal to its pickled copies, and unequal to other objects."""
        copy = self.pickled(part, "it can be pickled, for other processes")
        self.hold(copy == part, "equal parameters make equal parts", "a copy by pickle that is equal", repr(copy))
        try:
            same = hash(copy) == hash(part)
        except TypeError as error:
            self.hold(False, "it is hashable, as a frozen dataclass is", "a hash", error)
        self.hold(same, "equal parts have equal hashes", hash(part), hash(copy))
        self.hold(part != object(), "it equals only parts like itself", "no equality with another object", "equality")

    def pickled(self, part: Any, law: str) -> Any:
        """Check that a part can be pickled, and return the copy."""
        try:
            return pickle.loads(pickle.dumps(part))
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            return self.hold(False, law, "a pickle", error)

    def json(self, value: Any, law: str) -> None:
        """Check that a value consists of JSON values, which are read as they were written."""
        try:
            read = json.loads(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError) as error:
            self.hold(False, law, "JSON values", error)
        self.hold(_listed(value) == read, law, "values that JSON gives back as they are", value)

    @contextmanager
    def untouched_random_state(self) -> Iterator[None]:
        """Check that the body neither draws from nor seeds the global random states."""
        before = _random_states()
        yield
        for name, state in _random_states().items():
            self.hold(_equal(before[name], state), "no global random state is touched", f"{name} untouched", "a draw")


def _random_states() -> dict[str, Any]:
    return {
        "torch.random": torch.get_rng_state(),
        "numpy.random": pickle.dumps(np.random.get_state()),
        "random": random.getstate(),
    }


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_equal(one[key], other[key]) for key in one)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    return bool(one == other)


def _listed(value: Any) -> Any:
    """Return JSON values with tuples replaced by lists, as JSON does."""
    if isinstance(value, Mapping):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, list | tuple) else value


def _shown(value: object) -> str:
    if isinstance(value, Tensor | np.ndarray):
        return f"{type(value).__name__} {list(value.shape)} of {value.dtype}"
    text = " ".join(str(value).split()).rstrip(".")
    return text if len(text) <= 300 else f"{text[:300]}..."
