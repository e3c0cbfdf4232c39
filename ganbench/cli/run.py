"""``ganbench run``: measure models and write a record for each."""

from pathlib import Path
from typing import Any

import click
from rich.table import Table

from ganbench.cli import options
from ganbench.cli.console import Terminal, can_show
from ganbench.cli.files import check_folder, write
from ganbench.cli.foreign import announce
from ganbench.cli.group import COULD_NOT_RUN
from ganbench.cli.output import complain
from ganbench.cli.over_training import QuotedPattern, Sweep, is_sweep
from ganbench.errors import BadInputError
from ganbench.records.protocol import caption, protocol, stored_reals
from ganbench.records.record import Result, RunRecord
from ganbench.records.store import Store
from ganbench.records.table_cells import Cell, shown

OF_REALS = "standard error of reals"
WIDEST = 1000  # columns; a narrower terminal wraps lines, so that no number is cut off


@click.command(
    cls=QuotedPattern,
    examples=(
        "ganbench run --model stylegan3 --metrics fid50k,ppl,eqt",
        "ganbench run --model stylegan3 --metrics fid,kid,is,pr --limit 500",
        "ganbench run --model stylegan3 --metrics fid,pr --truncation 0.7",
        "ganbench run --model stylegan3 --weights 'runs/x/network-snapshot-*' --metrics fid,pr --out out/training",
        "ganbench run --model stylegan3 --weights G.pkl --data ffhq-256.zip --metrics fid50k_full,eqt50k_int",
    ),
)
@options.measuring
@options.results_dir
@click.option("--record", type=click.Path(path_type=Path), help="Also write the record to this file; for one --model.")
@click.option("--force", is_flag=True, help="Replace files at --record or in --out if they exist.")
@click.option("--watch", is_flag=True, help="With snapshots as --weights: go on as training writes more, to its end.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for the table and the curves of snapshots; created if missing.",
)
@click.pass_context
def command(
    ctx: click.Context,
    /,
    models: tuple[str, ...],
    metrics: str | None,
    results_dir: Path | None,
    record: Path | None,
    force: bool,
    watch: bool,
    out: Path | None,
    **given: Any,
) -> None:
    """Measure models: plan, run, write a record for each, and print a table.

    The same command continues an interrupted run, because finished shards are cached. If a metric fails, the record has
    the reason, the others are still measured, and the exit code is 2.

    --weights may be a folder of training snapshots or a quoted pattern such as 'runs/x/network-snapshot-*': each gets a
    record, and all of them a table by kimg, curves, and the best for each metric.
    """
    names = options.names(metrics)
    options.check_measuring(models, names, given)
    if record is not None:
        _check_record(record, models, Store(results_dir), force)
    announce(*models)
    if is_sweep(models[0], given["weights"], watch, out):
        if record is not None:
            raise BadInputError(f"expected weights of one file with --record, found {given['weights']}: leave it out.")
        weights = given.pop("weights")
        if not Sweep(models[0], names, weights, given, Store(results_dir), out).run(watch, force):
            ctx.exit(COULD_NOT_RUN)
        return
    from ganbench.cli.progress import Bars
    from ganbench.engine import run

    bars = Bars()
    try:
        records = run(models, names, **given, results_dir=results_dir, reporter=bars)
    finally:
        bars.close()
    if record is not None:  # before anything is printed, as standard output may be full or gone
        write(record, records[0].to_json().encode())
    console = Terminal(width=WIDEST)
    for made in records:
        _show(console, made, Store(results_dir).path(made))
    if record is not None:
        console.print(f"record: {record}", soft_wrap=True)
    if bars.failures:
        complain(f"{len(bars.failures)} of the metrics failed: {', '.join(bars.failures)}.")
        ctx.exit(COULD_NOT_RUN)


def _check_record(path: Path, models: tuple[str, ...], store: Store, force: bool) -> None:
    """Refuse, before any work, a record file for several models, or one that cannot be written."""
    if len(models) > 1:
        raise BadInputError(f"expected one --model with --record {path}, found {len(models)}: run them one by one.")
    folder = store.folder.resolve()
    if path.resolve() in (folder, *folder.parents):  # perhaps not yet
        raise BadInputError(f"expected a file for --record, found a folder of the results: {path}; name a file in it.")
    check_folder(path.parent, [path.name], force)


def _show(console: Terminal, record: RunRecord, path: Path) -> None:
    console.print(_table(record))
    notes = record.data.get("notes", []) if record.data else []
    notes = [*(f"reals: {known}" for known in [stored_reals(record)] if known), *notes]
    for told in [*record.missing.values(), *notes, *(f"warning: {told}" for told in record.warnings)]:
        console.print(told, soft_wrap=True)
    console.print(f"record: {path}", soft_wrap=True)


def _table(record: RunRecord) -> Table:
    table = Table(title=caption(record), title_justify="left")
    reals = any("reals" in result.errors for result in record.results)
    bias = any(result.bias is not None for result in record.results)
    extra = [name for name, there in ((OF_REALS, reals), ("bias", bias)) if there]
    for name in ("metric", _head(record), "better", "samples", "extractor", *extra):
        table.add_column(name, justify="left" if name in ("metric", "better", "extractor") else "right")
    for result in record.results:
        table.add_row(
            result.key,
            _value(result),
            _direction(result),
            f"{result.count:,}" if result.count else "",
            ", ".join(filter(None, (result.extractor, protocol(record, result).divisor))) or "-",
            *(_two_digits(result.errors.get("reals") if name != "bias" else result.bias) for name in extra),
        )
    for name in record.missing:
        table.add_row(name, "-")
    return table


def _head(record: RunRecord) -> str:
    """Return the heading of the values, which says what is after ±."""
    levels = dict.fromkeys(f"{100 * each.interval['level']:g} %" for each in record.results if each.interval)
    return f"value {_plus_minus()} {'/'.join(levels)}" if levels else "value"


def _plus_minus() -> str:
    return "±" if can_show("±") else "+-"


def _two_digits(error: float | None) -> str:
    return "" if error is None else f"{error:.2g}"


def _value(result: Result) -> str:
    """Return a number with half of its interval, and its unit."""
    ((value, half),) = shown([Cell.of(result)]) if result.interval else ((f"{result.value:.5g}", ""),)
    return " ".join(filter(None, (value, half and f"{_plus_minus()} {half}", result.unit)))


def _direction(result: Result) -> str:
    words = {True: "↑ higher", False: "↓ lower", None: ""}[result.higher_is_better]
    return words if can_show(words) else words[2:]
