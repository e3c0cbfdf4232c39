"""What adapters have in common: a third party's inherits the defaults and defines what differs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganbench.errors import BadInputError
from ganbench.types import Checkpoint, Dataset, Embedded, Progress, Recipe


class BaseAdapter:
    """Defaults of an adapter: nothing published, nothing embedded, nothing to train. See ``ganbench.types.Adapter``."""

    recipes: Mapping[str, Recipe] = {}
    published: Mapping[str, Checkpoint] = {}
    benchmark: str = "stylegan3"
    embedded: Embedded | None = None
    takes_path: bool = False

    def load_entry(self, weights: Path, device: str, entry: str) -> Any:
        """Refuse.

        Raises:
            BadInputError: always.
        """
        raise BadInputError(f"this model takes {weights} as a whole: leave out the entry {entry!r}.")

    def train(self, data: Dataset, recipe: Recipe, run_dir: Path, resume: bool, progress: Progress) -> Path:
        """Refuse.

        Raises:
            BadInputError: always.
        """
        raise BadInputError(
            "this model has no training recipe: choose one that `ganbench list models --long` gives one."
        )

    def untrained(self, data: Dataset, recipe: Recipe) -> Any:
        """Return None: what the model can do is known once it is trained."""
        return None
