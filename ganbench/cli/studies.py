"""Studies of ``ganbench generate``: their files, number of images and drawing, all checked before any work."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ganbench.cli import options
from ganbench.errors import BadInputError
from ganbench.printable import quoted

if TYPE_CHECKING:
    from ganbench.pictures import Sampler

MOST_IMAGES = 1_000_000
MAX_SHIFT = 1000.0  # image widths
MAX_PSI = 1000.0  # far beyond useful values, and far below overflow
BELONG = {
    "steps": "walk",
    "loop": "walk",
    "form": "walk",
    "fps": "walk",
    "mix_layers": "mix_rows",
    "mix_cols": "mix_rows",
}
Files = Iterator[tuple[str, bytes]]


@dataclass(frozen=True)
class Study:
    """One kind of picture to draw.

    Attributes:
        files: names of the files that it writes.
        count: number of images that it generates.
        draw: yields each file's name and content.
    """

    files: tuple[str, ...]
    count: int
    draw: "Callable[[Sampler], Files]"


def study(given: Mapping[str, Any]) -> Study:
    """Return the study that the options of ``generate`` describe.

    Raises:
        BadInputError: options contradict or need each other, a value is malformed, or there are too many images.
    """
    modes = [name for name in ("grid", "sweep", "mix_rows", "walk") if given[name] is not None]
    if len(modes) > 1:
        raise BadInputError(f"expected one study, found {_option(modes[0])} and {_option(modes[1])}: choose one.")
    mode = modes[0] if modes else "samples"
    for name, owner in BELONG.items():
        if given[name] not in (None, False) and mode != owner:
            raise BadInputError(
                f"expected {_option(owner)} with {_option(name)}, found none: add it, or leave {_option(name)} out."
            )
    for name, other in (("truncation", "sweep"), ("seeds", "mix_rows")):
        if given[name] is not None and mode == other:
            raise BadInputError(f"expected the {name} once, found --{name} and {_option(other)}: leave one out.")
    found = _STUDIES[mode](given)
    _check_count(found.count)
    return found


def _check_count(count: int) -> None:
    if count > MOST_IMAGES:
        raise BadInputError(f"expected at most {MOST_IMAGES:,} images, found {count:,}: choose fewer.")


def _samples(given: Mapping[str, Any]) -> Study:
    seeds = tuple(dict.fromkeys(_seeds(given, 16)))
    files = tuple(f"seed{seed:04d}.png" for seed in seeds)

    def draw(sampler: "Sampler") -> Files:
        from ganbench.pictures import picture, png

        for name, seed in zip(files, seeds, strict=True):
            yield name, png(picture(sampler.image(seed)))

    return Study(files, len(seeds), draw)


def _grid(given: Mapping[str, Any]) -> Study:
    match = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,3})", given["grid"].lower())
    if not match:
        raise BadInputError(f"expected --grid COLSxROWS, found {quoted(given['grid'])}: write for example 8x4.")
    columns, rows = int(match[1]), int(match[2])
    _check_count(columns * rows)
    seeds = _seeds(given, columns * rows)
    if len(seeds) != columns * rows:
        raise BadInputError(
            f"expected {columns * rows:,} seeds for a grid of {columns}x{rows}, found {len(seeds):,}: change one of "
            "them."
        )

    def draw(sampler: "Sampler") -> Files:
        from ganbench.pictures import png, sheet

        yield "grid.png", png(sheet(map(sampler.image, seeds), columns, rows))

    return Study(("grid.png",), len(seeds), draw)


def _sweep(given: Mapping[str, Any]) -> Study:
    seeds, psis = _seeds(given, 4), options.numbers(given["sweep"], "--sweep")
    for psi in psis:
        check_psi(psi, "--sweep")

    def draw(sampler: "Sampler") -> Files:
        from ganbench.pictures import png, sheet, sweep

        labels = {"row_labels": [str(seed) for seed in seeds], "column_labels": [f"{psi:g}" for psi in psis]}
        yield "sweep.png", png(sheet(sweep(sampler, seeds, psis), len(psis), len(seeds), **labels))

    return Study(("sweep.png",), len(seeds) * len(psis), draw)


def _mixing(given: Mapping[str, Any]) -> Study:
    if given["mix_cols"] is None:
        raise BadInputError(
            "expected --mix-cols with --mix-rows, found none: add the seeds of the columns, such as --mix-cols 10-14."
        )
    rows, columns = options.seeds(given["mix_rows"]), options.seeds(given["mix_cols"])
    layers = options.seeds(given["mix_layers"]) if given["mix_layers"] is not None else None

    def draw(sampler: "Sampler") -> Files:
        from ganbench.pictures import mixing, png, sheet

        labels = {
            "row_labels": ["", *(str(seed) for seed in rows)],
            "column_labels": ["", *(str(seed) for seed in columns)],
        }
        cells = mixing(sampler, rows, columns, layers)
        yield "mixing.png", png(sheet(cells, len(columns) + 1, len(rows) + 1, **labels))

    return Study(("mixing.png",), (len(rows) + 1) * (len(columns) + 1) - 1, draw)


def _walk(given: Mapping[str, Any]) -> Study:
    seeds, steps, loop = _seeds(given, 4), given["steps"] or 30, given["loop"]
    form, fps = given["form"] or "gif", given["fps"]
    if len(seeds) < 2:
        raise BadInputError(f"expected two seeds or more for a walk, found {len(seeds)}: add some to --seeds.")
    if form == "png" and fps is not None:
        raise BadInputError("expected an animation for --fps, found --format png: leave one of them out.")
    space: Literal["z", "w"] = given["walk"]
    legs = len(seeds) - 1 + loop
    name = f"walk.{form}"

    def draw(sampler: "Sampler") -> Files:
        from ganbench.pictures import animation, png, walk

        frames = list(walk(sampler, seeds, steps, space, loop))
        yield name, png(_strip(frames, steps, legs)) if form == "png" else animation(frames, form, fps or 15)

    return Study((name,), legs * steps + (not loop), draw)


_STUDIES = {"samples": _samples, "grid": _grid, "sweep": _sweep, "mix_rows": _mixing, "walk": _walk}


def _strip(frames: "list[Any]", steps: int, legs: int) -> Any:
    """Return a sheet with a row from each seed to the next, both included."""
    from ganbench.pictures import sheet

    cells = [frames[(leg * steps + step) % len(frames)] for leg in range(legs) for step in range(steps + 1)]
    return sheet(cells, steps + 1, legs)


def _seeds(given: Mapping[str, Any], count: int) -> tuple[int, ...]:
    return options.seeds(given["seeds"]) if given["seeds"] is not None else tuple(range(count))


def _option(name: str) -> str:
    return "--" + {"form": "format"}.get(name, name).replace("_", "-")


def check_psi(psi: float, option: str) -> None:
    """Raise ``BadInputError`` unless a truncation psi is within ``MAX_PSI``."""
    if not -MAX_PSI <= psi <= MAX_PSI:
        raise BadInputError(f"expected a psi from {-MAX_PSI:g} to {MAX_PSI:g} for {option}, found {psi}: try 0.7.")


def motion(translate: str | None, rotate: float | None) -> tuple[float, float, float] | None:
    """Return ``(tx, ty, angle)`` in image widths and radians; None if neither option is given.

    Raises:
        BadInputError: there are not two shifts of at most ``MAX_SHIFT``, or the angle is not finite.
    """
    if translate is None and rotate is None:
        return None
    shift = options.numbers(translate, "--translate") if translate is not None else (0.0, 0.0)
    if len(shift) != 2 or max(map(abs, shift)) > MAX_SHIFT or not math.isfinite(rotate or 0):
        raise BadInputError(
            f"expected shifts up to {MAX_SHIFT:g} image widths and an angle, found --translate {translate} and "
            f"--rotate {rotate}: write for example --translate 0.1,0 --rotate 30."
        )
    return shift[0], shift[1], math.radians(rotate or 0)
