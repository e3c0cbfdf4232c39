"""How to measure: the options that Python, the command line and every process of a run share."""

import dataclasses
import difflib
import operator
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

import torch

from ganbench.counts import MOST
from ganbench.engine.shards import default_batch_size
from ganbench.errors import BadInputError
from ganbench.models.base import check_device
from ganbench.models.foreign.interface import CHECKS
from ganbench.rng import MAX_SEED
from ganbench.types import Dataset, Interface, Statistics, WithImages
from ganbench.types.interface import Kind, LabelFormat

RANGES: Final = {
    "seed": (0, MAX_SEED),
    "batch_size": (1, 2**20),
    "limit": (1, MOST),
    "nproc": (1, 1024),
    "truncation_cutoff": (0, 1000),
    "label": (0, 2**31 - 1),
}
TEXTS: Final = ("weights", "entry", "benchmark", "extractor", "device", "attributes")
FLAGS: Final = ("float64", "allow_missing")


@runtime_checkable
class Measurable(Protocol):
    """What a third party's metric must have; ``BaseMetric`` supplies the rest."""

    def inputs(self) -> Any:
        """Return its inputs by accumulator name."""
        ...

    @property
    def compute(self) -> Any:
        """The method that turns filled accumulators into numbers."""
        ...


@dataclass(frozen=True)
class Options:
    """How to measure a model, as requested.

    Attributes:
        metrics: names such as ``fid50k``, or metrics themselves; none for the benchmark's.
        weights: path of a checkpoint; None for the embedded or published weights that the model's name stands for.
        entry: which network of a checkpoint with several; None for the averaged or only one.
        data: name or path of the real images, a data set, or statistics of one; None for the benchmark's.
        benchmark: name of the measuring protocol; None for the model's.
        extractor: of all metrics that compare features or perceptual distances: a name, or ``inception:FILE``; None for
            the benchmark's.
        seed: of all random streams, 0..2**63-1.
        batch_size: samples in work at once; changes speed, not numbers. None to choose by device.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        limit: largest sample count of any metric, which renames results; None for no limit.
        float64: whether path lengths and equivariance run in float64.
        truncation_psi: of the samples of all metrics, which renames results; with several, each is measured; empty for
            no truncation.
        truncation_cutoff: number of layers truncated; None for all.
        label: class number to measure a conditional model on, which renames results; None for all classes together.
        attributes: file of attribute classifiers for linear separability; None for the benchmark's.
        allow_missing: whether to leave out metrics that a model does not support.
        nproc: processes; on GPUs, rank r takes GPU r.
        kind, z_dim, classes, label_format, domains, range, resize: of a foreign model, what its attributes do not
            say; see ``ganbench.types.Interface``.
    """

    metrics: tuple[str | Measurable, ...] = ()
    weights: str | None = None
    entry: str | None = None
    data: str | Dataset | Statistics | None = None
    benchmark: str | None = None
    extractor: str | None = None
    seed: int = 0
    batch_size: int | None = None
    device: str = "auto"
    limit: int | None = None
    float64: bool = False
    truncation_psi: tuple[float, ...] = ()
    truncation_cutoff: int | None = None
    label: int | None = None
    attributes: str | None = None
    allow_missing: bool = False
    nproc: int = 1
    kind: Kind | None = None
    z_dim: tuple[int, ...] = ()
    classes: int | None = None
    label_format: LabelFormat | None = None
    domains: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    resize: str | None = None

    @property
    def interface(self) -> Interface:
        """The interface of a foreign model, as far as it is given."""
        return Interface(**{name: getattr(self, name) for name in CHECKS})  # fields of both classes

    @classmethod
    def of(cls, **given: Any) -> "Options":
        """Return options from loosely typed arguments: names as a list or a string, paths, numbers of any library.

        Raises:
            BadInputError: an option is unknown, or a value is of the wrong type or out of range.
        """
        known = [f.name for f in dataclasses.fields(cls)]
        for name in given:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]}?" if near else f"choose one of {', '.join(known)}."
                raise BadInputError(f"unknown option {name!r}: {hint}")
        return cls(**{name: _checked(name, value) for name, value in given.items()})

    def resolved(self) -> "Options":
        """Return the options with device and batch size filled in.

        Raises:
            BadInputError: the device does not exist on this machine.
        """
        device = resolve_device(self.device)
        return dataclasses.replace(self, device=device, batch_size=self.batch_size or default_batch_size(device))

    def as_json(self) -> dict[str, Any]:
        """Return the options that differ from their defaults, as JSON values."""
        found: dict[str, Any] = {}
        for f in dataclasses.fields(self):
            value = getattr(self, f.name)  # a field of this class
            if value != f.default:
                found[f.name] = _as_json(value)
        return found


def names(given: Any, what: str) -> tuple[Any, ...]:
    """Return names from a sequence, or from a comma-separated string such as ``fid,ppl``.

    Raises:
        BadInputError: for anything else, or an empty name.
    """
    if isinstance(given, str):
        given = [part.strip() for part in given.split(",")] if given else []
    if isinstance(given, Measurable):
        given = [given]
    if not isinstance(given, Sequence) or not all(
        isinstance(it, Measurable) or (it and isinstance(it, str)) for it in given
    ):
        raise BadInputError(f"expected names for {what}, found {given!r:.60}: give a list such as ['fid50k', 'ppl'].")
    return tuple(given)


def resolve_device(device: str) -> str:
    """Return the device to run on; ``auto`` takes the first GPU, or else the CPU.

    Raises:
        BadInputError: the device does not exist on this machine.
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    check_device(device)
    return device


def whole_number(name: str, value: Any, low: int, high: int) -> int:
    """Return a whole number in a range.

    Raises:
        BadInputError: the value is not a whole number (such as 1.5 or True) or out of range.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or not low <= number <= high:
        found = f"{value!r:.40}" if number is None or number.bit_length() < 200 else "a number of hundreds of digits"
        raise BadInputError(f"expected a whole number from {low} to {high} for {name}, found {found}: change it.")
    return number


def _checked(name: str, value: Any) -> Any:
    """Return an option's value, checked and converted."""
    if name == "metrics":
        return names(value, name)
    if name == "data":
        return value if value is None or isinstance(value, WithImages | Statistics) else _text(name, value)
    if name in FLAGS:
        if not isinstance(value, bool):
            raise BadInputError(f"expected True or False for {name}, found {value!r:.60}: choose one of them.")
        return value
    if value is None and name not in ("seed", "device", "nproc"):
        return () if name in ("truncation_psi", "z_dim", "domains") else None
    if name in CHECKS:
        return CHECKS[name](value)
    if name in RANGES:
        return whole_number(name, value, *RANGES[name])
    return _text(name, value) if name in TEXTS else _reals(name, value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str | os.PathLike) or not os.fspath(value):
        raise BadInputError(f"expected a name or a path for {name}, found {value!r:.60}: give a string or a Path.")
    return os.fsdecode(os.fspath(value))


def _reals(name: str, value: Any) -> tuple[float, ...]:
    return tuple(_real(name, each) for each in value) if isinstance(value, list | tuple) else (_real(name, value),)


def _real(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
        raise BadInputError(f"expected a finite number for {name}, found {value!r:.40}: write for example 0.7.")
    return float(value)


def _as_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [item if isinstance(item, str | float | int) else repr(item) for item in value]
    return value.name if isinstance(value, WithImages | Statistics) else value
