"""What ``ganbench generate`` was asked to draw: which files, how many images, and how; all checked before any work."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ganbench.cli import options
from ganbench.errors import BadInputError

if TYPE_CHECKING:
    from ganbench.pictures import Sampler

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
    """Something to draw.

    Attributes:
        files: names of the files it gives.
        count: images it takes.
        draw: gives each file's name and content.
    """

    files: tuple[str, ...]
    count: int
    draw: "Callable[[Sampler], Files]"


def study(asked: Mapping[str, Any]) -> Study:
    """Return what the options of ``generate`` ask for.

    Raises:
        BadInputError: options that contradict or miss each other, or a value that makes no sense.
    """
    modes = [name for name in ("grid", "sweep", "mix_rows", "walk") if asked[name] is not None]
    if len(modes) > 1:
        raise BadInputError(f"{_option(modes[0])} and {_option(modes[1])} exclude each other: choose one.")
    mode = modes[0] if modes else "samples"
    for name, owner in BELONG.items():
        if asked[name] not in (None, False) and mode != owner:
            raise BadInputError(f"{_option(name)} only goes with {_option(owner)}: add that or leave this out.")
    for name, other in (("truncation", "sweep"), ("seeds", "mix_rows")):
        if asked[name] is not None and mode == other:
            raise BadInputError(f"--{name} and {_option(other)} say the same twice: leave one out.")
    return _STUDIES[mode](asked)


def _samples(asked: Mapping[str, Any]) -> Study:
    seeds = tuple(dict.fromkeys(_seeds(asked, 16)))
    files = tuple(f"seed{seed:04d}.png" for seed in seeds)

    def draw(sampler: "Sampler") -> Files:
        from ganbench.pictures import picture, png

        for name, seed in zip(files, seeds, strict=True):
            yield name, png(picture(sampler.image(seed)))

    return Study(files, len(seeds), draw)


def _grid(asked: Mapping[str, Any]) -> Study:
    match = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,3})", asked["grid"].lower())
    if not match:
        raise BadInputError(f"--grid {asked['grid']!r} is no size of a grid: write columns and rows such as 8x4.")
    columns, rows = int(match[1]), int(match[2])
    seeds = _seeds(asked, columns * rows)
    if len(seeds) != columns * rows:
        raise BadInputError(
            f"a grid of {columns}x{rows} holds {columns * rows} images and there are {len(seeds)} seeds."
        )

    def draw(sampler: "Sampler") -> Files:
        from ganbench.pictures import png, sheet

        yield "grid.png", png(sheet(map(sampler.image, seeds), columns, rows))

    return Study(("grid.png",), len(seeds), draw)


def _sweep(asked: Mapping[str, Any]) -> Study:
    seeds, psis = _seeds(asked, 4), options.numbers(asked["sweep"], "--sweep")

    def draw(sampler: "Sampler") -> Files:
        from ganbench.pictures import png, sheet, sweep

        labels = {"row_labels": [str(seed) for seed in seeds], "column_labels": [f"{psi:g}" for psi in psis]}
        yield "sweep.png", png(sheet(sweep(sampler, seeds, psis), len(psis), len(seeds), **labels))

    return Study(("sweep.png",), len(seeds) * len(psis), draw)


def _mixing(asked: Mapping[str, Any]) -> Study:
    if asked["mix_cols"] is None:
        raise BadInputError("--mix-rows needs --mix-cols: name the seeds whose styles replace some of the rows'.")
    rows, columns = options.seeds(asked["mix_rows"]), options.seeds(asked["mix_cols"])
    layers = options.seeds(asked["mix_layers"]) if asked["mix_layers"] is not None else None

    def draw(sampler: "Sampler") -> Files:
        from ganbench.pictures import mixing, png, sheet

        labels = {
            "row_labels": ["", *(str(seed) for seed in rows)],
            "column_labels": ["", *(str(seed) for seed in columns)],
        }
        cells = mixing(sampler, rows, columns, layers)
        yield "mixing.png", png(sheet(cells, len(columns) + 1, len(rows) + 1, **labels))

    return Study(("mixing.png",), (len(rows) + 1) * (len(columns) + 1) - 1, draw)


def _walk(asked: Mapping[str, Any]) -> Study:
    seeds, steps, loop = _seeds(asked, 4), asked["steps"] or 30, asked["loop"]
    form, fps = asked["form"] or "gif", asked["fps"]
    if len(seeds) < 2:
        raise BadInputError(f"a walk needs two seeds and there is {len(seeds)}: write for example --seeds 0-3.")
    if form == "png" and fps is not None:
        raise BadInputError("--fps is for animations and --format png is a sheet: leave one out.")
    space: Literal["z", "w"] = asked["walk"]
    legs = len(seeds) - 1 + loop
    name = f"walk.{form}"

    def draw(sampler: "Sampler") -> Files:
        from ganbench.pictures import animation, png, walk

        frames = list(walk(sampler, seeds, steps, space, loop))
        yield name, png(_strip(frames, steps, legs)) if form == "png" else animation(frames, form, fps or 15)

    return Study((name,), legs * steps + (not loop), draw)


_STUDIES = {"samples": _samples, "grid": _grid, "sweep": _sweep, "mix_rows": _mixing, "walk": _walk}


def _strip(frames: "list[Any]", steps: int, legs: int) -> Any:
    """Return a sheet with a row for each leg, both ends in it."""
    from ganbench.pictures import sheet

    cells = [frames[(leg * steps + step) % len(frames)] for leg in range(legs) for step in range(steps + 1)]
    return sheet(cells, steps + 1, legs)


def _seeds(asked: Mapping[str, Any], count: int) -> tuple[int, ...]:
    return options.seeds(asked["seeds"]) if asked["seeds"] is not None else tuple(range(count))


def _option(name: str) -> str:
    return "--" + {"form": "format"}.get(name, name).replace("_", "-")


def motion(translate: str | None, rotate: float | None) -> tuple[float, float, float] | None:
    """Return ``(tx, ty, angle)`` in image widths and radians, or None where nothing moves.

    Raises:
        BadInputError: not two finite numbers, or no finite angle.
    """
    if translate is None and rotate is None:
        return None
    shift = options.numbers(translate, "--translate") if translate is not None else (0.0, 0.0)
    if len(shift) != 2 or not math.isfinite(rotate or 0):
        raise BadInputError("a motion is two numbers and an angle: write for example --translate 0.1,0 --rotate 30.")
    return shift[0], shift[1], math.radians(rotate or 0)
