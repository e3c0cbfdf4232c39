"""From metrics to passes: equal sources become one pass, equal views one computation; every problem is told at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ganbench.errors import GanbenchError, PlanError
from ganbench.extractors.opening import open_extractor
from ganbench.inputs import (
    Accumulator,
    Input,
    RealPairs,
    Reals,
    SamplePairs,
    Samples,
    Setting,
    Source,
    Translations,
    View,
)
from ganbench.metrics import Metric
from ganbench.types import Dataset, Extractor, LoadedModel, Translator


@dataclass(frozen=True)
class Tap:
    """One thing drawn from a pass: the first ``count`` samples, through a view, into an accumulator."""

    view: View
    into: type[Accumulator]
    count: int


@dataclass(frozen=True)
class Pass:
    """One run over a source, serving every tap.

    Attributes:
        source: of the batches.
        taps: distinct.
    """

    source: Source
    taps: tuple[Tap, ...]

    @property
    def count(self) -> int:
        """Number of samples that the pass has to see."""
        return max(tap.count for tap in self.taps)


@dataclass(frozen=True, eq=False)
class Plan:
    """What a run will do.

    Attributes:
        subject: the model.
        setting: what numbers depend on.
        metrics: in the order asked for, without repetition.
        passes: reals first.
        missing: metrics that were asked for and cannot be measured, with the reason; empty unless they are allowed.
    """

    subject: LoadedModel
    setting: Setting
    metrics: tuple[Metric, ...]
    passes: tuple[Pass, ...]
    missing: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        subject: LoadedModel,
        metrics: Sequence[Metric],
        *,
        data: Dataset | None,
        seed: int = 0,
        device: str = "cpu",
        allow_missing: bool = False,
    ) -> "Plan":
        """Return the plan of a run.

        Args:
            subject: the model.
            metrics: what to measure.
            data: the reals, if any.
            seed: of all random streams.
            device: where the model is.
            allow_missing: leave out metrics with an unmet need, as long as one is left.

        Raises:
            PlanError: with every unmet need of every metric, before any work.
        """
        metrics = tuple(dict.fromkeys(metrics))
        extractors, problems = _open_extractors(metrics, device)
        setting = Setting(subject.model, subject.sha256, data, extractors, seed, device)
        problems += _name_clashes(metrics)
        unmet = {metric: list(dict.fromkeys(_unmet(metric, setting))) for metric in metrics}
        possible = tuple(metric for metric in metrics if not unmet[metric])
        if not (allow_missing and possible):
            problems += _together(unmet)
        if problems:
            raise PlanError(tuple(dict.fromkeys(problems)))
        missing = {metric.name: f"{metric.name}: {told[0]}" for metric, told in unmet.items() if told}
        return cls(subject, setting, possible, _passes(possible, setting), missing)

    def taps(self, metric: Metric) -> dict[str, tuple[Source, Tap]]:
        """Return where each accumulator of a metric comes from."""
        return {key: (need.source, _tap(need, self.setting)) for key, need in metric.inputs().items()}


def _open_extractors(metrics: Iterable[Metric], device: str) -> tuple[dict[str, Extractor], list[str]]:
    """Return the extractors that the metrics' views name, and what went wrong in opening them."""
    names = dict.fromkeys(need.view.extractor for metric in metrics for need in metric.inputs().values())
    opened: dict[str, Extractor] = {}
    problems = []
    for name in filter(None, names):
        try:
            opened[name] = open_extractor(name).to(device)
        except GanbenchError as error:
            problems.append(str(error))
    return opened, problems


def _name_clashes(metrics: Sequence[Metric]) -> list[str]:
    names = [metric.name for metric in metrics]
    return [
        f"{name}: two different metrics have this name; rename one." for name in set(names) if names.count(name) > 1
    ]


