"""What the gate found, as text, Markdown, JSON, JUnit XML, and annotations of GitHub Actions.

Names come from files of others: each format escapes them, so that they show as they are.
"""

from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree

from ganbench.printable import inert, printable
from ganbench.records.cells import as_json, in_markdown, markdown_table, number
from ganbench.records.check import Check, Judgement, Verdict
from ganbench.records.difference import fields

HEAD = ("number", "baseline", "now", "change", "interval", "tolerated", "verdict", "why")
LEVELS = {Verdict.WORSE: "error", Verdict.UNKNOWN: "error", Verdict.CHANCE: "warning"}
MOST_ANNOTATIONS = 10  # that GitHub shows of a step


def text(check: Check) -> str:
    """Return a line for each number, after one that says what is compared."""
    return "".join(f"{inert(printable(line))}\n" for line in (check.title, *map(str, check.judgements)))


def markdown(check: Check) -> str:
    """Return a heading, a table of the numbers, and the remarks."""
    rows = [HEAD, *map(_row, check.judgements)]
    remarks = [check.problem] if check.problem else check.remarks
    parts = [f"### ganbench check: {check.verdict.value}", in_markdown(check.title)]
    parts += ["\n".join(markdown_table(rows))] if check.judgements else []
    return inert("\n\n".join([*parts, *map(in_markdown, remarks)])) + "\n"


def json(check: Check) -> str:
    """Return an object with the verdict, the exit code, and all that is known of each number."""
    judgements = [_plain(judgement) for judgement in check.judgements]
    head = {"verdict": check.verdict.value, "exit_code": check.exit_code, "title": check.title}
    return as_json({**head, "remarks": list(check.remarks), "judgements": judgements})


def junit(check: Check) -> str:
    """Return a test suite with a case for each number: regressions failed, what cannot be judged is an error."""
    cases = [_case(judgement) for judgement in check.judgements]
    if check.problem:
        cases = [_with_outcome(ElementTree.Element("testcase", _names("check")), "error", check.problem, check.problem)]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
    }
    root = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": "ganbench check", **counts})
    suite.extend(cases)
    if check.remarks:
        ElementTree.SubElement(suite, "system-out").text = "\n".join(map(printable, check.remarks))
    ElementTree.indent(root)
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content.decode() + "\n"


def annotations(check: Check) -> list[str]:
    """Return the annotations of a step: an error for each number that fails it, a warning for each that chance may."""
    if check.problem:
        return [annotation("error", "ganbench check: cannot judge", check.problem)]
    order = list(LEVELS)
    told = [judgement for judgement in check.judgements if judgement.verdict in LEVELS]
    told.sort(key=lambda judgement: order.index(judgement.verdict))
    return [
        annotation(LEVELS[judgement.verdict], f"{judgement.name}: {judgement.verdict.value}", str(judgement))
        for judgement in told[:MOST_ANNOTATIONS]
    ]


def annotation(level: str, title: str, message: str) -> str:
    """Return a command that has GitHub's runner show a message: ``::error title=fid50k::...``.

    Source: GitHub, Workflow commands for GitHub Actions; ``escapeData`` and ``escapeProperty`` of its toolkit.
    """
    return f"::{level} title={_escaped(title, '%:,')}::{_escaped(message, '%')}"


def _escaped(text: str, special: str) -> str:
    """Return a text with the characters that end a part of a command spelt out; line breaks already are."""
    return "".join(f"%{ord(each):02X}" if each in special else each for each in printable(text))


FORMATS: Mapping[str, Callable[[Check], str]] = {"text": text, "markdown": markdown, "json": json}


def _row(judgement: Judgement) -> list[str]:
    found = judgement.difference
    name = f"{judgement.name} ({judgement.details})" if judgement.details else judgement.name
    values = [
        number(judgement.baseline),
        number(judgement.now),
        str(found) if found else "-",
        found.ends if found else "-",
    ]
    return [name, *values, str(judgement.tolerance), judgement.verdict.value, judgement.reason]


def _plain(judgement: Judgement) -> dict[str, Any]:
    return {
        "name": judgement.name,
        "verdict": judgement.verdict.value,
        "baseline": judgement.baseline,
        "now": judgement.now,
        **fields(judgement.difference),
        "tolerated": str(judgement.tolerance),
        "reason": judgement.reason,
        "details": judgement.details,
    }


def _names(name: str) -> dict[str, str]:
    return {"classname": "ganbench.check", "name": printable(name)}


def _case(judgement: Judgement) -> ElementTree.Element:
    case = ElementTree.Element("testcase", _names(judgement.name))
    kinds = {Verdict.WORSE: "failure", Verdict.UNKNOWN: "error"}
    if judgement.verdict in kinds:
        return _with_outcome(case, kinds[judgement.verdict], judgement.reason, str(judgement))
    ElementTree.SubElement(case, "system-out").text = printable(str(judgement))
    return case


def _with_outcome(case: ElementTree.Element, kind: str, reason: str, told: str) -> ElementTree.Element:
    ElementTree.SubElement(case, kind, {"message": printable(reason)}).text = printable(told)
    return case
