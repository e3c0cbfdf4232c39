"""``ganbench check``: the regression gate."""

from pathlib import Path

import click

from ganbench.cli import options
from ganbench.cli.group import Verb
from ganbench.cli.output import complain, say
from ganbench.errors import BadInputError
from ganbench.records.check import exit_code, is_same_run, judge, newest_of_model, remarks
from ganbench.records.protocol import caption
from ganbench.records.store import Store, read
from ganbench.records.tolerances import parse_tolerances


@click.command(
    cls=Verb,
    examples=(
        "ganbench check --baseline baseline.json --max-regression fid=2%",
        "ganbench check --baseline baseline.json --max-regression fid50k=0.5 --max-regression eqt=1% record.json",
    ),
)
@click.argument("record", required=False, type=click.Path(path_type=Path))
@click.option("--baseline", required=True, type=click.Path(path_type=Path), help="Record to compare with.")
@click.option(
    "--max-regression",
    "tolerances",
    multiple=True,
    metavar="NAME=AMOUNT",
    help="How much worse a number may be: 2% of the baseline, or 0.5 in its unit; may be repeated.",
)
@options.results_dir
@click.pass_context
def command(
    ctx: click.Context, record: Path | None, baseline: Path, tolerances: tuple[str, ...], results_dir: Path | None
) -> None:
    """Compare a record with a baseline: exit 1 if a number is worse by more than is tolerated, else 0.

    RECORD is a file; the default is the record of the baseline's model from the newest run in the results folder. Exit
    2 if the two cannot be compared: nothing was measured since the baseline, or it was measured differently.
    """
    allowed = parse_tolerances(tolerances)
    before = read(baseline)
    now = read(record) if record else newest_of_model(before.model["name"], Store(results_dir))
    if is_same_run(before, now):
        raise BadInputError(
            f"expected a record newer than the baseline, found one of the same run: {baseline}; measure again with "
            "`ganbench run`, or name another RECORD."
        )
    for remark in remarks(before, now):
        complain(remark)
    say(f"{caption(now)}, {now.created}, against {baseline}")
    judgements = judge(before, now, allowed)
    for judgement in judgements:
        say(str(judgement))
    ctx.exit(exit_code(judgements))
