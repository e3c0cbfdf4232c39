"""Options and argument types that several verbs share."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from ganbench.cli.foreign import foreign
from ganbench.counts import parse_count
from ganbench.errors import BadInputError


def names(text: str | None) -> tuple[str, ...]:
    """Return the parts of a comma-separated list; empty for None.

    Raises:
        BadInputError: a part is empty.
    """
    parts = tuple(part.strip() for part in text.split(",")) if text is not None else ()
    if not all(parts):
        raise BadInputError(f"expected names separated by single commas, found an empty one in {text!r}: remove it.")
    return parts


def numbers(text: str, what: str) -> tuple[float, ...]:
    """Return a comma-separated list of numbers.

    Raises:
        BadInputError: a part is not a finite number.
    """
    try:
        values = tuple(float(part) for part in text.split(","))
    except ValueError:
        values = (float("nan"),)
    if not all(abs(value) < float("inf") for value in values):
        raise BadInputError(f"expected numbers for {what}, found {text[:60]!r}: write for example 0.5,0.7,1.")
    return values


def seeds(text: str) -> tuple[int, ...]:
    """Return the seeds of a list such as ``0-7,12``, in the order given.

    Raises:
        BadInputError: a part is neither a number nor an ascending range, or has more than 1,000,000 seeds.
    """
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not _is_seed(first) or (dash and not _is_seed(last)):
            raise BadInputError(f"expected seeds below 2**63, found {text[:60]!r}: write for example 0-7 or 1,5,9.")
        start, stop = int(first), int(last) if dash else int(first)
        if stop < start or stop - start >= 1_000_000:
            raise BadInputError(
                f"expected an ascending range of at most 1,000,000 seeds, found {part.strip()!r}: write for example "
                "0-7."
            )
        found += range(start, stop + 1)
    return tuple(found)


def _is_seed(text: str) -> bool:
    return bool(re.fullmatch("[0-9]{1,19}", text)) and int(text) < 2**63


class Count(click.ParamType[int]):
    """A number of samples, such as ``500`` or ``10k``."""

    name = "count"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number, or fail with an example."""
        try:
            return parse_count(str(value))
        except BadInputError as error:
            self.fail(str(error), param, ctx)


