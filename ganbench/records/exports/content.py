"""What an export has of a record: its numbers, the step that they are shown at, and its provenance."""

from ganbench.records.record import RunRecord
from ganbench.records.store import Store


def name_of(record: RunRecord) -> str:
    """Return the name of a record's file without its suffix: time, model, benchmark and the start of the id."""
    return Store().path(record).stem


def numbers_of(record: RunRecord) -> dict[str, float]:
    """Return the numbers of a record: ``KEY/value``, and ``KEY/low`` and ``KEY/high`` where it has an interval."""
    found = {}
    for result in record.results:
        found[f"{result.key}/value"] = result.value
        if result.interval is not None:
            found |= {f"{result.key}/low": result.interval["low"], f"{result.key}/high": result.interval["high"]}
    return found


def step_of(record: RunRecord) -> int:
    """Return the thousands of images that the weights were trained on; 0 where that is not known."""
    return round(record.model.get("kimg", 0))


def provenance_of(record: RunRecord) -> dict[str, str]:
    """Return where the numbers come from, by name."""
    data = record.data or {"name": "none", "fingerprint": "none"}
    extractors = {result.extractor for result in record.results if result.extractor}
    return {
        "id": record.id,
        "created": record.created,
        "ganbench": record.ganbench,
        "command": " ".join(record.command),
        "model": record.model["name"],
        "weights": record.model["weights"],
        "weights_sha256": record.model["sha256"],
        "data": data["name"],
        "data_fingerprint": data["fingerprint"],
        "benchmark": record.benchmark,
        "extractors": ", ".join(sorted(extractors)) or "none",
        "seed": str(record.seed),
    }
