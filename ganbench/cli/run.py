"""``ganbench run``: measure models and write a record of each."""

import math
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from ganbench.cli import options
from ganbench.cli.console import Terminal, can_show
from ganbench.cli.group import Verb
from ganbench.errors import BadInputError
from ganbench.records.record import Result, RunRecord
from ganbench.records.store import Store
from ganbench.truncation import Truncation

WIDEST = 1000  # columns; a narrower terminal wraps lines, and a number that lacks its end is none


@click.command(
    cls=Verb,
    examples=(
        "ganbench run --model stylegan3 --metrics fid50k,ppl,eqt",
        "ganbench run --model stylegan3 --metrics fid,kid,is,pr --limit 500",
        "ganbench run --model stylegan3 --metrics fid,pr --truncation 0.7",
        "ganbench run --model stylegan3 --weights G.pkl --data ffhq-256.zip --metrics fid50k_full,eqt50k_int",
    ),
)
@options.measuring
@options.results_dir
@options.nproc
def command(results_dir: Path | None, nproc: int, **asked: Any) -> None:
    """Measure models: plan, run, write one record each, print the table.

    Issued again, it continues where it stopped: finished shards are kept in the cache.
    """
    from ganbench.cli.progress import Bars
    from ganbench.engine import run

    bars = Bars()
    try:
        records = run(**call(**asked), results_dir=results_dir, nproc=nproc, reporter=bars)
    finally:
        bars.close()
    console = Terminal(width=WIDEST)
    for record in records:
        console.print(_table(record))
        for reason in record.missing.values():
            console.print(reason, soft_wrap=True, highlight=False)
        console.print(f"record: {Store(results_dir).path(record)}", soft_wrap=True, highlight=False)


def call(
    models: tuple[str, ...],
    metrics: str | None,
    float64: bool,
    weights: str | None,
    truncation: float | None,
    truncation_cutoff: int | None,
    **rest: Any,
) -> dict[str, Any]:
    """Return the arguments of ``ganbench.run`` that the options stand for.

    Raises:
        BadInputError: weights for more than one model; or a truncation of nothing, or to nothing.
    """
    if weights and len(models) > 1:
        raise BadInputError(
            f"--weights {weights} goes with one --model and there are {len(models)}: run them one by one."
        )
    names = _truncated(options.names(metrics), truncation, truncation_cutoff)
    return {"models": models, "metrics": names, "double": float64, "weights": weights, **rest}


def _truncated(names: tuple[str, ...], psi: float | None, cutoff: int | None) -> tuple[str, ...]:
    """Return the names of the same metrics of truncated samples."""
    if psi is None:
        if cutoff is not None:
            raise BadInputError("--truncation-cutoff only goes with --truncation: add that or leave this out.")
        return names
    if not names:
        raise BadInputError(f"--truncation {psi:g} needs --metrics: name metrics of samples, such as fid,pr.")
    if not math.isfinite(psi):
        raise BadInputError(f"--truncation {psi} is no psi: write a number such as 0.7.")
    return tuple(name + Truncation(psi, cutoff).suffix for name in names)


def _table(record: RunRecord) -> Table:
    table = Table(title=f"{record.model['name']} on {record.benchmark}", title_justify="left")
    for name in ("metric", "value", "better", "samples", "extractor"):
        table.add_column(name, justify="right" if name in ("value", "samples") else "left")
    for result in record.results:
        table.add_row(
            result.key,
            _value(result),
            _direction(result),
            f"{result.count:,}" if result.count else "",
            result.extractor or "-",
        )
    for name in record.missing:
        table.add_row(name, "-")
    return table


def _value(result: Result) -> str:
    return f"{result.value:.5g}" + (f" {result.unit}" if result.unit else "")


def _direction(result: Result) -> str:
    words = {True: "↑ higher", False: "↓ lower", None: ""}[result.higher_is_better]
    return words if can_show(words) else words[2:]
