"""Records for tests."""

import math
from typing import Any

from ganbench.records.record import SCHEMA, Result, RunRecord, new_id
from ganbench.records.table import Table, build

DIGITS = {"name": "digits", "fingerprint": "d" * 64, "count": 1797}


def result(key: str = "fid50k", value: float = 2.5, **changes: Any) -> Result:
    """Return a result, lower is better unless told."""
    fields: dict[str, Any] = {
        "metric": key.partition("_precision")[0].partition("_recall")[0],
        "key": key,
        "value": value,
        "higher_is_better": False,
        "count": 50_000,
        "extractor": "digits",
        "extractor_sha256": "e" * 64,
        "spec": {"ddof": 0},
        "version": 1,
    }
    return Result(**{**fields, **changes})


def record(*results: Result, at: int = 0, name: str = "stylegan3", weights: str = "a", **changes: Any) -> RunRecord:
    """Return a record made at second ``at``, of weights whose sha256 is one letter, repeated."""
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "id": new_id(),
        "created": f"2026-01-31T12:{at // 60:02d}:{at % 60:02d}.000Z",
        "ganbench": "0.1.0",
        "command": ["ganbench", "run"],
        "model": {"name": name, "weights": f"{weights}.pkl", "sha256": weights * 64, "embedded": False},
        "data": DIGITS,
        "benchmark": "digits",
        "seed": 0,
        "batch_size": 32,
        "device": "cpu",
        "limit": None,
        "results": results or (result(),),
        "environment": {"python": "3.11"},
        "seconds": {"total": 1.5},
    }
    return RunRecord(**{**fields, **changes})


def example() -> Table:
    """Return two models, one number that does not compare, one that only one model has."""
    eqt = result("eqt2k_int", math.inf, higher_is_better=True, count=2000, extractor=None, unit="dB")
    return build(
        [
            record(result(value=2.125), eqt, name="a_b"),
            record(result(value=3.5), name="50% & more"),
            record(result(value=1.0, extractor="inception"), name="c"),
        ]
    )
