"""The whole page."""

from collections.abc import Sequence
from dataclasses import dataclass

from ganbench.records.record import RunRecord, utc_now
from ganbench.records.table import Lookup
from ganbench.records.truncation import is_study
from ganbench.report import breakdown, numbers, studies
from ganbench.report.figures import Figure
from ganbench.report.groups import grouped
from ganbench.report.markup import slug, tag, text
from ganbench.report.provenance import provenance
from ganbench.report.style import STYLE

NAMED = 4  # models in a heading at most
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"  # the browser itself refuses any request


@dataclass(frozen=True)
class Portrait:
    """What a model makes, or why that is not shown.

    Attributes:
        label: of the model.
        figures: its pictures.
        html: more, such as plots; made by ``ganbench.report`` itself.
        missing: a sentence for each thing left out.
    """

    label: str
    figures: Sequence[Figure] = ()
    html: str = ""
    missing: Sequence[str] = ()


def page(
    records: Sequence[RunRecord],
    portraits: Sequence[Portrait] = (),
    title: str = "",
    published: Lookup | None = None,
) -> str:
    """Return the page of records as HTML that refers to nothing outside of itself.

    Args:
        records: at least one; those of one model oldest first.
        portraits: pictures of models, in order.
        title: heading; by default the names of the models.
        published: gives the published number of a result's protocol, and its source.
    """
    models = list(dict.fromkeys(record.model["name"] for record in records))
    title = title or _title(models)
    sections = _sections(records, portraits, published)
    links = "".join(tag("li", tag("a", text(name), href=f"#{slug(name)}")) for name, _ in sections)
    many = "record" if len(records) == 1 else "records"
    days = sorted(record.created[:10] for record in records)
    said = f"{len(records)} {many} of {days[0]}" + (f" to {days[-1]}" if days[-1] != days[0] else "")
    benchmarks = ", ".join(dict.fromkeys(record.benchmark for record in records))
    header = tag("h1", text(title)) + tag("p", text(f"{said}, benchmark {benchmarks}."), class_="soft")
    header += tag("nav", tag("ul", links), aria_label="Sections")
    main = "".join(tag("section", tag("h2", text(name), id=slug(name)) + html) for name, html in sections)
    footer = tag("p", text(f"Written by ganbench {records[-1].ganbench} on {utc_now()[:10]}."), class_="soft")
    body = tag("header", header) + tag("main", main) + tag("footer", footer)
    return f'<!DOCTYPE html>\n<html lang="en">{tag("head", _head(title))}{tag("body", body)}</html>\n'


def _title(models: Sequence[str]) -> str:
    if len(models) > NAMED:
        return f"{len(models)} models"
    return f"{', '.join(models[:-1])} and {models[-1]}" if len(models) > 1 else models[0]


def _head(title: str) -> str:
    return "".join(
        [
            tag("meta", charset="utf-8"),
            tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("link", rel="icon", href="data:,"),
            tag("title", text(f"{title}: ganbench report")),
            f"<style>{STYLE}</style>",
        ]
    )


def _sections(
    records: Sequence[RunRecord], portraits: Sequence[Portrait], published: Lookup | None
) -> list[tuple[str, str]]:
    """Return the sections, each a heading and its content."""
    found = []
    for group in grouped(records, published):
        html = numbers.table(group) + numbers.compared(group) + breakdown.breakdowns(group)
        found.append((f"Numbers: {group.title}", html))
    found += [(_study(record, records), studies.truncations(record)) for record in records if is_study(record)]
    for (model, benchmark), keyed in studies.snapshots([r for r in records if not is_study(r)]).items():
        found.append((f"Over training: {model}, {benchmark}", studies.over_training(keyed)))
    found += [(f"Pictures: {portrait.label}", _portrait(portrait)) for portrait in portraits]
    return [*found, ("Provenance and how to repeat", "".join(map(provenance, records)))]


def _portrait(portrait: Portrait) -> str:
    missing = "".join(tag("p", text(sentence), class_="note") for sentence in portrait.missing)
    return "".join(figure.html() for figure in portrait.figures) + portrait.html + missing


def _study(record: RunRecord, records: Sequence[RunRecord]) -> str:
    """Return the heading of a study of truncation, with the record's id where there are several of one model."""
    name = record.model["name"]
    several = sum(is_study(other) and other.model["name"] == name for other in records) > 1
    return f"Truncation: {name}" + (f", record {record.id[:8]}" if several else "")
