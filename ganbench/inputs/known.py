"""What statistics of the reals answer, so that the images themselves are not needed."""

from typing import Any, Self

import torch

from ganbench.inputs.accumulators import Accumulator, Moments
from ganbench.inputs.batch import Source, View
from ganbench.inputs.context import Context
from ganbench.inputs.sources import Reals
from ganbench.inputs.views import Features
from ganbench.types import Statistics


class StoredMoments(Moments):
    """Moments of a number of samples that nobody knows, so that their covariance has the divisor that it has."""

    def mean_cov(self, ddof: int = 0) -> tuple[Any, Any]:
        """Return mean and covariance as they were stored."""
        return self.mean.numpy().copy(), self.scatter.numpy().copy()

    @classmethod
    def of(cls, statistics: Statistics) -> Self:
        """Return the moments of statistics."""
        made = cls()
        made.mean, made.scatter = torch.from_numpy(statistics.mean), torch.from_numpy(statistics.covariance)
        return made


def answers(source: Source, view: View, into: type[Accumulator], context: Context) -> bool:
    """Return whether statistics stand for this: moments of features of all reals."""
    known = context.statistics
    return (
        known is not None
        and source == Reals()
        and isinstance(view, Features)
        and into is Moments
        and view.layer == known.layer
    )


def moments_of(statistics: Statistics) -> Moments:
    """Return the accumulator that statistics are of; where they do not say of how many images, as they are."""
    if statistics.count is None:
        return StoredMoments.of(statistics)
    made = Moments()
    made.count = statistics.count
    made.mean = torch.from_numpy(statistics.mean)
    made.scatter = torch.from_numpy(statistics.covariance) * (statistics.count - statistics.ddof)
    return made


def mismatch(known: Statistics, view: View, wanted: int | None, context: Context) -> list[str]:
    """Return why statistics do not stand for what a view shows of the first ``wanted`` reals, or of all."""
    extractor = context.extractors.get(view.extractor or "")
    if extractor is None or not isinstance(view, Features):
        return []
    width = extractor.layers.get(view.layer, 0)
    if width != len(known.mean):
        return [f"the extractor {extractor.name!r} has {width} features and {known.file} {len(known.mean)}: {OTHER}"]
    ours = extractor.name, extractor.sha256
    if (known.extractor or extractor.name, known.extractor_sha256 or extractor.sha256) != ours:
        mine, its = f"{ours[0]} {ours[1][:8]}", f"{known.extractor} {(known.extractor_sha256 or '')[:8]}"
        return [f"it measures with the extractor {mine} and {known.file} is of {its.strip()}: {OTHER}"]
    if known.extractor and known.resize != view.resize:
        return [f"it resizes by {view.resize or 'the usual method'} and {known.file} by {known.resize}: {OTHER}"]
    total, count = known.known_total, known.count
    if total and count and (compared := min(wanted or total, total)) != count:
        return [f"it compares with {compared:,} reals and {known.file} is of {count:,}: {OTHER}"]
    return []


OTHER = "compute others with `ganbench stats compute`."


def notes_on(known: Statistics, extractor: str) -> tuple[str, ...]:
    """Return sentences for the record on where the moments of the reals are from, without a full stop."""
    told = [f"the moments of the reals are those in {known.file}"]
    if known.extractor is None:
        told.append(f"{known.file} does not say of which extractor it is, and was taken to be of {extractor}")
    if known.count is None:
        told.append(f"{known.file} does not say of how many images it is, and its covariance is used as stored")
    return tuple(told)
