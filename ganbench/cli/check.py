"""``ganbench check``: the regression gate."""

import os
from pathlib import Path

import click

from ganbench.cli import options
from ganbench.cli.files import check_folder, write
from ganbench.cli.group import Choice, Verb, sentences
from ganbench.cli.output import complain, say
from ganbench.errors import BadInputError, GanbenchError
from ganbench.records import compare_formats
from ganbench.records.check import Check, check, is_same_run, newest_of_model, replace_baseline
from ganbench.records.check_formats import FORMATS, annotations, junit, markdown
from ganbench.records.compare import compare
from ganbench.records.protocol import caption
from ganbench.records.record import RunRecord
from ganbench.records.store import Store, read
from ganbench.records.tolerances import parse_tolerances


@click.command(
    cls=Verb,
    examples=(
        "ganbench check --baseline baseline.json --max-regression fid=2%",
        "ganbench check --baseline baseline.json --max-regression fid50k=0.5 --max-regression eqt=1% record.json",
        "ganbench check --baseline baseline.json --max-regression fid=2% --junit gate.xml record.json",
        "ganbench check --baseline baseline.json --update-baseline record.json",
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
@click.option("--format", "form", type=Choice(tuple(FORMATS)), default="text", metavar="[text|markdown|json]",
              help="Format of the verdict.  [default: text]")  # fmt: skip
@click.option(
    "--junit", "xml", type=click.Path(path_type=Path), help="Also write the verdict to this file, as JUnit XML."
)
@click.option(
    "--update-baseline", is_flag=True, help="Make the record the baseline, and say what changes, judging nothing."
)
@options.results_dir
@click.pass_context
def command(
    ctx: click.Context,
    record: Path | None,
    baseline: Path,
    tolerances: tuple[str, ...],
    form: str,
    xml: Path | None,
    update_baseline: bool,
    results_dir: Path | None,
) -> None:
    """Compare a record with a baseline: exit 1 if a number is worse by more than is tolerated and by more than chance.

    RECORD is a file; the default is the record of the baseline's model from the newest run in the results folder. A
    number that is worse than tolerated has regressed if the 95 % interval of the difference excludes 0; without
    intervals, as in old records, the tolerance decides alone. The same weights and seed draw the same samples, so that
    nothing is left to chance. Exit 2 if the two cannot be compared: nothing was measured since the baseline, or it was
    measured differently. Within GitHub Actions, the numbers that fail are annotated, and the summary of the job has
    them all.
    """
    if update_baseline:
        _update(record, baseline, results_dir, [*tolerances, *([str(xml)] if xml else [])])
        return
    if xml is not None:
        check_folder(xml.parent, [xml.name], force=True)
    try:
        found = _checked(record, baseline, tolerances, results_dir)
    except GanbenchError as error:
        _publish(Check(f"{baseline}", problem=" ".join(sentences(error))), xml)
        raise
    for each in found.remarks:
        complain(each)
    click.echo(FORMATS[form](found), nl=False)
    _publish(found, xml)
    ctx.exit(found.exit_code)


def _checked(record: Path | None, baseline: Path, tolerances: tuple[str, ...], results_dir: Path | None) -> Check:
    allowed = parse_tolerances(tolerances)
    before = read(baseline)
    return check(before, _newer(record, before, results_dir), allowed, str(baseline))


def _newer(record: Path | None, before: RunRecord, results_dir: Path | None) -> RunRecord:
    return read(record) if record else newest_of_model(before.model["name"], Store(results_dir))


def _publish(found: Check, xml: Path | None) -> None:
    """Write what was found where continuous integration looks for it."""
    if xml is not None:
        write(xml, junit(found).encode())
    if os.environ.get("GITHUB_ACTIONS"):
        for annotation in annotations(found):
            click.echo(annotation, err=True)  # the runner reads both streams, and the other may be JSON
        _summarise(markdown(found))


def _summarise(text: str) -> None:
    """Append to the summary of a job; that it cannot be written changes no verdict."""
    if not (summary := os.environ.get("GITHUB_STEP_SUMMARY")):
        return
    try:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
    except OSError as error:
        complain(f"the summary {summary} cannot be written ({error.strerror}).")


def _update(record: Path | None, baseline: Path, results_dir: Path | None, unused: list[str]) -> None:
    """Replace the baseline, whole or not at all, by a record, and print how the two differ."""
    if unused:
        raise BadInputError(
            f"expected --update-baseline without options of judging, found {' and '.join(unused)}: leave one out."
        )
    before = read(baseline) if os.path.lexists(baseline) else None
    if before is None and record is None:
        raise BadInputError(f"expected a RECORD for the new baseline {baseline}, found none: name the file of one.")
    now = _newer(record, before, results_dir) if before else read(record or baseline)
    if before and is_same_run(before, now):
        say(f"{baseline} is of this run already: nothing changed.")
        return
    replace_baseline(baseline, now)
    if before:
        click.echo(compare_formats.text([compare(before, now)]), nl=False)
    say(f"{baseline} {'is now' if before else 'is new:'} {caption(now)}, {now.created}.")
