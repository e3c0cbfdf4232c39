"""``ganbench compare``: two records, or two folders of them, side by side."""

from pathlib import Path

import click

from ganbench.cli.files import write
from ganbench.cli.group import COULD_NOT_RUN, Choice, Verb
from ganbench.cli.output import complain
from ganbench.errors import BadInputError
from ganbench.records.compare import Comparison, Finding, compare, pairs
from ganbench.records.compare_formats import FORMATS
from ganbench.records.record import RunRecord
from ganbench.records.store import newest_first, read

REGRESSION = 1


@click.command(
    cls=Verb,
    examples=(
        "ganbench compare before.json after.json",
        "ganbench compare results-main results-branch --format markdown --output comparison.md",
        "ganbench compare before.json after.json --fail-on worse",
    ),
)
@click.argument("first", metavar="A", type=click.Path(path_type=Path))
@click.argument("second", metavar="B", type=click.Path(path_type=Path))
@click.option("--format", "form", type=Choice(tuple(FORMATS)), default="text", metavar="[text|markdown|json]",
              help="Format of the comparison.  [default: text]")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path), help="File to write instead of printing.")
@click.option("--fail-on", type=Choice(("worse",)), metavar="worse", help="Exit 1 if a number of B is worse.")
@click.pass_context
def command(ctx: click.Context, first: Path, second: Path, form: str, output: Path | None, fail_on: str | None) -> None:
    """Compare two records: the difference of each number, its 95 % interval, and what differs in provenance.

    A and B are record files, or folders of records, of which the newest of each model are compared. A number of B is
    better or worse if the interval of the difference excludes 0. The interval is paired where both records hold the
    numbers of the same pairs of domains; all others are unpaired, because a record does not hold what two models of
    one seed have in common. Exit 2 if no number compares, or if a file of a folder is not a readable record.
    """
    skipped: list[BadInputError] = []
    found, remarks = pairs(*(_records(path, skipped) for path in (first, second)))
    comparisons = [compare(*pair) for pair in found]
    shown = FORMATS[form](comparisons)
    if output is None:
        click.echo(shown, nl=False)
    else:
        write(output, shown.encode())
    for sentence in (*remarks, *map(str, skipped)):
        complain(sentence)
    ctx.exit(_exit_code(comparisons, fail_on, skipped))


def _records(path: Path, skipped: list[BadInputError]) -> list[RunRecord]:
    """Return the records of a file, or of a folder in the order of writing; a folder's broken files are skipped."""
    if not path.is_dir():
        return [read(path)]
    inner = path / "records"
    files = newest_first((inner if inner.is_dir() else path).glob("*.json"))
    found = []
    for file in reversed(files):
        try:
            found.append(read(file))
        except BadInputError as error:
            skipped.append(error)
    if not found:
        what = f"found {len(files)} files that cannot be read, such as {files[0]}" if files else "found none"
        raise BadInputError(f"expected records in {path}, {what}: make one with `ganbench run`, or name another.")
    return found


def _exit_code(comparisons: list[Comparison], fail_on: str | None, skipped: list[BadInputError]) -> int:
    numbers = [number for one in comparisons for number in one.numbers]
    if fail_on == "worse" and any(number.worse for number in numbers):
        return REGRESSION
    findings = {number.finding for number in numbers}
    return COULD_NOT_RUN if skipped or findings <= {Finding.UNKNOWN} else 0