def _together(unmet: Mapping[Metric, Sequence[str]]) -> list[str]:
    """Return each problem once, with the names of all metrics that have it."""
    found: dict[str, list[str]] = {}
    for metric, problems in unmet.items():
        for problem in problems:
            found.setdefault(problem, []).append(metric.name)
    return [f"{', '.join(names)}: {problem}" for problem, names in found.items()]


def _unmet(metric: Metric, setting: Setting) -> Iterator[str]:
    """Yield what keeps one metric from being measured."""
    sources = [need.source for need in metric.inputs().values()]
    of_kinds = [any(isinstance(each, kind) for each in sources) for kind in (Samples, Reals)]
    compares = all(of_kinds) and not isinstance(setting.model, Translator)
    for need in metric.inputs().values():
        of_view = getattr(need.view, "problems", lambda setting: ())
        problems = need.source.problems(setting) or [*of_view(setting), *_wrong_size(need, setting, compares)]
        yield from problems
        if not problems:
            yield from _too_few(need, setting)


def _too_few(need: Input, setting: Setting) -> Iterator[str]:
    have = need.source.length(setting)
    of_samples = isinstance(need.source, Samples | SamplePairs)
    if have is not None and of_samples and need.count is not None and have < need.count:
        yield f"it needs {need.count} samples and there are {have}: ask for fewer, as with --limit {have}."
    elif _count(need, setting) < need.minimum:
        have = _count(need, setting)
        yield f"it is defined from {need.minimum} {need.source.name} on and would get {have}: allow more."


def _wrong_size(need: Input, setting: Setting, compares: bool) -> Iterator[str]:
    """Yield the problem of images that the extractor does not take, or that cannot be compared with each other.

    Args:
        need: of a metric.
        setting: of the run.
        compares: whether the metric compares samples with reals.
    """
    extractor = setting.extractors.get(need.view.extractor or "")
    of_data = setting.data.resolution if setting.data else None
    of_model = getattr(setting.model, "img_resolution", None)
    size = of_data if isinstance(need.source, Reals | RealPairs | Translations) else of_model
    if extractor is None or size is None:
        return
    if compares and of_data and of_model and of_data != of_model and _takes(extractor, need.view, of_model):
        made, theirs = f"{of_model}x{of_model}", f"{of_data}x{of_data}"
        yield f"the model makes {made} images and the data has {theirs}: name data of that size with --data."
    elif not _takes(extractor, need.view, size):
        taken = f"{extractor.resolution}x{extractor.resolution}"
        yield f"the extractor {extractor.name!r} takes {taken} images and not {size}x{size}: choose another benchmark."


def _takes(extractor: Extractor, view: View, size: int) -> bool:
    """Return whether an extractor takes images of a size, or of what the view reduces them to."""
    if extractor.resolution is None:
        return True
    return size % extractor.resolution == 0 if getattr(view, "reduces", False) else size == extractor.resolution


def _count(need: Input, setting: Setting) -> int:
    have = need.source.length(setting)
    wanted = have if need.count is None else need.count
    assert wanted is not None, f"{need.source} has no end and {need} no count"
    return wanted if have is None else min(wanted, have)


def _tap(need: Input, setting: Setting) -> Tap:
    return Tap(need.view, need.into, _count(need, setting))


def _passes(metrics: Iterable[Metric], setting: Setting) -> tuple[Pass, ...]:
    grouped: dict[Source, dict[Tap, None]] = {}
    for metric in metrics:
        for need in metric.inputs().values():
            grouped.setdefault(need.source, {})[_tap(need, setting)] = None
    passes = [Pass(source, tuple(taps)) for source, taps in grouped.items()]
    return tuple(sorted(passes, key=lambda one: one.source.name != "reals"))


def describe(plan: Plan) -> list[Mapping[str, Any]]:
    """Return one row a pass, for people: ``source``, ``count``, ``serves`` (names of metrics)."""
    return [
        {
            "source": one.source.name,
            "count": one.count,
            "serves": [m.name for m in plan.metrics if any(n.source == one.source for n in m.inputs().values())],
        }
        for one in plan.passes
    ]
