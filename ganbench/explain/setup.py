"""Setups, which hold everything that a number depends on, and the measurement of several of them at once."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ganbench.engine.cache import Cache
from ganbench.engine.cache_usage import trim
from ganbench.engine.options import Options
from ganbench.engine.plan import Plan, extractors_of
from ganbench.engine.planning import PlannedRun
from ganbench.engine.results import numbers_of
from ganbench.engine.run import Reporter, Silence, fill
from ganbench.errors import GanbenchError
from ganbench.explain.altered import AlteredMetric, Images
from ganbench.explain.edits import AS_THEY_ARE
from ganbench.metrics import Metric
from ganbench.types import Dataset, LoadedModel, Statistics

Changes = Mapping[str, Any]
"""New values of fields of a ``Setup``, or of its metric."""


@dataclass(frozen=True)
class Setup:
    """Everything that a number depends on.

    Attributes:
        loaded: the model, or images in place of one.
        data: the real images, or statistics in their place; None if the metric needs none.
        seed: of all random streams.
        metric: of features of images.
        sample_edits, real_edits: edits of the images; see ``ganbench.explain.altered.Images``.
        sample_part, real_part: start and stop of the images used; None for all.
    """

    loaded: LoadedModel
    data: Dataset | Statistics | None
    seed: int
    metric: Metric
    sample_edits: tuple[str, ...] = (AS_THEY_ARE,)
    real_edits: tuple[str, ...] = (AS_THEY_ARE,)
    sample_part: tuple[int, int] | None = None
    real_part: tuple[int, int] | None = None

    @classmethod
    def of(cls, planned: PlannedRun) -> "Setup":
        """Return the setup of the only metric of a planned run."""
        (metric,), context = planned.plan.metrics, planned.plan.context
        data = context.statistics if context.data is None else context.data
        return cls(planned.plan.loaded, data, context.seed, metric)

    def changed(self, changes: Changes) -> "Setup":
        """Return the setup with new values of its fields and its metric's; names that neither has are ignored."""
        own = {name: value for name, value in changes.items() if name in _fields(self)}
        of_metric = {name: value for name, value in changes.items() if name in _fields(self.metric)}
        metric: Any = dataclasses.replace(self.metric, **of_metric)  # type: ignore[type-var]  # metrics are dataclasses
        return dataclasses.replace(self, **{"metric": metric, **own})

    def altered(self, name: str) -> AlteredMetric:
        """Return the metric that measures this setup."""
        samples, reals = Images(self.sample_edits, self.sample_part), Images(self.real_edits, self.real_part)
        return AlteredMetric(name, self.metric, samples, reals)

    @property
    def uses_reals(self) -> bool:
        """Whether the number depends on real images, or on statistics in their place."""
        return any(need.source.reads_data for need in self.metric.inputs().values())

    @property
    def has_reals(self) -> bool:
        """Whether there are real images that can be altered."""
        return self.uses_reals and not isinstance(self.data, Statistics)

    @property
    def extractor(self) -> str:
        """Name of the extractor whose features are compared."""
        return next(iter(extractors_of(self.metric)), "")


def _fields(thing: Any) -> set[str]:
    return {each.name for each in dataclasses.fields(thing)}


@dataclass
class Measurer:
    """Measures setups; equal features of equal images are computed once, and cached.

    Attributes:
        options: whose device and batch size are used.
        reporter: receives the progress.
        cache: of finished shards.
        lost: setups that could not be measured, with the reason.
    """

    options: Options
    reporter: Reporter = field(default_factory=Silence)
    cache: Cache = field(default_factory=Cache)
    lost: dict[Setup, str] = field(default_factory=dict)

    def __call__(self, setups: Sequence[Setup], key: str = "") -> dict[Setup, float]:
        """Return the value of each setup that can be measured; the reasons of others are added to ``lost``.

        Args:
            setups: to measure; those with the same model, data and seed share passes.
            key: of the number, for metrics with several; "" for the first.

        Raises:
            CacheError: the cache folder cannot be written to.
        """
        self.cache.check_writable()
        found: dict[Setup, float] = {}
        for group in _groups(setups):
            found |= self._measured(group, key)
        trim(self.cache.folder)
        return found

    def _measured(self, setups: Sequence[Setup], key: str) -> Iterator[tuple[Setup, float]]:
        options, first = self.options.resolved(), setups[0]
        assert options.batch_size is not None, "options are resolved"
        metrics = {setup.altered(f"{setup.metric.name} {at}"): setup for at, setup in enumerate(setups)}
        plan = Plan.build(
            first.loaded,
            list(metrics),
            data=first.data,
            seed=first.seed,
            device=options.device,
            allow_missing=True,
        )
        self.lost |= {metrics[m]: plan.missing[m.name] for m in metrics if m.name in plan.missing}
        filled, failures, _ = fill(plan, options.batch_size, self.cache, self.reporter)
        for metric, setup in metrics.items():
            if metric.name in plan.missing:
                continue
            try:
                numbers = numbers_of(metric, plan, filled, failures)
            except GanbenchError as error:
                self.lost[setup] = str(error)
                continue
            yield setup, (numbers[key] if key else next(iter(numbers.values()))).value


def _groups(setups: Sequence[Setup]) -> list[list[Setup]]:
    """Return the setups without repetition, grouped by what one plan can measure together."""
    grouped: dict[tuple[int, int, int], list[Setup]] = {}
    for setup in dict.fromkeys(setups):
        grouped.setdefault((id(setup.loaded), id(setup.data), setup.seed), []).append(setup)
    return list(grouped.values())
