"""The base class of adapters, with defaults for a third party's."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ganbench.errors import BadInputError
from ganbench.types import Change, Checkpoint, Dataset, Embedded, Interface, LoadedModel, Progress, Recipe, WeightsFile


class BaseAdapter:
    """Defaults of an adapter: no published or embedded weights, and no training. See ``ganbench.types.Adapter``."""

    recipes: Mapping[str, Recipe] = {}
    published: Mapping[str, Checkpoint] = {}
    benchmark: str = "stylegan3"
    embedded: Embedded | None = None
    fine_tuning: Mapping[str, Any] = {}
    needs: tuple[WeightsFile, ...] = ()
    takes_path: bool = False
    runs_code: bool = False

    def open(
        self, name: str, weights: Path | None, device: str, entry: str | None, interface: Interface
    ) -> LoadedModel | None:
        """Return None: its weights are read, and say what the model takes and returns.

        Raises:
            BadInputError: the interface says it, too.
        """
        if interface.flags:
            raise BadInputError(
                f"expected no options of foreign models for {name}, which says itself what it takes and returns, found "
                f"{interface.flags}: leave that out."
            )
        return None

    def load_entry(self, weights: Path, device: str, entry: str) -> Any:
        """Refuse: the model's files hold one network.

        Raises:
            BadInputError: always.
        """
        raise BadInputError(
            f"expected no entry of {weights}, which this model loads as a whole, found {entry!r}: leave it out."
        )

    def chosen(self, name: str, data: Dataset) -> Recipe:
        """Return one of ``recipes``, whatever the data."""
        return self.recipes[name]

    def configured(self, cfg: str, changes: Sequence[Change], data: Dataset) -> Recipe:
        """Refuse: the official program has no base configurations.

        Raises:
            BadInputError: always.
        """
        raise BadInputError(
            f"expected no cfg for this model, whose official program has none, found {cfg!r:.60}: choose a recipe with "
            "--recipe."
        )

    def changed(self, recipe: Recipe, changes: Sequence[Change]) -> Recipe:
        """Return a recipe with some settings changed; the model checks them when it is trained."""
        return replace(recipe, settings={**recipe.settings, **{change.name: change.value for change in changes}})

    def train(self, data: Dataset, recipe: Recipe, run_dir: Path, resume: bool, progress: Progress) -> Path:
        """Refuse: the model cannot be trained here.

        Raises:
            BadInputError: always.
        """
        raise BadInputError(
            "expected a model with a training recipe, found one without: choose among `ganbench list models --long`."
        )

    def cost(self, data: Dataset, recipe: Recipe, told: Callable[[str], None]) -> tuple[str, ...]:
        """Refuse: the model is not trained here, so that its cost cannot be measured.

        Raises:
            BadInputError: always.
        """
        raise BadInputError("expected a model that ganbench trains with --dry-run, found another: leave it out.")

    def untrained(self, data: Dataset, recipe: Recipe) -> Any:
        """Return None: the capabilities of the model are known only after training."""
        return None
