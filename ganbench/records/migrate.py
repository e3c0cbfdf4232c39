"""Migration of records from older schemas to the current layout."""

from collections.abc import Mapping
from typing import Any

SCHEMA = 3
OURS = "ganbench."  # a metric of another package keeps the names of its parameters
RENAMED = {"double": "float64", "outs": "num_outputs", "alike": "same_class"}  # since schema 1


def migrated(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON object of a record as ``SCHEMA`` lays it out.

    Schema 2 has neither standard errors nor bias. Schema 1 has neither options, warnings nor intervals, and other names
    for some parameters of metrics.
    """
    if plain["schema"] == 2:
        return {**plain, "schema": SCHEMA}
    if plain["schema"] != 1 or not isinstance(results := plain.get("results"), list):
        return dict(plain)
    return {**plain, "schema": SCHEMA, "results": [_with_new_names(result) for result in results]}


def _with_new_names(result: Any) -> Any:
    spec = result.get("spec") if isinstance(result, dict) else None
    if not isinstance(spec, dict) or not str(spec.get("class")).startswith(OURS):
        return result
    return {**result, "spec": {RENAMED.get(name, name): value for name, value in spec.items()}}
