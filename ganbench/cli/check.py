"""``ganbench check``: the regression gate."""

from pathlib import Path

import click

from ganbench.cli import options
from ganbench.cli.group import Verb
from ganbench.records.check import exit_code, judge, newest_like, parse_tolerances
from ganbench.records.record import RunRecord
from ganbench.records.store import Store, by_age, read


@click.command(
    cls=Verb,
    examples=(
        "ganbench check --baseline baseline.json --max-regression fid=2%",
        "ganbench check --baseline baseline.json --max-regression fid50k=0.5 --max-regression eqt=1% record.json",
    ),
)
@click.argument("record", required=False, type=click.Path(path_type=Path))
@click.option("--baseline", required=True, type=click.Path(path_type=Path), help="The record to compare with.")
@click.option(
    "--max-regression",
    "tolerances",
    multiple=True,
    metavar="NAME=AMOUNT",
    help="How much worse a number may be: 2% of the baseline, or 0.5 in its own unit. May be repeated.",
)
@options.results_dir
@click.pass_context
def command(
    ctx: click.Context, record: Path | None, baseline: Path, tolerances: tuple[str, ...], results_dir: Path | None
) -> None:
    """Compare a record with a baseline: exit 1 if a number got worse by more than is tolerated, 0 if none did.

    RECORD is a file; without it, the newest record of the baseline's model and benchmark in the results folder. Exits 2
    when it cannot judge: nothing to compare, or numbers measured in different ways.
    """
    allowed = parse_tolerances(tolerances)
    before = read(baseline)
    now = read(record) if record else newest_like(before, _records(Store(results_dir), baseline))
    if now.id == before.id:
        click.echo("ganbench: the baseline and the record are of the same run.", err=True)
    click.echo(f"{now.model['name']} on {now.benchmark}, {now.created}, against {baseline}")
    judgements = judge(before, now, allowed)
    for judgement in judgements:
        click.echo(str(judgement))
    ctx.exit(exit_code(judgements))


def _records(store: Store, baseline: Path) -> list[RunRecord]:
    """Return what the baseline may be compared with: every record but the baseline's own file."""
    return by_age(read(path) for path in store.files() if not path.samefile(baseline))
