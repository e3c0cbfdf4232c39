"""The record of a run: one self-describing JSON object, from which every table and every verdict is made.

A number is never separated from its provenance: the metric's parameters and version, the weights, the data, the
extractor, the sample count, the seed and the environment. All text in a record is printable (see
``ganbench.printable``), whatever the names of files and models were, so that tables of records may be shown anywhere.
"""

import json
import math
import re
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NotRequired, TypedDict

from ganbench.errors import BadInputError
from ganbench.printable import one_line, quoted
from ganbench.records.fields import build, check_types, make_printable, plain_json, truncation_of
from ganbench.records.migrate import SCHEMA, migrated
from ganbench.records.strict_json import parse

__all__ = ["SCHEMA", "DataInfo", "Interval", "ModelInfo", "Result", "RunRecord", "StatisticsInfo", "new_id", "utc_now"]

MAX_NAME = 20_000  # characters: of the longest path with every byte of it spelt out
MAX_SENTENCE = 2_000


class ModelInfo(TypedDict):
    """The model: its name as typed, the name and sha256 of its weights, and whether those are the embedded ones.

    The provenance says of a foreign program, which was run, its files and how it was called; of samples, their prompts.
    ``kimg`` is how many thousands of images the weights were trained on, where their file says so.
    """

    name: str
    weights: str
    sha256: str
    embedded: bool
    provenance: NotRequired[dict[str, Any]]
    kimg: NotRequired[float]


class StatisticsInfo(TypedDict):
    """Statistics in place of real images: the file's name, and how many images they are of, 0 where unknown."""

    file: str
    count: int


class DataInfo(TypedDict):
    """The real images: name, sha256 of their content, how many there are, sentences on how they were read.

    Statistics are those that stand for the images in some of the numbers.
    """

    name: str
    fingerprint: str
    count: int
    notes: NotRequired[list[str]]
    statistics: NotRequired[StatisticsInfo]


class Interval(TypedDict):
    """A confidence interval: bounds, confidence level in 0..1, and the method that gave it."""

    low: float
    high: float
    level: float
    method: str


