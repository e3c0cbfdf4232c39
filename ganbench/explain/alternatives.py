"""Other ways of measuring that give another number on the same images, as far as they can be tried here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from ganbench import registry
from ganbench.errors import GanbenchError
from ganbench.explain.altered import features_of
from ganbench.explain.edits import AS_THEY_ARE, FLIPPED, HALVED, JPEG, UNROUNDED
from ganbench.explain.setup import Changes, Setup
from ganbench.extractors.opening import open_extractor, without_fetching
from ganbench.images import Quantiser, ResizeMethod
from ganbench.types import Dataset, Extractor, FixedSamples, ResizingExtractor, Sized, Statistics

DIVISORS = {0: "N", 1: "N - 1"}
COUNTS = (1_000, 5_000, 10_000, 50_000)


@dataclass(frozen=True, eq=False)
class Alternative:
    """One way in which a number may have been measured differently.

    Attributes:
        name: in a few words.
        changes: of the fields of a setup.
        is_joint: whether it combines several alternatives.
    """

    name: str
    changes: Changes
    is_joint: bool = False

    def goes_with(self, other: "Alternative") -> bool:
        """Return whether two alternatives change different fields."""
        return not self.changes.keys() & other.changes.keys()

    def __add__(self, other: "Alternative") -> "Alternative":
        return Alternative(f"{self.name} + {other.name}", {**self.changes, **other.changes}, is_joint=True)


def alternatives_to(setup: Setup, also: Sequence[Dataset] = (), kinds: Sequence[str] = ()) -> list[Alternative]:
    """Return every alternative that can be tried here and changes something; nothing is fetched.

    Args:
        setup: how the number is measured.
        also: other sets of real images.
        kinds: of alternatives, from ``KINDS``; empty for all.

    Raises:
        UnknownNameError: a kind is unknown.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise registry.unknown("alternatives", kind, KINDS)
    found = [each for kind, yielded in KINDS.items() if kind in (kinds or KINDS) for each in yielded(setup)]
    found += [Alternative(f"reals {data.name}", {"data": data, "real_part": None}) for data in also]
    return [each for each in found if setup.changed(each.changes) != setup]


def _divisor(setup: Setup) -> Iterator[Alternative]:
    for ddof, divisor in DIVISORS.items():
        yield Alternative(f"covariance divided by {divisor}", {"ddof": ddof})


def _resizes(setup: Setup) -> Iterator[Alternative]:
    extractor, size = open_extractor(setup.extractor), _size(setup)
    if isinstance(setup.data, Statistics) and setup.data.extractor:
        return  # their resize is known
    if not isinstance(extractor, ResizingExtractor) or size in (None, extractor.input_size):
        return
    for method in get_args(ResizeMethod):
        if method != "box" or (size and size % extractor.input_size == 0):
            yield Alternative(f"resized by {method}", {"resize": method})


def _size(setup: Setup) -> int | None:
    return setup.loaded.model.img_resolution if isinstance(setup.loaded.model, Sized) else None


def _quantisers(setup: Setup) -> Iterator[Alternative]:
    """Yield other quantisers to 8 bits, unless the images are stored in 8 bits."""
    if isinstance(setup.loaded.model, FixedSamples):
        return
    for quantiser in get_args(Quantiser):
        yield Alternative(f"quantised as {quantiser} does", {"quantiser": quantiser})
    yield Alternative(f"samples {UNROUNDED}", {"sample_edits": (UNROUNDED,)})


def _jpegs(setup: Setup) -> Iterator[Alternative]:
    for edit in JPEG:
        yield from _both_sides(setup, edit, f"saved as {edit}")


def _halved(setup: Setup) -> Iterator[Alternative]:
    yield from _both_sides(setup, HALVED, HALVED)


def _both_sides(setup: Setup, edit: str, done: str) -> Iterator[Alternative]:
    yield Alternative(f"samples {done}", {"sample_edits": (edit,)})
    if setup.has_reals:
        yield Alternative(f"reals {done}", {"real_edits": (edit,)})
        yield Alternative(f"both {done}", {"sample_edits": (edit,), "real_edits": (edit,)})


def _mirrored(setup: Setup) -> Iterator[Alternative]:
    yield Alternative("samples flipped", {"sample_edits": (FLIPPED,)})
    yield Alternative("samples and their mirror images", {"sample_edits": (AS_THEY_ARE, FLIPPED)})
    if setup.has_reals:
        yield Alternative("reals and their mirror images", {"real_edits": (AS_THEY_ARE, FLIPPED)})


def _counts(setup: Setup) -> Iterator[Alternative]:
    reals = None if isinstance(setup.data, Statistics) else setup.data
    needs = {need.source.reads_data: need for need in setup.metric.inputs().values()}
    for is_real, need in needs.items():
        if is_real and reals is None:
            continue
        have = len(reals) if is_real and reals is not None else setup.metric.count or 0
        used = min(have, need.count) if need.count else have
        what, part = ("reals", "real_part") if is_real else ("samples", "sample_part")
        if used // 2 >= need.minimum:
            yield Alternative(f"first half of the {what}", {part: (0, used // 2)})
            yield Alternative(f"second half of the {what}", {part: (used // 2, used)})
        for count in COUNTS:
            if need.minimum <= count < used:
                yield Alternative(f"first {count:,} {what}", {part: (0, count)})
        if is_real and used < have:
            yield Alternative(f"all {have:,} reals", {"max_real": have, part: None})
    model = setup.loaded.model
    if isinstance(model, FixedSamples) and setup.metric.count and setup.metric.count < len(model):
        yield Alternative(f"all {len(model):,} samples", {"count": len(model), "sample_part": None})


def _extractors(setup: Setup) -> Iterator[Alternative]:
    """Yield the other extractors whose weights are here, if they accept these images and have this layer.

    An extractor with weights from a file is also compared with others that can read the same file. Extractors that
    differ only in the preparation of images are skipped, because resizing is tried separately.
    """
    if isinstance(setup.data, Statistics):
        return
    weights = open_extractor(setup.extractor).sha256
    layer = next(features_of(need, setup.metric).layer for need in setup.metric.inputs().values())
    known, (_, colon, file) = registry.names("extractors"), setup.extractor.partition(":")
    for name in (*known, *(f"{name}:{file}" for name in known if colon)):
        extractor = _opened(name)
        if extractor is None or extractor.sha256 == weights:
            continue
        if layer in extractor.layers and extractor.resolution in (None, _size(setup)):
            yield Alternative(f"extractor {name}", {"extractor": name, "resize": None})


def _opened(name: str) -> Extractor | None:
    """Return an extractor, or None if its weights are not here."""
    try:
        with without_fetching():
            return open_extractor(name)
    except GanbenchError:
        return None


KINDS: Final[Mapping[str, Callable[[Setup], Iterator[Alternative]]]] = {
    "divisor": _divisor,
    "resize": _resizes,
    "quantiser": _quantisers,
    "jpeg": _jpegs,
    "halved": _halved,
    "mirror": _mirrored,
    "count": _counts,
    "extractor": _extractors,
}
