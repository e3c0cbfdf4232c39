"""What the README says, holds."""

import doctest
import re
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"


def section(title: str) -> str:
    match = re.search(rf"^## {title}\n(.*?)(?=^## )", README.read_text(), re.MULTILINE | re.DOTALL)
    assert match, f"the README has no section {title!r}"
    return match[1]


def test_adding_a_model_and_a_metric_works_as_shown() -> None:
    examples = section("Add a model") + section("Add a metric")
    parsed = doctest.DocTestParser().get_doctest(examples.replace("```", "\n"), {}, "README", str(README), 0)
    assert len(parsed.examples) >= 10
    outcome = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(parsed)
    assert outcome.failed == 0


def test_each_fits_on_a_screen() -> None:
    for title in ("Add a model", "Add a metric"):
        assert section(title).count("\n") <= 48


def test_every_verb_shown_exists() -> None:
    from ganbench.cli import main

    shown = set(re.findall(r"^(?:\S*/)?ganbench +([a-z]+)", README.read_text(), re.MULTILINE))
    assert {"run", "plan", "train", "generate", "table", "check"} <= shown
    assert shown <= set(main.verbs)
