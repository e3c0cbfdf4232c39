"""``ganbench check``: the regression gate."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from ganbench.cli import options
from ganbench.cli.files import check_folder, write
from ganbench.cli.group import COULD_NOT_RUN, Choice, Verb, sentences
from ganbench.cli.output import complain, say
from ganbench.errors import BadInputError, GanbenchError
from ganbench.records import compare_formats
from ganbench.records.check import Check, check, is_same_run, newest_of_model, remarks, replace_baseline
from ganbench.records.check_formats import FORMATS, annotations, junit, markdown
from ganbench.records.compare import compare
from ganbench.records.protocol import caption
from ganbench.records.record import RunRecord
from ganbench.records.sequential import judge_sequentially
from ganbench.records.store import Store, read
from ganbench.records.tolerances import parse_tolerances

Skip = Callable[[BadInputError], None]
# Options of the baseline's run that its looks decide, and names of arguments of `ganbench.run` that are no options.
NOT_REPEATED = frozenset({"metrics", "limit", "models", "results_dir", "reporter", "command"})


@click.command(
    cls=Verb,
    examples=(
        "ganbench check --baseline baseline.json --max-regression fid=2%",
        "ganbench check --baseline baseline.json --max-regression fid50k=0.5 --max-regression eqt=1% record.json",
        "ganbench check --baseline baseline.json --max-regression fid=2% --junit gate.xml record.json",
        "ganbench check --baseline baseline.json --max-regression fid=2% --sequential --weights new.safetensors",
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
@click.option(
    "--sequential",
    is_flag=True,
    help="Measure as the baseline was, at its growing sample counts, up to the first that decides.",
)
@click.option("--model", help="Model to measure with --sequential.  [default: the baseline's]")
@click.option("--weights", help="Checkpoint to measure with --sequential.  [default: the baseline's]")
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
    sequential: bool,
    model: str | None,
    weights: str | None,
    results_dir: Path | None,
) -> None:
    """Compare a record with a baseline: exit 1 if a number is worse by more than is tolerated and by more than chance.

    RECORD is a file; the default is the record of the baseline's model from the newest run in the results folder. A
    number that is worse than tolerated has regressed if the 95 % interval of the difference excludes 0; without
    intervals, as in old records, the tolerance decides alone. The same weights and seed draw the same samples, so that
    nothing is left to chance. Exit 2 if the two cannot be compared: nothing was measured since the baseline, or it was
    measured differently. Records in the results folder that cannot be read are reported and passed over, and nothing
    passes then: the exit code is 2 in place of 0. Within GitHub Actions, the numbers that fail are annotated, and the
    summary of the job has them all.
    """
    _check_options(record, update_baseline, sequential, {"--model": model, "--weights": weights})
    if update_baseline:
        _update(record, baseline, results_dir, [*tolerances, *([str(xml)] if xml else [])])
        return
    if xml is not None:
        check_folder(xml.parent, [xml.name], force=True)
    skipped: list[BadInputError] = []
    try:
        if sequential:
            found = _sequentially(baseline, tolerances, model, weights, results_dir)
        else:
            found = _checked(record, baseline, tolerances, results_dir, skipped.append)
    except GanbenchError as error:
        _publish(Check(f"{baseline}", problem=" ".join(sentences(error))), xml)
        raise
    _publish(found, xml)  # before anything is printed, as standard output may be full or gone
    for each in (*found.remarks, *map(str, skipped)):
        complain(each)
    click.echo(FORMATS[form](found), nl=False)
    # What was passed over may be of the newest run, so that a verdict on an older one lets nothing pass.
    ctx.exit(found.exit_code or (COULD_NOT_RUN if skipped else 0))


def _checked(
    record: Path | None, baseline: Path, tolerances: tuple[str, ...], results_dir: Path | None, skip: Skip
) -> Check:
    allowed = parse_tolerances(tolerances)
    before = read(baseline)
    return check(before, _newer(record, before, results_dir, skip), allowed, str(baseline))


def _check_options(record: Path | None, update: bool, sequential: bool, given: Mapping[str, str | None]) -> None:
    """Refuse combinations of options that make no sense."""
    for name, value in given.items():
        if value is not None and not sequential:
            raise BadInputError(f"expected --sequential with {name} {value}, found none: add it, or name a RECORD.")
    if sequential and (record is not None or update):
        found = record if record is not None else "--update-baseline"
        raise BadInputError(f"expected --sequential alone, as it measures by itself, found {found}: leave one out.")


def _sequentially(
    baseline: Path, tolerances: tuple[str, ...], model: str | None, weights: str | None, results_dir: Path | None
) -> Check:
    """Return what the gate says of a model, measured for it with the options of the baseline."""
    allowed, before = parse_tolerances(tolerances), read(baseline)
    name = model or _without_code(before.model["name"])
    given = {key: value for key, value in before.options.get("given", {}).items() if key not in NOT_REPEATED}
    if weights is not None or model is not None:
        given = {**given, "weights": weights, "entry": None}
    records: list[RunRecord] = []

    def measure(names: list[str]) -> RunRecord:
        from ganbench.cli.progress import Bars
        from ganbench.engine import run

        bars = Bars()
        try:
            records.extend(run([name], names, **given, results_dir=results_dir, reporter=bars))
        finally:
            bars.close()
        return records[-1]

    judgements = judge_sequentially(before, measure, allowed)
    title = f"{caption(records[-1])}, {records[-1].created}, against {baseline}"
    return Check(title, judgements, remarks(before, records[-1]))


def _without_code(name: str) -> str:
    """Return the name of a model, unless its code would be run: a record is data, and may be by anyone."""
    from ganbench.models.base import adapter_of

    if adapter_of(name).runs_code:
        raise BadInputError(
            f"expected a model that is only read, found {name} in the baseline, whose code would be run: if you trust "
            f"it, add --model {name}."
        )
    return name


def _newer(record: Path | None, before: RunRecord, results_dir: Path | None, skip: Skip | None = None) -> RunRecord:
    return read(record) if record else newest_of_model(before.model["name"], Store(results_dir), skip)


def _publish(found: Check, xml: Path | None) -> None:
    """Write what was found where continuous integration looks for it."""
    if xml is not None:
        write(xml, junit(found).encode())
    if os.environ.get("GITHUB_ACTIONS"):
        _summarise(markdown(found))
        for annotation in annotations(found):
            click.echo(annotation, err=True)  # the runner reads both streams, and the other may be JSON


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
