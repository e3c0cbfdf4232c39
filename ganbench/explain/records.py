"""Two records: what differs between them, and which changes lead from one to the other."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ganbench.data.opening import open_reals
from ganbench.errors import BadInputError, GanbenchError
from ganbench.explain.alternatives import Alternative
from ganbench.explain.setup import Setup
from ganbench.extractors.opening import open_extractor, without_fetching
from ganbench.metrics import Metric, resolve
from ganbench.models.base import open_model
from ganbench.models.foreign.interface import CHECKS, interface_of
from ganbench.paths import expanded
from ganbench.records import keys
from ganbench.records.record import Result, RunRecord
from ganbench.truncation import split
from ganbench.types import Dataset, LoadedModel, Statistics

ABSENT = "-"


@dataclass(frozen=True)
class Difference:
    """One difference between two records, in words.

    Attributes:
        what: such as ``extractor``.
        first, second: its values.
    """

    what: str
    first: str
    second: str


def stem(result: Result) -> str:
    """Return a number's name without count, truncation, class and ``_full``, such as ``fid``."""
    base, _ = split(result.metric)
    key = result.key.replace(result.metric[len(base) :], "") if base != result.metric else result.key
    return keys.countless(re.sub(r"_class\d+|_full", "", key))


def common_results(first: RunRecord, second: RunRecord, metric: str | None = None) -> tuple[Result, Result]:
    """Return the two results to compare: of one metric, whatever its count and truncation.

    Args:
        first, second: records.
        metric: name, perhaps short; None for the first that both have.

    Raises:
        BadInputError: the records have no such metric in common.
        UnknownNameError: the first has no metric of that name.
    """
    found = {result.key: result for result in first.results}
    named = keys.matching(metric, {key: it.metric for key, it in found.items()}) if metric else list(found)
    others = {stem(result): result for result in reversed(second.results)}
    others |= {result.key: result for result in second.results}
    for key in named:
        other = others.get(key) or others.get(stem(found[key]))
        if other is not None:
            return found[key], other
    have = ", ".join(result.key for result in second.results) or "nothing"
    raise BadInputError(
        f"expected a metric that both records have, found {', '.join(named) or 'nothing'} and {have}: measure one of "
        "them in both."
    )


def result_named(record: RunRecord, metric: str | None = None) -> Result:
    """Return a record's result by name, or its first.

    Raises:
        BadInputError: the record has no results.
        UnknownNameError: the record has no result of that name.
    """
    if not record.results:
        raise BadInputError("expected a record with results, found one without: choose another.")
    found = {result.key: result for result in record.results}
    chosen = keys.matching(metric, {key: it.metric for key, it in found.items()})[0] if metric else next(iter(found))
    return found[chosen]


def differences(first: RunRecord, one: Result, second: RunRecord, other: Result) -> list[Difference]:
    """Return the differences between two results and their records, most relevant to numbers first."""
    before, after = dict(_described(first, one)), dict(_described(second, other))
    return [
        Difference(what, before.get(what, ABSENT), after.get(what, ABSENT))
        for what in dict.fromkeys([*before, *after])
        if before.get(what, ABSENT) != after.get(what, ABSENT)
    ]


def _described(record: RunRecord, result: Result) -> Iterator[tuple[str, str]]:
    """Yield everything that may change a number, by name, in words."""
    model, data = record.model, record.data if result.uses_data else None
    yield "model", model["name"]
    yield "weights", f"{model['weights']} ({model['sha256'][:8]})"
    yield "data", f"{data['name']} of {data['count']:,} ({data['fingerprint'][:8]})" if data else ABSENT
    yield "samples", f"{result.count:,}" if result.count is not None else ABSENT
    yield "extractor", f"{result.extractor} ({(result.extractor_sha256 or '')[:8]})" if result.extractor else ABSENT
    yield "version of the metric", str(result.version)
    for name, value in sorted(result.spec.items()):
        yield name, str(value)
    yield "seed", str(record.seed)
    yield "benchmark", f"{record.benchmark} {record.options.get('resolved', {}).get('benchmark_version', '')}".strip()
    yield "device", record.device
    yield "batch size", str(record.batch_size)
    yield "ganbench", record.ganbench
    for name, value in record.environment.items():
        yield name, str(value)


def setup_of(record: RunRecord, result: Result, device: str = "cpu", data: str | None = None) -> Setup:
    """Return the setup that measures a record's result again.

    Args:
        record: of a run.
        result: one of its results.
        device: to put the model on.
        data: name or path of the real images; None for the one in the record.

    Raises:
        BadInputError: weights or images are not here or have changed, or the definition of the metric has changed.
        GanbenchError: weights or images cannot be read.
    """
    metric = metric_of(record, result)
    return Setup(model_of(record, device), data_of(record, data) if result.uses_data else None, record.seed, metric)


