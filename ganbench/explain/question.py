"""Questions to explain: two of a record, images and a number, of which at most one is a number."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ganbench.data import open_data
from ganbench.data.opening import existing_path, is_there
from ganbench.engine.options import Options
from ganbench.engine.planning import plan_model
from ganbench.errors import BadInputError, GanbenchError
from ganbench.explain.alternatives import Alternative, alternatives_to
from ganbench.explain.gap import Explanation, Measures, explain_gap
from ganbench.explain.published import published_as
from ganbench.explain.records import Difference, common_results, differences, result_named, setup_of, towards
from ganbench.explain.resized import USUAL, ResizedImages, methods
from ganbench.explain.setup import Setup
from ganbench.images import ResizeMethod
from ganbench.models.images import ImageSamples
from ganbench.records.record import RunRecord
from ganbench.records.store import read
from ganbench.types import Dataset, LoadedModel, Statistics, WithDomains

LARGEST = 1e12
SPLITS = ("train", "training", "val", "valid", "validation", "test")

Operand = RunRecord | Dataset | float


@dataclass(frozen=True)
class Tries:
    """Which alternatives to try.

    Attributes:
        kinds: of alternatives, from ``ganbench.explain.alternatives.KINDS``; empty for all.
        also: names or paths of other real images.
    """

    kinds: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    def of(self, base: Setup, splits: Sequence[Dataset] = ()) -> tuple[Alternative, ...]:
        """Return the alternatives to a setup."""
        return tuple(alternatives_to(base, [*map(open_data, self.also), *splits], self.kinds))


EVERYTHING = Tries()


@dataclass(frozen=True)
class Question:
    """A difference to explain.

    Attributes:
        base: how the first number is measured; None if it cannot be measured here.
        key: name of the number; "" for the metric's first.
        target: the second number, or how it is measured.
        tries: alternatives to try.
        differences: between two records.
        notes: sentences on what could not be tried, and why.
        recorded: the first number as recorded; None if it is not from a record.
        remarks: sentences on what was assumed, and on where the second number is published.
    """

    base: Setup | None
    key: str
    target: Setup | float
    tries: tuple[Alternative, ...] = ()
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()
    recorded: float | None = None
    remarks: tuple[str, ...] = ()

    def answer(self, measure: Measures) -> Explanation | None:
        """Return how much each alternative closes; None if nothing can be measured here.

        Raises:
            BadInputError: one of the two numbers cannot be measured.
        """
        if self.base is None:
            return None
        return explain_gap(self.base, self._target(measure), self.tries, measure, self.key)

    def _target(self, measure: Measures) -> float:
        if not isinstance(self.target, Setup):
            return self.target
        found = measure([self.target], self.key)
        if self.target not in found:
            raise BadInputError(measure.lost[self.target])
        return found[self.target]


def operand(text: str) -> Operand:
    """Return the record, the images or the number that a text stands for.

    Raises:
        BadInputError: the text is none of them, what it names cannot be read, or the number is not finite.
    """
    path = existing_path(text)
    if path and path.is_file() and path.suffix.lower() == ".json":
        return read(path)
    if path or is_there(text):
        return open_data(text)
    try:
        number = float(text)
    except ValueError:
        raise BadInputError(
            f"expected a record (.json), a folder or zip of images, or a number, found {text[:200]!r}: check the path."
        ) from None
    if not abs(number) < LARGEST:
        raise BadInputError(f"expected a number below {LARGEST:.0e}, found {text[:60]!r}: give a measured one.")
    return number


def ask(first: Operand, second: Operand, metric: str | None, options: Options, tries: Tries = EVERYTHING) -> Question:
    """Return the question for two operands; their order matters only for two records or two sets of images.

    Args:
        first, second: as from ``operand``.
        metric: name of the number; None for the record's first, or ``fid`` for images.
        options: real images, benchmark, limit, device and so on.
        tries: which alternatives to try.

    Raises:
        BadInputError: the operands do not go together, or lack something.
        PlanError: listing everything that keeps the number from being measured.
    """
    if isinstance(first, float):
        first, second = second, first
    if isinstance(first, float):
        raise BadInputError("expected a record or images beside a number, found two numbers: name one of them.")
    if isinstance(first, RunRecord):
        if isinstance(second, RunRecord):
            return _of_records(first, second, metric, options)
        if isinstance(second, float):
            return _of_record(first, second, metric, options, tries)
        return _of_record_and_images(first, second, metric, options, tries)
    if isinstance(second, float):
        base = images_setup(first, options, metric)
        remarks = tuple(published_as(second, base.metric.name))
        return Question(base, "", second, tries.of(base, splits(base, options)), remarks=remarks)
    if isinstance(second, RunRecord):
        return _of_record_and_images(second, first, metric, options, tries)
    return _of_images(first, second, metric, options, tries)


def images_setup(samples: Dataset, options: Options, metric: str | None) -> Setup:
    """Return the setup that measures a metric of all images of a data set, in place of generated ones.

    Raises:
        BadInputError: there are fewer than two images.
        PlanError: listing everything that keeps it from being measured.
    """
    check_several(samples)
    limit = min(options.limit or len(samples), len(samples))
    given = dataclasses.replace(options, metrics=(metric or "fid",), limit=limit)
    benchmark = options.benchmark or "stylegan3"
    loaded = LoadedModel(
        f"images:{samples.name}", ImageSamples(samples), samples.name, samples.fingerprint, None, benchmark
    )
    return Setup.of(plan_model(loaded, given, given.resolved()))


def check_several(images: Dataset) -> None:
    """Raise ``BadInputError`` for fewer than two images, which have no covariance."""
    if len(images) < 2:
        raise BadInputError(f"expected at least 2 images in {images.name}, found {len(images)}: add some.")


def _of_images(first: Dataset, second: Dataset, metric: str | None, options: Options, tries: Tries) -> Question:
    """Return the question why two sets have different numbers or, without other reals, why they differ."""
    check_several(second)
    if first.resolution != second.resolution and options.data is None:
        return _of_two_sizes(first, second, metric, options, tries)
    if first.resolution != second.resolution:
        sizes = " and ".join(f"{each.resolution}x{each.resolution} in {each.name}" for each in (first, second))
        raise BadInputError(f"expected images of one size, found {sizes}: resize one of them.")
    if options.data is not None:
        base, target = (images_setup(each, options, metric) for each in (first, second))
        return Question(base, "", target, tries.of(base, splits(base, options)))
    base = images_setup(first, dataclasses.replace(options, data=second), metric)
    if not base.uses_reals:
        target = images_setup(second, dataclasses.replace(options, data=first), metric)
        return Question(base, "", target, tries.of(base))
    if base.metric.higher_is_better:
        raise BadInputError(
            f"expected real images to compare both sets with by {base.metric.name}, found none: name some with --data."
        )
    return Question(base, "", 0.0, tries.of(base))


def _of_two_sizes(first: Dataset, second: Dataset, metric: str | None, options: Options, tries: Tries) -> Question:
    """Return the question why two sets differ of which one was reduced: the other is reduced by every filter."""
    size, larger = min(first.resolution, second.resolution), max((first, second), key=lambda images: images.resolution)

    def at_one_size(method: ResizeMethod) -> Setup:
        samples, reals = (ResizedImages(it, size, method) if it is larger else it for it in (first, second))
        return images_setup(samples, dataclasses.replace(options, data=reals), metric)

    base, *others = (at_one_size(method) for method in methods(larger, size))
    names = methods(larger, size)[1:]
    filters = [
        Alternative(f"{larger.name} resized by {name}", {"loaded": other.loaded, "data": other.data})
        for name, other in zip(names, others, strict=True)
        if not tries.kinds or "resize" in tries.kinds
    ]
    told = f"{larger.name} is resized from {larger.resolution}x{larger.resolution} to {size}x{size} by {USUAL}."
    return Question(base, "", 0.0, (*filters, *tries.of(base)), remarks=(told,))


def _of_record_and_images(
    record: RunRecord, images: Dataset, metric: str | None, options: Options, tries: Tries
) -> Question:
    """Return the question why a record's number is not that of some images, measured as the record says."""
    check_several(images)
    result = result_named(record, metric)
    data = options.data if isinstance(options.data, str) else None
    base = setup_of(record, result, options.resolved().device, data)
    count = min(result.count or len(images), len(images))
    loaded = LoadedModel(f"images:{images.name}", ImageSamples(images), images.name, images.fingerprint)
    counts = [Alternative(f"count {count} (was {result.count})", {"count": count})] if count != result.count else []
    target = base.changed({"loaded": loaded, "count": count})
    return Question(base, result.key, target, (*counts, *tries.of(base)), recorded=result.value)


