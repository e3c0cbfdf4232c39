"""What a run leaves behind: one self-describing JSON record, from which every table and every gate is made.

A number never leaves its provenance: the metric's parameters and version, the weights, the data, the extractor, the
sample count, the seed and the environment stand beside it.
"""

import json
import math
import re
import types
import uuid
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict, TypeVar, Union, get_args, get_origin, is_typeddict

from ganbench.errors import BadInputError

SCHEMA = 1
_T = TypeVar("_T", "Result", "RunRecord")


class ModelInfo(TypedDict):
    """Which model: its name as typed, the name of its weights, their sha256, whether they are the embedded ones."""

    name: str
    weights: str
    sha256: str
    embedded: bool


class DataInfo(TypedDict):
    """Which real images: name, sha256 over their content, and how many."""

    name: str
    fingerprint: str
    count: int


@dataclass(frozen=True)
class Result:
    """One number.

    Attributes:
        metric: canonical name with the count in it, such as ``fid50k``, ``fid@500`` or ``ppl2_wend@5k``.
        key: column in a table; equals ``metric`` unless a metric gives several numbers (``pr50k3_precision``).
        value: finite or infinite (EQ in dB of a perfect generator), never NaN.
        higher_is_better: None where neither direction is.
        count: generated samples behind the number, or None.
        extractor: name, or None where no network is involved.
        extractor_sha256: of its weights.
        spec: the metric's parameters, plain JSON values.
        version: of the metric's definition in ganbench; numbers of two versions do not compare.
        unit: such as ``"dB"``.
        uses_data: whether real images went into the number; where not, the record's data does not matter to it.
        parts: the same number of each part of the samples, by name, such as ``0->1`` for an ordered pair of domains.
        interval: reserved for confidence intervals; None for now.

    Raises:
        BadInputError: a field of the wrong type, or a value that is NaN.
    """

    metric: str
    key: str
    value: float
    higher_is_better: bool | None
    count: int | None
    extractor: str | None
    extractor_sha256: str | None
    spec: dict[str, Any]
    version: int
    unit: str = ""
    uses_data: bool = True
    parts: dict[str, float] = field(default_factory=dict)
    interval: None = None

    def __post_init__(self) -> None:
        _check_fields(self, f"result {self.key!r}")
        for name, value in {self.key: self.value, **self.parts}.items():
            if math.isnan(value):
                raise BadInputError(f"result {name!r} is NaN, which is never stored: find the sample that causes it.")
        object.__setattr__(self, "value", float(self.value))
        object.__setattr__(self, "parts", {name: float(value) for name, value in self.parts.items()})
        object.__setattr__(self, "spec", _plain(self.spec, f"spec of result {self.key!r}"))


