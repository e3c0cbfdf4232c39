"""``ganbench list recipes``: what can be trained by name, with settings and published results."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ganbench import registry
from ganbench.cli.output import say
from ganbench.errors import GanbenchError
from ganbench.types import Recipe

NAME = re.compile(r"(?P<data>[a-z0-9-]*?)-?(?P<size>32|64|128|256|512|1024)(-.*)?")
# Recipes whose names do not say what they are for: data, and resolution.
NAMED = {
    "stylegan2": ("ffhq", "1024"),
    "paper256": ("ffhq, lsun", "256"),
    "paper512": ("afhq, brecahad", "512"),
    "paper1024": ("metfaces", "1024"),
    "cifar": ("cifar10", "32"),
    "auto": ("your own", "any"),
}
OWN = ("", "small")  # what names of recipes for one's own images begin with
HEAD = ("model", "recipe", "data", "resolution", "batch", "kimg", "gamma", "published FID")


@dataclass(frozen=True)
class Row:
    """A recipe with what is shown of it."""

    model: str
    recipe: Recipe
    cells: tuple[str, ...]


def show_recipes(long: bool, failures: list[GanbenchError]) -> None:
    """Print a table of all recipes, and with ``long`` all settings of each; collect errors of broken packages."""
    found = list(rows(failures))
    widths = [max(map(len, column)) for column in zip(HEAD, *(row.cells for row in found), strict=True)]
    for cells in (HEAD, *(row.cells for row in found)):
        say("  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip())
    for row in found if long else ():
        say("")
        say(f"{row.model} {row.recipe.name}")
        for name, value in row.recipe.settings.items():
            say(f"  {name} = {_as_toml(value)}")


def rows(failures: list[GanbenchError]) -> Iterator[Row]:
    """Yield the recipes that run here, by model."""
    from ganbench.models.base import adapter_of

    for model in registry.names("models"):
        try:
            recipes = adapter_of(model).recipes
        except GanbenchError as error:  # one broken package must not hide the others
            failures.append(error)
            continue
        yield from (Row(model, recipe, _cells(model, recipe)) for recipe in recipes.values() if _runs(recipe))


def _runs(recipe: Recipe) -> bool:
    """Return whether a recipe can run here; masks for a high-pass skip are not to be had."""
    return not recipe.settings.get("w_hpf")


def _cells(model: str, recipe: Recipe) -> tuple[str, ...]:
    from ganbench.benchmarks.of_recipes import published_fid

    data, size = _purpose(recipe.name)
    settings, row = recipe.settings, published_fid(model, recipe.name)
    fid = "" if row is None else f"{row.value:g} ({row.confidence}{_differs(row.variant)})"
    if not settings:
        return model, recipe.name, data, size, "", "", "", fid
    batch, gamma = (_short(settings.get(name)) for name in ("batch", "r1_gamma"))
    return model, recipe.name, data, size, batch, _length(settings), gamma, fid


def _differs(variant: str) -> str:
    """Return how what a published number is of differs from the recipe; "" if it does not."""
    return ", config B" if "config-b" in variant else ", with --conditional" if "conditional" in variant else ""


def _length(settings: Mapping[str, Any]) -> str:
    """Return the length of a run in thousands of images, or in the epochs or steps that it is told in."""
    if settings.get("kimg") is not None:
        return _short(settings["kimg"])
    if "n_epochs" in settings:
        return f"{settings['n_epochs'] + settings['n_epochs_decay']} epochs"
    return f"{settings['num_iters']} steps" if "num_iters" in settings else ""


def _purpose(name: str) -> tuple[str, str]:
    """Return data and resolution that a recipe is for, by its name."""
    if name in NAMED:
        return NAMED[name]
    match = NAME.fullmatch(name)
    if match is None:
        return "", ""
    return "your own" if match["data"] in OWN else match["data"], match["size"]


def _short(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, int | float) else str(value)


def _as_toml(value: Any) -> str:
    """Return a value as a recipe file has it, or "none", which it cannot have."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_as_toml(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_as_toml, value)) + "]"
    return "none" if value is None else repr(value).replace("'", '"')
