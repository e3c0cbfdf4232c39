from typing import Any

import pytest

from ganbench import registry
from ganbench.cli.summaries import summary
from ganbench.errors import BadInputError
from tests.cli.command_line import ganbench


@pytest.mark.parametrize("kind", registry.KINDS)
def test_every_name_is_listed(kind: str) -> None:
    done = ganbench("list", kind)
    assert done.exit_code == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(registry.names(kind))
    assert "`" not in done.stdout


def test_without_a_kind_everything_is_listed() -> None:
    done = ganbench("list")
    for kind in registry.KINDS:
        assert f"{kind}:\n" in done.stdout
    assert "  waves " in done.stdout


@pytest.mark.parametrize("kind", registry.KINDS)
def test_long_imports_and_tells_more(kind: str) -> None:
    done = ganbench("list", kind, "--long")
    assert done.exit_code == 0, done.stderr
    assert len(done.stdout) >= len(ganbench("list", kind).stdout)


def test_long_tells_parameters_recipes_and_short_names() -> None:
    assert "lower is better; version 1" in ganbench("list", "metrics", "--long").stdout
    assert "recipes: " in ganbench("list", "models", "--long").stdout
    assert "short names: fid = " in ganbench("list", "benchmarks", "--long").stdout


def test_a_summary_is_the_description_or_the_documentation() -> None:
    assert summary("benchmarks", "toy") == "waves against stripes"
    assert summary("data", "stripes") == "Return the stripes; they come in one variant."
    assert summary("models", "waves").startswith("A third party's package")
    assert summary("models", "no such model") == ""


def test_no_control_character_of_anothers_making_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "names", lambda kind: ("x\x1b[2J\u202e",))
    done = ganbench("list")
    assert done.exit_code == 0
    assert done.stdout.replace("\n", "").isprintable()
    assert "  x\\x1b[2J\\u202e\n" in done.stdout


def test_a_package_that_cannot_be_imported_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    load = registry.load

    def broken(kind: str, name: str) -> Any:
        if name == "stylegan2":
            raise BadInputError("models 'stylegan2' (x:y) cannot be imported: no.")
        return load(kind, name)

    wanted = ganbench("list", "models", "--long").stdout
    monkeypatch.setattr(registry, "load", broken)
    done = ganbench("list", "models", "--long")
    assert done.exit_code == 2
    assert done.stderr == "ganbench: models 'stylegan2' (x:y) cannot be imported: no.\n"
    assert set(done.stdout.splitlines()) < set(wanted.splitlines())
    assert len(done.stdout.splitlines()) == len(wanted.splitlines()) - 2
