"""``ganbench explain``: why two numbers differ."""

from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from ganbench.cli import options
from ganbench.cli.console import Terminal
from ganbench.cli.group import Verb
from ganbench.cli.output import say

if TYPE_CHECKING:
    from ganbench.explain import Explanation, Question

WIDEST = 1000  # columns; a narrower terminal wraps lines


@click.command(
    cls=Verb,
    examples=(
        "ganbench explain samples 12.4 --data ffhq-256.zip --metric fid",
        "ganbench explain samples other-samples",
        "ganbench explain samples.zip other-samples.zip --data ffhq-256.zip --also-data ffhq-256-test.zip",
        "ganbench explain samples 12.4 --data ffhq-256.zip --try resize,divisor",
        "ganbench explain baseline.json record.json --metric fid",
    ),
)
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option("--metric", help="Metric of features: fid, kid, is, pr, or their full names.  [default: fid]")
@click.option("--data", help="Real images to compare A with, and B if it is images.")
@click.option("--also-data", multiple=True, help="Other real images to try, such as another split; may be repeated.")
@click.option(
    "--try",
    "kinds",
    help="Kinds to try, separated by commas: divisor, resize, quantiser, jpeg, halved, mirror, "
    "count, extractor.  [default: all]",
)
@click.option("--benchmark", help="Measuring protocol.  [default: stylegan3]")
@click.option("--extractor", help="Network whose features are compared: NAME or NAME:FILE.  [default: the benchmark's]")
@click.option("--limit", type=options.Count(), help="Largest sample count.")
@click.option("--batch-size", type=options.Whole(1, 2**20), help="Images in work at once; changes speed, not numbers.")
@options.device
def command(
    first: str, second: str, metric: str | None, also_data: tuple[str, ...], kinds: str | None, **given: Any
) -> None:
    """Find out why two numbers differ: how much of the gap each of the usual causes closes.

    A and B are records (.json), images (a folder, a zip or a name) or numbers, and one of them may be a number. For two
    records, it lists the differences, then changes one at a time from A towards B. Images beside a record are measured
    as the record says. Two sets of images are both compared with --data; without it, they are compared with each other,
    and the gap is their distance. If their sizes differ, the larger images are reduced by every filter.

    It tries other resize filters, divisors of covariances and quantisers to 8 bits, JPEG, halving and enlarging, mirror
    images, halves and other counts, other splits, and other extractors whose weights are here. Each filter and each
    JPEG quality takes another pass of the extractor: on a CPU, choose some with --try. Finished work is cached, so
    repeating the command is quick.
    """
    from ganbench.cli.progress import Bars
    from ganbench.engine.options import Options
    from ganbench.explain import Measurer, Tries, ask, operand

    chosen = Options.of(**given)
    tries = Tries(options.names(kinds), also_data)
    question = ask(operand(first), operand(second), metric, chosen, tries)
    bars = Bars()
    try:
        answer = question.answer(Measurer(chosen, bars))
    finally:
        bars.close()
    _show(question, answer)


def _show(question: "Question", answer: "Explanation | None") -> None:
    console = Terminal(width=WIDEST)
    if question.differences:
        console.print(_differences(question))
    for note in question.notes:
        say(f"not tried: {note}")
    for remark in question.remarks:
        say(remark)
    if answer is None:
        say("The number of A cannot be measured here, so only the differences are shown.")
        return
    say(f"{answer.key} is {answer.value:.6g} here, and the number to explain is {answer.target:.6g}.")
    recorded = question.recorded
    if recorded is not None and abs(recorded - answer.value) > 1e-6 * abs(recorded):
        say(f"The record has {recorded:.6g}, which differs slightly from what is measured here.")
    if answer.tried:
        console.print(_tried(answer))
    for name, reason in answer.lost.items():
        say(f"not tried: {name}: {reason}")
    say(answer.verdict)


def _differences(question: "Question") -> Table:
    table = Table("differs", "A", "B", box=None, pad_edge=False)
    for each in question.differences:
        table.add_row(each.what, each.first, each.second)
    return table


def _tried(answer: "Explanation") -> Table:
    table = Table("alternative", box=None, pad_edge=False)
    for name in (answer.key, "change", "closes"):
        table.add_column(name, justify="right")
    for each in answer.tried:
        table.add_row(each.name, f"{each.value:.6g}", f"{each.change:+.3g}", f"{round(100 * each.closed)} %")
    return table
