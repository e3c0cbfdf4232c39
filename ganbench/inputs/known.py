"""Inputs that statistics of the reals answer in place of the images."""

from typing import Any, Self

import torch

from ganbench.inputs.accumulators import Accumulator, Moments, Rows
from ganbench.inputs.batch import Source, View
from ganbench.inputs.context import Context
from ganbench.inputs.sources import Reals
from ganbench.inputs.views import Features
from ganbench.types import Statistics


class StoredMoments(Moments):
    """Moments of an unknown number of samples, whose covariance keeps the divisor it was stored with."""

    def mean_cov(self, ddof: int = 0) -> tuple[Any, Any]:
        """Return mean and covariance as they were stored."""
        return self.mean.numpy().copy(), self.scatter.numpy().copy()

    @classmethod
    def of(cls, statistics: Statistics) -> Self:
        """Return the moments in statistics."""
        made = cls()
        made.mean, made.scatter = torch.from_numpy(statistics.mean), torch.from_numpy(statistics.covariance)
        return made


def known_for(source: Source, view: View, into: type[Accumulator], context: Context) -> Statistics | None:
    """Return the statistics that can answer an input: features of all reals, or their moments; None without any."""
    if context.statistics is None or source != Reals() or not isinstance(view, Features):
        return None
    known = context.statistics.of_layer(view.layer)
    stands = known is not None and (into is Moments or (into is Rows and known.features is not None))
    return known if stands else None


def accumulated(known: Statistics, into: type[Accumulator], wanted: int | None) -> Accumulator:
    """Return the filled accumulator that statistics describe; without a count, the covariance stays as stored.

    Args:
        known: the statistics.
        into: class of the accumulator.
        wanted: number of images, from the first on, where there are features; None for all.
    """
    if known.features is not None:
        made = into()
        made.update(torch.from_numpy(known.features[:wanted]))
        return made
    if known.count is None:
        return StoredMoments.of(known)
    moments = Moments()
    moments.count = known.count
    moments.mean = torch.from_numpy(known.mean)
    moments.scatter = torch.from_numpy(known.covariance) * (known.count - known.ddof)
    return moments


def available(known: Statistics, wanted: int | None) -> int | None:
    """Return how many of the first ``wanted`` reals, or of all, statistics cover; None if they do not say."""
    return known.count if known.features is None or known.count is None else min(wanted or known.count, known.count)


def lacking(source: Source, view: View, into: type[Accumulator], context: Context) -> list[str]:
    """Return a problem if statistics without images lack the layer of an input, else an empty list."""
    known = context.statistics
    if context.data is not None or known is None or source != Reals() or into is not Moments:
        return []
    if not isinstance(view, Features) or known.of_layer(view.layer) is not None:
        return []
    return [
        f"expected the layer {view.layer!r}, found statistics of {known.layer!r} alone in {known.file}: compute both "
        "with `ganbench stats compute --layout adm`, or name the images with --data."
    ]


def mismatch(known: Statistics, view: View, wanted: int | None, context: Context) -> list[str]:
    """Return why statistics do not answer a view of the first ``wanted`` reals, or of all, one sentence each."""
    extractor = context.extractors.get(view.extractor or "")
    if extractor is None or not isinstance(view, Features):
        return []
    width = extractor.layers.get(view.layer, 0)
    if width != len(known.mean):
        return [f"the extractor {extractor.name!r} has {width} features and {known.file} {len(known.mean)}: {OTHER}"]
    ours = extractor.name, extractor.sha256
    if (known.extractor or extractor.name, known.extractor_sha256 or extractor.sha256) != ours:
        mine, its = f"{ours[0]} {ours[1][:8]}", f"{known.extractor} {(known.extractor_sha256 or '')[:8]}"
        return [f"expected statistics of the extractor {mine}, found {its.strip()} in {known.file}: {OTHER}"]
    if known.extractor and known.resize != view.resize:
        return [
            f"expected resizing by {view.resize or 'the usual method'}, found {known.resize} in {known.file}: {OTHER}"
        ]
    total, count = known.known_total, available(known, wanted)
    if total and count and (compared := min(wanted or total, total)) != count:
        return [f"expected statistics of {compared:,} reals, found {count:,} in {known.file}: {OTHER}"]
    return []


OTHER = "compute others with `ganbench stats compute`."


def notes_on(known: Statistics, extractor: str) -> tuple[str, ...]:
    """Return sentences for the record on what a file of statistics does not say, without a full stop."""
    told = []
    if known.extractor is None:
        told.append(f"{known.file} does not say of which extractor it is, and was taken to be of {extractor}")
    if known.count is None:
        told.append(f"{known.file} does not say of how many images it is, and its covariance is used as stored")
    return tuple(told)