@dataclass(frozen=True)
class Result:
    """One number.

    Attributes:
        metric: canonical name including the sample count, such as ``fid50k``, ``fid@500`` or ``ppl2_wend@5k``.
        key: name of the column; equals ``metric`` unless a metric gives several numbers (``pr50k3_precision``).
        value: finite or infinite (EQ in dB of a perfect generator), never NaN.
        higher_is_better: None where neither direction is better.
        count: number of generated samples; None where there are none.
        extractor: name of the feature network; None where none is used.
        extractor_sha256: of its weights.
        spec: the metric's parameters as plain JSON values.
        version: of the metric's definition in ganbench; numbers of different versions do not compare.
        unit: such as ``"dB"``; empty where there is none.
        uses_data: whether real images went into the number; where not, it compares across data sets.
        parts: the same number for parts of the samples, by name, such as ``0->1`` for an ordered pair of domains.
        interval: confidence interval; None where it is not known.
        errors: standard errors by what they are of: ``samples``, ``reals`` or ``pairs`` of domains; empty if unknown.
        bias: how much the value would fall with infinitely many samples, to first order; None where it is not known.

    Raises:
        BadInputError: a field has the wrong type, or a value is NaN.
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
    interval: Interval | None = None
    errors: dict[str, float] = field(default_factory=dict)
    bias: float | None = None

    def __post_init__(self) -> None:
        check_types(self, f"result {quoted(self.key)}")
        _check_names("the result", self.metric, self.key, self.unit, self.extractor or "", *self.parts)
        for name, value in {self.key: self.value, **self.parts}.items():
            if math.isnan(value):
                raise BadInputError(
                    f"expected a number or an infinity for the result {name!r}, found NaN: find the sample that causes "
                    "it."
                )
        if self.interval is not None:
            _check_interval(self.interval, self.key)
        for name, error in self.errors.items():
            if not 0 <= error < math.inf:
                raise BadInputError(
                    f"expected standard errors of 0 or more, found {error} of {name} in result {self.key!r}."
                )
        object.__setattr__(self, "value", float(self.value))
        object.__setattr__(self, "parts", {name: float(value) for name, value in self.parts.items()})
        object.__setattr__(self, "spec", plain_json(self.spec, f"spec of result {self.key!r}"))
        make_printable(self)


@dataclass(frozen=True)
class RunRecord:
    """The record of one run of one model: all results, and what is needed to repeat them.

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
        missing: requested metrics that have no number, with the reason.
        options: ``{"given": {...}, "resolved": {...}}``, the arguments as passed and as used; empty in old records.
        warnings: sentences on what may be wrong with the numbers.
        benchmark_data: name of the benchmark's default data; None where it has none, and in old records.

    Raises:
        BadInputError: a field has the wrong type or is out of range, or two results have one key.
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
    missing: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    benchmark_data: str | None = None

    def __post_init__(self) -> None:
        check_types(self, "the record")
        _check_identity(self)
        keys = Counter(result.key for result in self.results)
        twice = sorted(key for key, count in keys.items() if count > 1)
        if twice:
            raise BadInputError(f"expected each key once in a record, found {twice[0]!r} again: rename it.")
        for name in ("environment", "seconds", "options"):
            object.__setattr__(self, name, plain_json(getattr(self, name), f"{name!r} of the record"))
        _check_names("the record", self.benchmark, *_texts(self.model), *_texts(self.data or {}), *self.missing)
        told = {name: one_line(reason)[:MAX_SENTENCE] for name, reason in self.missing.items()}
        object.__setattr__(self, "missing", told)
        object.__setattr__(self, "warnings", [one_line(warning)[:MAX_SENTENCE] for warning in self.warnings])
        make_printable(self)

    def to_json(self) -> str:
        """Return the record as JSON text, keys in the order of the fields; infinity is the string ``"inf"``."""
        plain = asdict(self)
        plain["results"] = [_written(result) for result in plain["results"]]
        return json.dumps(plain, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "RunRecord":
        """Return the record that JSON text of this schema or an older one holds.

        Raises:
            BadInputError: not JSON, cut short, not a record, or of an unknown schema.
        """
        plain = parse(text)
        if not isinstance(plain, dict) or "schema" not in plain:
            raise BadInputError("it has no 'schema' field, so it is not a ganbench record")
        if type(plain["schema"]) is not int or not 1 <= plain["schema"] <= SCHEMA:
            raise BadInputError(
                f"its schema is {quoted(plain['schema'])}, but this ganbench reads 1 to {SCHEMA}: use a newer ganbench"
            )
        plain = migrated(plain)
        results = plain.get("results")
        if not isinstance(results, list):
            raise BadInputError("its field 'results' is not a list")
        return build(cls, {**plain, "results": tuple(_read(entry) for entry in results)}, "the record")


def new_id() -> str:
    """Return a new id for a run: 32 random hexadecimal digits from the operating system."""
    return uuid.uuid4().hex


def utc_now() -> str:
    """Return the current time as records have it: UTC, ISO format, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _encoded(value: Any) -> Any:
    return str(value) if isinstance(value, float) and math.isinf(value) else value


def _decoded(value: Any) -> Any:
    return float(value) if value in ("inf", "-inf") else value


def _written(result: dict[str, Any]) -> dict[str, Any]:
    """Return a result's fields as written to the file, without what is empty or unknown."""
    written = {**result, "value": _encoded(result["value"])}
    for name in ("parts", "interval", "errors"):
        if result[name]:
            written[name] = {key: _encoded(value) for key, value in result[name].items()}
        else:
            del written[name]
    if result["bias"] is None:
        del written["bias"]
    return written


def _read(written: Any) -> Result:
    """Return the result that an object of the file describes."""
    if not isinstance(written, dict):
        raise BadInputError("one of its results is not an object")
    decoded = dict(written)
    if "value" in written:
        decoded["value"] = _decoded(written["value"])
    for name in ("parts", "interval"):
        if isinstance(numbers := written.get(name), dict):
            decoded[name] = {key: _decoded(value) for key, value in numbers.items()}
    result = build(Result, decoded, f"result {quoted(written.get('key'))}")
    truncation_of(result.spec)  # reports arrange numbers by it
    return result


def _texts(names: Mapping[str, Any]) -> list[str]:
    return [each for each in names.values() if isinstance(each, str)]


def _check_names(what: str, *names: str) -> None:
    if (longest := max(map(len, names), default=0)) > MAX_NAME:
        raise BadInputError(f"{what} has a name of {longest:,} characters, more than {MAX_NAME:,}")


def _check_interval(interval: Interval, key: str) -> None:
    if not (interval["low"] <= interval["high"] and 0 < interval["level"] < 1):
        raise BadInputError(
            f"expected an ascending interval with a level between 0 and 1 for the result {key!r}, found "
            f"{interval['low']} to {interval['high']} at {interval['level']}: correct it."
        )


def _check_identity(record: RunRecord) -> None:
    if record.schema != SCHEMA:
        raise BadInputError(f"the record has schema {record.schema}, but this ganbench writes {SCHEMA}")
    if not re.fullmatch(r"[0-9a-f]{8,64}", record.id):
        raise BadInputError(f"the record has the id {quoted(record.id)}, which is not 8 to 64 hexadecimal digits")
    try:
        created = datetime.fromisoformat(record.created)
    except ValueError:
        created = datetime.min
    if created.utcoffset() != timedelta(0):
        raise BadInputError(f"the record was created at {quoted(record.created)}, which is not a UTC time in ISO form")
    if record.options and not (
        record.options.keys() == {"given", "resolved"}
        and all(isinstance(each, dict) for each in record.options.values())
    ):
        raise BadInputError("the record has 'options' other than two objects named 'given' and 'resolved'")