def _of_record(record: RunRecord, number: float, metric: str | None, options: Options, tries: Tries) -> Question:
    result = result_named(record, metric)
    data = options.data if isinstance(options.data, str) else None
    base = setup_of(record, result, options.resolved().device, data)
    remarks = tuple(published_as(number, result.key))
    return Question(base, result.key, number, tries.of(base), recorded=result.value, remarks=remarks)


def _of_records(first: RunRecord, second: RunRecord, metric: str | None, options: Options) -> Question:
    one, other = common_results(first, second, metric)
    found = tuple(differences(first, one, second, other))
    data, device = options.data if isinstance(options.data, str) else None, options.resolved().device
    try:
        base = setup_of(first, one, device, data)
    except GanbenchError as error:
        return Question(None, one.key, other.value, (), found, (str(error),), one.value)
    tries, lacking = towards(base, second, other, device)
    return Question(base, one.key, other.value, tuple(tries), found, tuple(lacking), one.value)


def splits(base: Setup, options: Options) -> list[Dataset]:
    """Return other splits of the real images: validation images of domains, and folders next to one named ``train``."""
    if isinstance(base.data, WithDomains):
        return [base.data.validation]
    if not isinstance(options.data, str) or Path(options.data).name not in SPLITS:
        return []
    found = []
    for name in SPLITS:
        path = Path(options.data).parent / name
        if path.is_dir() and path.name != Path(options.data).name:
            found.append(open_data(path))
    return [
        data for data in found if isinstance(base.data, Statistics | None) or data.resolution == base.data.resolution
    ]
