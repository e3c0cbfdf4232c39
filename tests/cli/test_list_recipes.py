"""The table of recipes."""

from typing import Any

import pytest

from ganbench import registry
from ganbench.benchmarks.of_recipes import ROWS, published_fid
from ganbench.errors import BadInputError
from ganbench.models.base import adapter_of
from tests.cli.command_line import ganbench


def table() -> dict[tuple[str, str], str]:
    done = ganbench("list", "recipes")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == "model recipe data resolution batch kimg gamma published FID".split()
    return {(line.split()[0], line.split()[1]): line for line in lines[1:]}


def test_every_recipe_that_runs_here_is_listed() -> None:
    found = table()
    wanted = {(model, name) for model in registry.names("models") for name in adapter_of(model).recipes}
    assert wanted - found.keys() == {("starganv2", "celebahq-256")}, "it needs masks of faces"
    assert found.keys() <= wanted
    for model in ("progan", "stylegan1", "stylegan2", "stylegan3", "cyclegan", "pix2pix", "stargan", "starganv2"):
        assert {(model, "small32"), (model, "small64"), (model, "digits32")} <= found.keys()


def test_a_row_says_what_is_trained_how_and_how_well() -> None:
    found = table()
    assert (
        found["stylegan3", "ffhq-1024-t"].split() == "stylegan3 ffhq-1024-t ffhq 1024 32 25000 32.8 2.79 (high)".split()
    )
    assert found["stylegan2", "ffhqu-256"].split() == "stylegan2 ffhqu-256 ffhqu 256 64 25000 1 5.14 (high)".split()
    assert found["stylegan2", "afhqv2-512"].endswith("4.62 (high, config B)")
    assert found["stylegan2", "paper256"].endswith("4.3 (med)")
    assert found["stylegan3", "256-r"].split() == "stylegan3 256-r your own 256 32 25000 2".split()
    assert found["stylegan2", "auto"].split() == "stylegan2 auto your own any".split()
    assert found["cyclegan", "horse2zebra-256"].split()[4:] == ["1", "200", "epochs", "77.2", "(high)"]
    assert found["stylegan2", "lsun-church-256"].split()[2:] == "lsun-church 256 32 88000 100 3.86 (high)".split()
    assert found["stylegan2", "cifar"].endswith("2.42 (high, with --conditional)")
    assert found["stylegan1", "cat-256"].endswith("8.53 (high)")
    assert found["progan", "lsun-cat-256"].endswith("37.52 (med)")
    assert found["stargan", "rafd-128"].endswith("16     200000 steps")


def test_every_row_of_published_numbers_exists_and_is_a_recipe() -> None:
    for model, recipe in ROWS:
        assert published_fid(model, recipe) is not None, (model, recipe)
        assert recipe in adapter_of(model).recipes
    assert published_fid("stylegan3", "digits32") is None


def test_long_shows_all_settings() -> None:
    text = ganbench("list", "recipes", "--long").stdout
    part = text.split("\nstylegan3 ffhq-1024-r\n")[1].split("\n\n")[0]
    assert "  r1_gamma = 32.8\n" in part
    assert "  betas = [0.0, 0.99]\n" in part
    assert "  mirror = true\n" in part
    assert "mapping_kwargs = {num_layers = 2}" in part


def test_a_package_that_cannot_be_imported_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    load = registry.load

    def broken(kind: str, name: str) -> Any:
        if name == "stylegan2":
            raise BadInputError("models 'stylegan2' (x:y) cannot be imported: no.")
        return load(kind, name)

    monkeypatch.setattr(registry, "load", broken)
    done = ganbench("list", "recipes")
    assert (done.exit_code, done.stderr) == (2, "ganbench: models 'stylegan2' (x:y) cannot be imported: no.\n")
    assert "stylegan3  auto" in done.stdout
