"""How long weights were trained, in thousands of images shown (kimg): from their header, or an official file name."""

import math
import re
from pathlib import Path
from typing import Any

from ganbench.checkpoints.contents import header_of
from ganbench.errors import BadInputError

OFFICIAL = re.compile(r"network-snapshot-(\d{1,9})\b")  # as in network-snapshot-025000.pkl


def kimg_of(path: Path) -> float | None:
    """Return the thousands of images that a file's weights were trained on; None where neither tells."""
    stated = _number(_header(path).get("kimg"))
    named = OFFICIAL.match(path.name)
    return float(named[1]) if stated is None and named else stated


def ends_run(path: Path) -> bool:
    """Return whether a file of weights is the last of its training run, by the length of the run in its header."""
    header = _header(path)
    settings = header.get("recipe_settings")
    if not isinstance(settings, dict):
        return False
    kimg, length, batch = map(_number, (header.get("kimg"), settings.get("kimg"), settings.get("batch")))
    # A run is rounded to whole batches.
    return kimg is not None and length is not None and kimg > length - (batch or 0) / 1000


def _header(path: Path) -> dict[str, Any]:
    try:
        return dict(header_of(path))
    except BadInputError:  # which loading it reports
        return {}


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < math.inf
    return float(value) if known else None
