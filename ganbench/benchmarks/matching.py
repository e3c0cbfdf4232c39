"""The published number that a measured one can be held against: of the same weights, by the same protocol."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from ganbench.benchmarks import Benchmark, Published

RELEASES = {  # model of a published checkpoint -> how the sources call it, by data set, resolution and kind
    "progan": "",
    "stylegan1": "karras2019stylegan-{0}-{1}x{1}.pkl",
    "stylegan3": "stylegan3-{2}",
    "starganv2": "official checkpoint 100k iters",
}
CONFIDENCES = ("high", "med")


@dataclass(frozen=True)
class Measured:
    """What a published number has to be of, to be compared with a measured one.

    Attributes:
        model: with the published checkpoint, such as ``stylegan3:ffhqu-1024-t``.
        weights: the name of their file.
        metric: with its sample count, such as ``fid50k_full``.
        key: name of the number.
        extractor: name of the feature network; None where none is used.
        data: name of the real images; None where none went into the number.
    """

    model: str
    weights: str
    metric: str
    key: str
    extractor: str | None
    data: str | None


def published_of(measured: Measured, benchmark: Benchmark) -> Published | None:
    """Return the published number of the same weights and protocol, the most certain if there are several; or None.

    Numbers of low confidence do not count.
    """
    if benchmark.embedded or measured.extractor in benchmark.extractors.values():
        return None
    found = [row for row in benchmark.published if row.confidence != "low"]
    found = [row for row in found if _same_number(row, measured, benchmark) and _same_weights(row, measured)]
    found = [row for row in found if measured.data is None or _same_data(row, measured.data)]
    return min(found, key=lambda row: CONFIDENCES.index(row.confidence), default=None)


def _same_number(row: Published, measured: Measured, benchmark: Benchmark) -> bool:
    """Return whether a row is of the measured number and its sample count, which the row's name may leave out."""
    counts = {_countless(metric): metric for metric in benchmark.metrics}
    base = _countless(measured.metric)
    return measured.metric == counts.get(base, base) and row.metric == _countless(measured.key)


def _countless(name: str) -> str:
    return re.sub(r"@\d+[km]?", "", name)


def _same_weights(row: Published, measured: Measured) -> bool:
    model, _, release = measured.model.partition(":")
    if not release:
        return bool(row.variant) and row.variant == measured.weights
    dataset, _, rest = release.partition("-")
    resolution, _, kind = rest.partition("-")
    name = RELEASES.get(model)
    return bool(name) and (row.variant, row.dataset, row.resolution) == (
        str(name).format(dataset, resolution, kind),
        dataset,
        resolution,
    )


def _same_data(row: Published, data: str) -> bool:
    """Return whether a name of data has that of the data set, and no other resolution than its."""
    words = re.split(r"[^a-z0-9]+", data.lower())
    sizes = {word.partition("x")[0] for word in words if re.fullmatch(r"\d{2,4}(x\d{2,4})?", word)}
    return row.dataset.replace("_", "") in _joined(words) and (not sizes or row.resolution in sizes)


def _joined(words: Iterable[str]) -> set[str]:
    """Return words, and each two neighbours as one: ``lsun_cat-256`` has ``lsuncat``."""
    parts = [word for word in words if word]
    return {*parts, *map("".join, pairwise(parts))}
