"""What the README says, holds."""

import doctest
import re
from pathlib import Path
from typing import Any

import click
import pytest

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


def test_the_test_of_a_plug_in_passes_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = doctest.DocTestParser().get_examples(section("Add a metric"))
    module = "".join(example.source for example in examples if "measure" not in example.source)
    (tmp_path / "mypackage").mkdir()
    (tmp_path / "mypackage" / "__init__.py").touch()
    (tmp_path / "mypackage" / "metrics.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    shown = re.search(r"^```python\n(.*?)^```", section("Test your plug-in"), re.MULTILINE | re.DOTALL)
    assert shown
    names: dict[str, Any] = {}
    exec(shown[1], names)
    names["test_classes500_keeps_the_laws_of_metrics"]()


def test_every_check_is_shown() -> None:
    import ganbench.testing

    assert set(re.findall(r"`(check_\w+)`", section("Test your plug-in"))) == set(ganbench.testing.__all__)


def test_each_fits_on_a_screen() -> None:
    for title in ("Add a model", "Add a metric", "Test your plug-in"):
        assert section(title).count("\n") <= 48


def test_every_verb_shown_exists() -> None:
    from ganbench.cli import main

    shown = set(re.findall(r"^(?:\S*/)?ganbench +([a-z]+)", README.read_text(), re.MULTILINE))
    assert {"run", "plan", "train", "generate", "table", "check"} <= shown
    assert shown <= set(main.verbs)


DOCUMENTS = [README, *(README.parent / "results").glob("*.md"), *README.parent.glob("baselines/*/weights/README.md")]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(README.parent)))
def test_every_option_shown_exists(path: Path) -> None:
    """Settings of recipes, which `train` takes as options of every name, are held by its own tests."""
    from ganbench.cli import main

    context = click.Context(main)
    for verb, rest in re.findall(r"ganbench +([a-z]+) ([^`#\n]*)", path.read_text().replace("\\\n", " ")):
        command = main.get_command(context, verb)
        if command is None or verb == "train" or isinstance(command, click.Group):
            continue
        known = {
            name for parameter in command.get_params(context) for name in (*parameter.opts, *parameter.secondary_opts)
        }
        assert set(re.findall(r"(?<!\S)--[a-z][\w-]*", rest)) <= known, f"ganbench {verb} {rest}"