@dataclass(frozen=True)
class RunRecord:
    """One run of one model: every result, and everything needed to repeat it.

    Attributes:
        schema: version of this layout, ``SCHEMA``.
        id: hexadecimal, unique to the run.
        created: UTC time in ISO form, such as ``2026-01-31T12:00:00.000Z``.
        ganbench: version of the package.
        command: the command line or call, as typed.
        model: see ``ModelInfo``.
        data: see ``DataInfo``; None where no metric needed real images.
        benchmark: by name.
        seed: of the run.
        batch_size: as used.
        device: as used, such as ``cpu`` or ``cuda``.
        limit: of ``--limit``, or None.
        results: one a number; their keys differ.
        environment: see ``ganbench.records.environment.describe``.
        seconds: wall time by stage.
        missing: metrics that were asked for and that this model cannot have, with the reason.

    Raises:
        BadInputError: a field of the wrong type or out of range, or two results of one key.
    """

    schema: int
    id: str
    created: str
    ganbench: str
    command: list[str]
    model: ModelInfo
    data: DataInfo | None
    benchmark: str
    seed: int
    batch_size: int
    device: str
    limit: int | None
    results: tuple[Result, ...]
    environment: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_fields(self, "the record")
        _check_identity(self)
        keys = [result.key for result in self.results]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise BadInputError(f"the record has more than one result named {twice[0]!r}: give each key once.")
        for name in ("environment", "seconds", "missing"):
            object.__setattr__(self, name, _plain(getattr(self, name), f"{name!r} of the record"))

    def to_json(self) -> str:
        """Return the record as JSON text, keys in the order of the fields; infinity is the string ``"inf"``."""
        plain = asdict(self)
        for result in plain["results"]:
            result["value"] = _encoded(result["value"])
            result["parts"] = {name: _encoded(value) for name, value in result["parts"].items()}
            del result["interval"]
            if not result["parts"]:  # nor had any number before there were parts
                del result["parts"]
        return json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "RunRecord":
        """Return the record that JSON text holds.

        Raises:
            BadInputError: not JSON, cut short, not a record, or of another schema.
        """
        try:
            plain = json.loads(text, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise BadInputError(f"it is not whole, valid JSON ({error})") from error
        if not isinstance(plain, dict) or "schema" not in plain:
            raise BadInputError("it has no 'schema' field, so it is not a ganbench record")
        if plain["schema"] != SCHEMA:
            raise BadInputError(
                f"its schema is {plain['schema']!r} and this ganbench reads {SCHEMA}: use a ganbench that fits"
            )
        results = plain.get("results")
        if not isinstance(results, list):
            raise BadInputError("its field 'results' is not a list")
        return _build(cls, {**plain, "results": tuple(_result(entry) for entry in results)}, "the record")


def new_id() -> str:
    """Return a fresh id for a run: 32 hexadecimal digits, drawn from the operating system."""
    return uuid.uuid4().hex


def utc_now() -> str:
    """Return the time now as records write it: UTC, ISO, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _no_constant(name: str) -> None:
    raise ValueError(f"it contains {name}")


def _encoded(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def _decoded(value: Any) -> Any:
    return float(value) if value in ("inf", "-inf") else value


def _result(plain: Any) -> Result:
    if not isinstance(plain, dict):
        raise BadInputError("one of its results is not an object")
    decoded = {**plain, "value": _decoded(plain["value"])} if "value" in plain else plain
    if isinstance(parts := plain.get("parts"), dict):
        decoded = {**decoded, "parts": {name: _decoded(value) for name, value in parts.items()}}
    return _build(Result, decoded, f"result {plain.get('key')!r}")


def _build(cls: type[_T], plain: Mapping[str, Any], what: str) -> _T:
    """Return ``cls(**plain)`` once no field is missing and none is unknown."""
    known = {f.name: f.default is MISSING and f.default_factory is MISSING for f in fields(cls)}
    missing = [name for name, required in known.items() if required and name not in plain]
    unknown = [name for name in plain if name not in known]
    if missing or unknown:
        raise BadInputError(
            f"{what} lacks the field {missing[0]!r}" if missing else f"{what} has a strange field {unknown[0]!r}"
        )
    return cls(**plain)


def _check_fields(owner: Any, what: str) -> None:
    for f in fields(owner):
        value = getattr(owner, f.name)
        if not _fits(value, f.type):
            hint = getattr(f.type, "__name__", str(f.type)) if not get_args(f.type) else str(f.type)
            raise BadInputError(f"{what} has {f.name!r} = {value!r:.80}, which is not of type {hint}")


def _fits(value: Any, hint: Any) -> bool:
    """Return whether a value is of a type as the records annotate it: strict, so True is no int and "1" no number."""
    if hint is Any:
        return True
    if is_typeddict(hint):
        keys = hint.__annotations__
        return isinstance(value, dict) and value.keys() == keys.keys() and all(_fits(value[k], keys[k]) for k in keys)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, arg) for arg in args)
    if origin is dict:
        return isinstance(value, dict) and all(isinstance(k, str) and _fits(v, args[1]) for k, v in value.items())
    if origin in (list, tuple):
        return isinstance(value, origin) and all(_fits(item, args[0]) for item in value)
    if hint in (int, float):
        return isinstance(value, int | hint) and not isinstance(value, bool)
    return value is None if hint is type(None) or hint is None else isinstance(value, hint)


def _check_identity(record: RunRecord) -> None:
    if record.schema != SCHEMA:
        raise BadInputError(f"the record has schema {record.schema}, and this ganbench writes {SCHEMA}")
    if not re.fullmatch(r"[0-9a-f]{8,64}", record.id):
        raise BadInputError(f"the record has the id {record.id!r:.80}, which is not 8 to 64 hexadecimal digits")
    try:
        created = datetime.fromisoformat(record.created)
    except ValueError:
        created = datetime.min
    if created.utcoffset() != timedelta(0):
        raise BadInputError(f"the record was created at {record.created!r:.80}, which is not a UTC time in ISO form")


def _plain(value: Any, what: str) -> Any:
    """Return a value as JSON would give it back (tuples as lists), so that a record equals its round trip."""
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise BadInputError(f"the {what} does not go into JSON ({error})") from error
