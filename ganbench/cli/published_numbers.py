"""The published number beside a measured one, in tables and reports."""

from pathlib import Path

from ganbench import registry
from ganbench.benchmarks import Benchmark
from ganbench.benchmarks.matching import Measured, published_of
from ganbench.errors import UnknownNameError
from ganbench.records.record import Result, RunRecord


def published_number(record: RunRecord, result: Result) -> tuple[float, str] | None:
    """Return the published number of a result's weights and protocol and its source, or None."""
    try:
        benchmark: Benchmark = registry.load("benchmarks", record.benchmark)
    except UnknownNameError:  # a package with it was installed where the record was made
        return None
    model, data = record.model, record.data if result.uses_data else None
    what = Measured(
        model["name"],
        Path(model["weights"]).name,
        result.metric,
        result.key,
        result.extractor,
        data["name"] if data else None,
    )
    row = published_of(what, benchmark)
    return (row.value, f"{row.source} ({row.confidence} confidence)") if row else None