class Whole(click.ParamType[int]):
    """A whole number in a range; an error shows only the beginning of a long one."""

    name = "integer"

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number, or fail with the range."""
        text = str(value).strip()
        number = int(text) if re.fullmatch("[+-]?[0-9]{1,19}", text) else None
        if number is None or not self.low <= number <= self.high:
            shown = text if len(text) <= 40 else f"{text[:20]}... of {len(text):,} characters"
            self.fail(f"expected a whole number from {self.low} to {self.high}, found {shown!r}", param, ctx)
        return number


results_dir = click.option(
    "--results-dir",
    type=click.Path(path_type=Path),
    help="Folder of results; records go to its subfolder records.  [default: $GANBENCH_RESULTS or ./results]",
)
truncation = click.option(
    "--truncation",
    "truncation_psi",
    type=float,
    help="Truncation psi of the samples; renames the results (fid50k becomes fid50k_psi0.7).",
)
truncation_cutoff = click.option(
    "--truncation-cutoff", type=Whole(0, 1000), help="Number of layers to truncate.  [default: all]"
)
nproc = click.option(
    "--nproc",
    type=Whole(1, 1024),
    default=1,
    show_default=True,
    help="Number of processes on this machine; on GPUs, each takes one. `torchrun` starts them on several machines.",
)
MAX_RESTARTS = "max_restarts"  # in the context of a verb; it is no option of a run
max_restarts = click.option(
    "--max-restarts",
    type=Whole(0, 1000),
    default=0,
    show_default=True,
    expose_value=False,
    callback=lambda ctx, param, value: ctx.meta.update({MAX_RESTARTS: value}),
    help="How often the processes of --nproc start again after one of them was lost.",
)
_SEVERAL = (nproc, max_restarts)
entry = click.option("--entry", help="Network in a checkpoint with several.  [default: the averaged one]")
device = click.option("--device", default="auto", show_default=True, help="Device: auto, cpu, cuda or cuda:N.")

_MODEL = click.option("--model", "models", multiple=True, required=True, help="Model to measure; may be repeated.")
_MODEL_OR_NONE = click.option(
    "--model", "models", multiple=True, help="Model to measure; may be repeated.  [default: none, with --benchmark]"
)
_METRICS = click.option(
    "--metrics", help="Metrics, separated by commas, such as fid50k,ppl,eqt.  [default: the benchmark's]"
)
_HOW = (
    click.option("--weights", help="Checkpoint to measure.  [default: the embedded one]"),
    entry,
    click.option(
        "--data",
        help="Real images: a name, folder, zip, npz or parquet; or a file of statistics.  [default: the benchmark's]",
    ),
    click.option("--benchmark", help="Measuring protocol.  [default: the model's]"),
    click.option(
        "--extractor", help="Network whose features are compared: NAME or NAME:FILE.  [default: the benchmark's]"
    ),
    click.option("--seed", type=Whole(0, 2**63 - 1), default=0, show_default=True, help="Seed of all random streams."),
    click.option("--batch-size", type=Whole(1, 2**20), help="Samples in work at once; changes speed, not numbers."),
    click.option("--limit", type=Count(), help="Largest sample count; renames the results (fid50k becomes fid@500)."),
    device,
)
_FLAGS = (
    click.option(
        "--class",
        "label",
        type=Whole(0, 2**31 - 1),
        help="Measure samples of one class against its reals; renames the results (fid50k becomes fid50k_class2).",
    ),
    click.option(
        "--float64",
        is_flag=True,
        help="Compute path lengths and equivariance in float64: slower, without rounding noise.",
    ),
    click.option(
        "--attributes",
        type=click.Path(),
        help="Classifiers for the metric ls, from `ganbench attributes`.  [default: the benchmark's]",
    ),
    click.option("--allow-missing", is_flag=True, help="Leave out metrics that a model does not support, and say why."),
)


def measuring(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that ``run`` and ``plan`` share; their names are those of ``ganbench.engine.Options``."""
    return _with(function, _MODEL, _METRICS, *_HOW, truncation, truncation_cutoff, *_FLAGS, *_SEVERAL, foreign)


def planning(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options of ``measuring``, with an optional model."""
    return _with(function, _MODEL_OR_NONE, _METRICS, *_HOW, truncation, truncation_cutoff, *_FLAGS, *_SEVERAL, foreign)


def measuring_how(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options of ``run`` except those for model, metrics and truncation."""
    return _with(function, *_HOW, *_SEVERAL, foreign)


def check_measuring(models: Sequence[str], metrics: tuple[str, ...], given: Mapping[str, Any]) -> None:
    """Check combinations of options.

    Raises:
        BadInputError: weights for several models, a cutoff without a truncation, or a truncation without metrics.
    """
    if given["weights"] and len(models) > 1:
        raise BadInputError(
            f"expected one --model with --weights {given['weights']}, found {len(models)}: run them one by one."
        )
    psi, cutoff = given["truncation_psi"], given["truncation_cutoff"]
    if cutoff is not None and psi is None:
        raise BadInputError(
            "expected --truncation with --truncation-cutoff, found none: add it, or leave --truncation-cutoff out."
        )
    if psi is not None and not metrics:
        raise BadInputError(
            f"expected --metrics with --truncation {psi:g}, found none: name metrics of samples, such as fid,pr."
        )
    if psi is not None and not math.isfinite(psi):
        raise BadInputError(f"expected a finite number for --truncation, found {psi}: write for example 0.7.")


def _with(
    function: Callable[..., None], *decorators: Callable[[Callable[..., None]], Callable[..., None]]
) -> Callable[..., None]:
    for option in reversed(decorators):
        function = option(function)
    return function