def model_of(record: RunRecord, device: str) -> LoadedModel:
    """Return a record's model, without fetching anything.

    Raises:
        BadInputError: the weights have changed.
        GanbenchError: the weights are not here or cannot be read.
    """
    name, weights, sha256 = record.model["name"], record.model["weights"], record.model["sha256"]
    path, _, entry = (weights, "", "") if expanded(weights).exists() else weights.partition("#")
    said = record.options.get("resolved", {})
    interface = interface_of(**{option: said[option] for option in CHECKS if option in said})
    with without_fetching():
        of_code = "weights sha256" in record.model.get("provenance", {})  # whose name has a colon for another reason
        own = (":" in name and not of_code) or record.model["embedded"]
        loaded = open_model(name, None if own else path, device, (entry or None) if not own else None, interface)
    if loaded.sha256 != sha256:
        raise BadInputError(
            f"expected the weights {weights} of sha256 {sha256[:8]}..., found {loaded.sha256[:8]}...: put the recorded "
            "weights there."
        )
    return loaded


def data_of(record: RunRecord, where: str | None = None) -> Dataset | Statistics | None:
    """Return a record's real images, or the statistics in their place; None if it has none.

    Raises:
        BadInputError: the images have changed.
        GanbenchError: the images are not here or cannot be read.
    """
    if record.data is None:
        return None
    resolved = record.options.get("resolved", {})
    found = open_reals(where or resolved.get("data") or record.benchmark_data or record.data["name"], rectangles=True)
    if found.fingerprint != record.data["fingerprint"]:
        raise BadInputError(
            f"expected the images of fingerprint {record.data['fingerprint'][:8]}... that the record names, found "
            f"{found.fingerprint[:8]}... in {found.name}: name them with --data."
        )
    return found


def metric_of(record: RunRecord, result: Result) -> Metric:
    """Return the metric of a result, with the recorded parameters.

    Raises:
        BadInputError: the definition of the metric, or its extractor, has changed.
        UnknownNameError: the metric does not exist any more.
    """
    metric: Any = resolve(re.sub(r"_class\d+$", "", split(result.metric)[0]))
    fields = {each.name for each in dataclasses.fields(metric)}
    spec = {name: value for name, value in result.spec.items() if name != "class"}
    today = f"{type(metric).__module__}:{type(metric).__qualname__}"
    if (today, metric.version) != (result.spec.get("class"), result.version) or not spec.keys() <= fields:
        raise BadInputError(
            f"expected {result.metric} as this ganbench defines it, found version {result.version} of "
            f"{result.spec.get('class')} in the record: measure it again."
        )
    own = {"name": result.metric, "count": result.count, "extractor": _extractor(record, result)}
    varied: Metric = dataclasses.replace(metric, **spec, **{k: v for k, v in own.items() if k in fields})
    return varied


def _extractor(record: RunRecord, result: Result) -> str | None:
    if result.extractor is None:
        return None
    name: str = record.options.get("resolved", {}).get("extractor") or result.extractor
    with without_fetching():
        found = open_extractor(name)
    if found.sha256 != result.extractor_sha256:
        raise BadInputError(
            f"expected the extractor {name} of sha256 {(result.extractor_sha256 or '')[:8]}..., found "
            f"{found.sha256[:8]}...: measure again with the one that is here."
        )
    return name


def towards(
    base: Setup, record: RunRecord, result: Result, device: str = "cpu", data: str | None = None
) -> tuple[list[Alternative], list[str]]:
    """Return the single changes that lead from a setup to a record's, and sentences on those that cannot be made here.

    Args:
        base: how the other number is measured.
        record, result: to reach.
        device: to put a model on.
        data: name or path of the record's real images; None for the one in the record.
    """
    found: list[Alternative] = []
    lacking: list[str] = []
    try:
        found += _of_metric(base.metric, metric_of(record, result))
    except GanbenchError as error:
        lacking.append(str(error))
    if record.seed != base.seed:
        found.append(Alternative(f"seed {record.seed}", {"seed": record.seed}))
    try:
        if record.model["sha256"] != base.loaded.sha256:
            loaded = model_of(record, device)
            found.append(Alternative(f"weights {loaded.weights}", {"loaded": loaded}))
        if result.uses_data and record.data and base.data and record.data["fingerprint"] != base.data.fingerprint:
            there = data_of(record, data)
            found.append(Alternative(f"reals {record.data['name']}", {"data": there, "real_part": None}))
    except GanbenchError as error:
        lacking.append(str(error))
    if len(found) > 2:
        everything: dict[str, Any] = {}
        for each in found:
            everything |= each.changes
        found.append(Alternative("all that differs", everything, is_joint=True))
    return found, lacking


def _of_metric(before: Metric, after: Metric) -> Iterator[Alternative]:
    """Yield the parameters in which two metrics differ, except the name."""
    # Metrics are dataclasses.
    old, new = (dataclasses.asdict(metric) for metric in (before, after))  # type: ignore[call-overload]
    for name in old:
        if name != "name" and old[name] != new.get(name, old[name]):
            yield Alternative(f"{name} {new[name]} (was {old[name]})", {name: new[name]})
