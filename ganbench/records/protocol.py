"""Which numbers compare: those that were measured in the same way, in everything but the model and the seed."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from ganbench.records.keys import countless
from ganbench.records.record import DataInfo, Result, RunRecord

EMBEDDED = "digits"  # the extractor that ships with ganbench
EMBEDDED_BENCHMARKS = {  # the benchmarks that ship with ganbench, and their data
    "digits": "digits",
    "digit-domains": "digit-domains",
    "digits-3-8": "digit-domains:3,8",
}
FEW = 5_000  # samples, below which 1/N is more than the random error of a FID of 50,000
DIVISORS = {0: "divisor N", 1: "divisor N-1"}  # of a covariance, by its ddof


@dataclass(frozen=True)
class Protocol:
    """How a number was measured. Numbers compare if their protocols are equal.

    Attributes:
        key: name of the number.
        count: number of generated samples.
        extractor: name of the feature network.
        extractor_sha256: of its weights.
        data: fingerprint of the real images; None where none went into the number.
        benchmark: its name.
        version: of the metric's definition.
        spec: the metric's parameters as JSON text with sorted keys.
        data_name: name and size of the data; not compared, as data of one fingerprint are the same.
        named_data: name of data other than the benchmark's, which has to stand beside the number; else empty.
        divisor: of the covariance of few samples, as N and N-1 give FIDs that differ by about 1/N; else empty.
    """

    key: str
    count: int | None
    extractor: str | None
    extractor_sha256: str | None
    data: str | None
    benchmark: str
    version: int
    spec: str
    data_name: str = field(compare=False, default="")
    named_data: str = field(compare=False, default="")
    divisor: str = field(compare=False, default="")

    @property
    def facts(self) -> dict[str, str]:
        """What is shown with the number, by what it is: extractor, sample count, foreign data, divisor for few samples.

        Only what such a number has; a text is empty where there is nothing to say. A number of the embedded benchmark
        says so even where no extractor is involved.
        """
        extractor = self.extractor or (EMBEDDED if self.benchmark in EMBEDDED_BENCHMARKS else None)
        texts = {
            "extractor": extractor,
            "count": f"n={self.count:,}" if self.count is not None else None,
            "data": (f"data {self.named_data}" if self.named_data else "") if self.data is not None else None,
            "divisor": self.divisor if "ddof" in json.loads(self.spec) else None,
        }
        return {name: text for name, text in texts.items() if text is not None}

    @property
    def details(self) -> tuple[str, ...]:
        """The facts that say something, as texts."""
        return tuple(text for text in self.facts.values() if text)


def shared(protocols: Sequence[Protocol]) -> dict[str, str]:
    """Return the facts that are the same in all protocols that have them."""
    texts: dict[str, set[str]] = {}
    for one in protocols:
        for name, text in one.facts.items():
            texts.setdefault(name, set()).add(text)
    return {name: text for name, (text, *others) in texts.items() if text and not others}


def sentence(facts: Mapping[str, str]) -> str:
    """Return facts in words: ``digits extractor, 50,000 samples``."""
    words: dict[str, Callable[[str], str]] = {
        "extractor": lambda text: f"{text} extractor",
        "divisor": lambda text: f"covariances divided by {text.removeprefix('divisor ')}",
        "count": lambda text: f"{text.removeprefix('n=')} samples",
    }
    return ", ".join(words.get(name, str)(text) for name, text in facts.items())


def foreign_data(record: RunRecord) -> str:
    """Return the name of a record's data if it is not the benchmark's, else ""."""
    own = record.benchmark_data or EMBEDDED_BENCHMARKS.get(record.benchmark)
    return record.data["name"] if record.data and record.data["name"] != own else ""


def caption(record: RunRecord) -> str:
    """Return what a record's numbers are of: ``stylegan3 on digits``, ``stylegan3 on sketches (digits benchmark)``."""
    model, data = record.model["name"], foreign_data(record)
    return f"{model} on {data} ({record.benchmark} benchmark)" if data else f"{model} on {record.benchmark}"


def protocol(record: RunRecord, result: Result) -> Protocol:
    """Return how a result of a record was measured."""
    data = record.data if result.uses_data else None
    return Protocol(
        key=result.key,
        count=result.count,
        extractor=result.extractor,
        extractor_sha256=result.extractor_sha256,
        data=data["fingerprint"] if data else None,
        benchmark=record.benchmark,
        version=result.version,
        spec=json.dumps(result.spec, sort_keys=True),
        data_name=_named(data) if data else "",
        named_data=foreign_data(record) if data else "",
        divisor=_divisor(result, data),
    )


def statistics_of(file: str, count: int) -> str:
    """Return what stands for real images: ``statistics of 70,000 images from f.npz``; the count is 0 where unknown."""
    return f"statistics of {f'{count:,}' if count else 'an unknown number of'} images from {file}"


def stored_reals(record: RunRecord) -> str:
    """Return what stands for a record's real images; "" where the images themselves went into all numbers."""
    known = record.data.get("statistics") if record.data else None
    return statistics_of(known["file"], known["count"]) if known else ""


def _divisor(result: Result, data: DataInfo | None) -> str:
    """Return the divisor of the covariance where samples are few: N is that of a part, where there are parts.

    Statistics of an unknown number of images keep the divisor that they have, so that it is the samples' alone.
    """
    samples = result.count // max(len(result.parts), 1) if result.count is not None else FEW
    ddof = result.spec.get("ddof")
    divisor = DIVISORS.get(ddof, "") if samples < FEW and isinstance(ddof, int) else ""
    known = data.get("statistics") if data else None
    return f"{divisor} of the samples alone" if divisor and known and not known["count"] else divisor


def _named(data: DataInfo) -> str:
    """Return name and size of real images; statistics in a file need not say of how many they are, which is 0."""
    return f"{data['name']} of {data['count']:,}" if data["count"] else data["name"]


def differences(protocols: list[Protocol]) -> list[str]:
    """Return, for each protocol, how it differs from the others: ``10,000 samples, extractor inception``."""
    differing = [f.name for f in fields(Protocol) if f.compare and len({getattr(p, f.name) for p in protocols}) > 1]
    if len({countless(p.key) for p in protocols}) == 1 and len(differing) > 1:  # the count is said in words
        differing = [name for name in differing if name != "key"]
    specs = [json.loads(p.spec) for p in protocols]
    parameters = sorted({name for spec in specs for name in spec if len({_text(s.get(name)) for s in specs}) > 1})
    described = []
    for one, spec in zip(protocols, specs, strict=True):
        words = [_words(one, name) for name in differing if name != "spec"]
        words += [f"{name} {_text(spec.get(name, 'absent'))}" for name in parameters]
        described.append(", ".join(dict.fromkeys(words)))
    return described


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _words(one: Protocol, name: str) -> str:
    if name == "key":
        return one.key
    if name == "count":
        return f"{one.count:,} samples" if one.count is not None else "unknown sample count"
    if name in ("extractor", "extractor_sha256"):
        return (
            f"extractor {one.extractor} {(one.extractor_sha256 or '')[:8]}".rstrip()
            if one.extractor
            else "no extractor"
        )
    if name == "data":
        return f"data {one.data_name} ({one.data[:8]})" if one.data else "no data"
    return f"{name} {getattr(one, name)}"
