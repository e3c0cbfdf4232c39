"""Where the numbers come from, and how to repeat them: one section a record."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

from ganbench.records.names import printed
from ganbench.records.protocol import stored_reals
from ganbench.records.record import Result, RunRecord
from ganbench.report.groups import SPOKEN
from ganbench.report.markup import scrolling, tag, text


def provenance(record: RunRecord) -> str:
    """Return command, weights, data, extractors and environment of a record, and all of its numbers in full."""
    title = f"{record.model['name']}, {record.created[:10]}, {record.id[:8]}"
    command = tag("pre", tag("code", text(shlex.join(record.command))))
    return tag("h3", text(title)) + command + _list(_facts(record)) + _full(record)


def _facts(record: RunRecord) -> dict[str, str]:
    model, data = record.model, record.data
    facts = {
        "Record": f"{record.id}, {record.created}, ganbench {record.ganbench}",
        "Weights": f"{model['weights']}{' (embedded)' if model['embedded'] else ''}, sha256 {model['sha256']}",
        "Data": f"{data['name']}, {data['count']:,} images, fingerprint {data['fingerprint']}" if data else "",
        "Reals": stored_reals(record),
        "Reading": " ".join(data.get("notes", [])) if data else "",
        "Extractors": ", ".join(dict.fromkeys(map(_extractor, filter(_extractor, record.results)))),
        "Benchmark": record.benchmark,
        "Seed": f"{record.seed}, batch size {record.batch_size}, device {record.device}",
        "Limit": f"{record.limit:,} samples" if record.limit is not None else "",
        "Environment": _flat(record.environment),
        "Seconds": _flat(record.seconds),
        "Program": _flat(model.get("provenance", {})),
        "Warnings": " ".join(record.warnings),
        "Missing": " ".join(f"{printed(name)}: {why}" for name, why in record.missing.items()),
    }
    return {name: fact for name, fact in facts.items() if fact}


def _list(facts: Mapping[str, str]) -> str:
    return tag("dl", "".join(tag("dt", text(name)) + tag("dd", text(fact)) for name, fact in facts.items()))


def _extractor(result: Result) -> str:
    return f"{result.extractor} (sha256 {result.extractor_sha256 or 'unknown'})" if result.extractor else ""


def _flat(values: Mapping[str, Any]) -> str:
    said = {name: value for name, value in values.items() if value is not None and not isinstance(value, dict | list)}
    return ", ".join(f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
                     for name, value in said.items())  # fmt: skip


def _full(record: RunRecord) -> str:
    heads = ("Key", "Value", "Interval", "Standard errors", "Bias", "Better", "Version", "Parameters")
    head = tag("thead", tag("tr", "".join(tag("th", text(name), scope="col") for name in heads)))
    body = tag("tbody", "".join(tag("tr", _cells(result)) for result in record.results))
    table = scrolling(tag("table", head + body), f"All numbers of record {record.id[:8]}")
    return tag("details", tag("summary", "All numbers in full, with the parameters of each metric") + table)


def _cells(result: Result) -> str:
    found, errors = result.interval, result.errors
    interval = (
        f"{found['low']:.8g} to {found['high']:.8g} ({100 * found['level']:g} %, {found['method']})" if found else ""
    )
    better = SPOKEN[result.higher_is_better].removesuffix(" is better") if result.higher_is_better is not None else "-"
    cells = [
        f"{result.value:.10g} {result.unit}".strip(),
        interval or "-",
        ", ".join(f"{name} {error:.4g}" for name, error in errors.items()) or "-",
        f"{result.bias:.4g}" if result.bias is not None else "-",
        better,
        result.version,
    ]
    spec = tag("td", tag("code", text(json.dumps(result.spec, ensure_ascii=False))), class_="words")
    return tag("th", tag("code", text(result.key)), scope="row") + "".join(tag("td", text(c)) for c in cells) + spec
