"""Recipes as they are typed: names and files, settings by ``--set``, and options that only the model knows."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganbench import registry
from ganbench.errors import BadInputError
from ganbench.printable import one_line

if TYPE_CHECKING:
    from ganbench.types import Adapter, Change, Dataset, Recipe

WORDS: Mapping[str, Any] = {"True": True, "False": False, "None": None}  # of Python, beside those of JSON
LARGEST = 2**20  # bytes of a recipe file
BASE = "base"  # key of a recipe file: name of the recipe that it changes


def is_file(recipe: str) -> bool:
    """Return whether ``--recipe`` names a file, TOML or the ``training_options.json`` of a run, and not a recipe."""
    return recipe.endswith((".toml", ".json"))


def name_of_file(path: Path) -> str:
    """Return the name of the recipe in a file: that of the file, or the one that a run's options note.

    Raises:
        BadInputError: the options cannot be read.
    """
    return path.stem if path.suffix == ".toml" else str(_options(path)["recipe"])


def in_pairs(texts: Iterable[str]) -> list["Change"]:
    """Return the settings in the values of ``--set``, such as ``r1_gamma=2,betas=[0,0.99]``.

    Raises:
        BadInputError: a part is not ``NAME=VALUE``.
    """
    return [_pair(part) for text in texts for part in parts(text)]


def parts(text: str) -> Iterator[str]:
    """Yield the parts of a text between commas outside of brackets and double quotes."""
    depth, quoted, start = 0, False, 0
    for place, letter in enumerate(text):
        quoted ^= letter == '"'
        depth += 0 if quoted else (letter in "[{") - (letter in "]}")
        if letter == "," and depth <= 0 and not quoted:
            yield text[start:place]
            start = place + 1
    yield text[start:]


def _pair(text: str) -> "Change":
    name, equals, value = text.strip().partition("=")
    if not (name and equals):
        raise BadInputError(
            f"expected --set NAME=VALUE, found {text!r:.60}: write for example --set g_lr=0.001, and a list as "
            "betas=[0,0.99]."
        )
    return _change(name.strip(), value_of(value.strip()), f"--set {name.strip()}")


def _change(name: str, value: Any, shown: str) -> "Change":
    from ganbench.types import Change  # late, since it imports torch, which help texts do without

    return Change(name, value, shown)


def value_of(text: str) -> Any:
    """Return the value of a text that is JSON, or a word of Python; else the text."""
    if text in WORDS:
        return WORDS[text]
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def in_arguments(arguments: Sequence[str]) -> list["Change"]:
    """Return the settings in arguments such as ``--gamma 2``, ``--gamma=2``, or ``--no_flip``, which is true.

    Raises:
        BadInputError: an argument is neither an option nor the value of one.
    """
    found: list[Change] = []
    left = list(arguments)
    while left:
        name, equals, text = left.pop(0).partition("=")
        if not name.startswith("--") or (len(name) < 4 and name != "--p"):
            raise BadInputError(f"expected options such as --gamma 2, found {name!r:.60}: leave it out, or name it.")
        if not equals:
            text = left.pop(0) if left and not left[0].startswith("--") else "true"
        found.append(_change(name.removeprefix("--"), value_of(text), name))
    return found


def in_file(path: Path) -> tuple[str | None, list["Change"]]:
    """Return the base recipe that a TOML file names, or None, and its settings.

    Raises:
        BadInputError: the file cannot be read, is not TOML, or has no settings.
    """
    content = _content(path)
    try:
        table = tomllib.loads(content.decode()) if len(content) <= LARGEST else {}
    except (ValueError, RecursionError) as error:  # of TOML, of its letters, or of a number of thousands of digits
        raise BadInputError(f"expected TOML in {path}, found an error ({one_line(str(error))}): correct it.") from None
    base = table.pop(BASE, None)
    if base is not None and not isinstance(base, str):
        raise BadInputError(
            f"expected the name of a recipe as {BASE} in {path}, found {base!r:.60}: write it in quotes."
        )
    if base is None and not table:
        raise BadInputError(
            f'expected settings in {path}, found none: write for example base = "auto" and r1_gamma = 2.'
        )
    return base, [_change(name, value, f"{name} in {path}") for name, value in _flat(table)]


def _content(path: Path) -> bytes:
    """Return at most one byte more than the largest recipe file has."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise BadInputError(
            f"expected a recipe file, found {path}, which cannot be read ({error.strerror}): check its name."
        ) from None


def _options(path: Path) -> dict[str, Any]:
    """Return the options in a ``training_options.json``, with the entries that a recipe needs."""
    content = _content(path)
    try:
        found = json.loads(content) if len(content) <= LARGEST else None
    except (ValueError, RecursionError):
        found = None
    kinds = {"model": str, "recipe": str, "seed": int, "recipe_settings": dict, "config": dict}
    tables = dict.fromkeys(("hardware", "given", "transfer"), dict)  # which a run may lack
    found = {**{name: {} for name in tables}, **found} if isinstance(found, dict) else {}
    if not all(isinstance(found.get(name), kind) for name, kind in {**kinds, **tables}.items()):
        raise BadInputError(
            f"expected the options of a run, found other content in {path}: give the training_options.json that a run "
            "wrote, or a TOML file."
        )
    return found


def _again(model: str, path: Path) -> "Recipe":
    """Return the recipe that a run was started with, its starting weights and what its adapter was told included.

    That a generator was conditional shows in its labels' size.
    """
    from ganbench.types import Recipe

    found = _options(path)
    if found["model"] != model:
        raise BadInputError(
            f"expected a run of {model}, found one of {found['model']!r:.60} in {path}: give --model "
            f"{found['model']!s:.60}, or another file."
        )
    conditional = bool(found["config"].get("z_dim") and found["config"].get("c_dim"))
    labels = {"conditional": True} if conditional else {}
    older = {"start": found["transfer"].get("source")}  # of runs whose options do not say it
    given = {name: value for name, value in {**older, **found["given"]}.items() if value is not None}
    return Recipe(
        found["recipe"], {**found["recipe_settings"], **found["hardware"], **given, "seed": found["seed"], **labels}
    )


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested tables as dotted names and values."""
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def from_file(adapter: "Adapter", model: str, path: Path, data: "Dataset") -> "Recipe":
    """Return the recipe in a TOML file, under the file's name, or that of a run in its ``training_options.json``.

    Raises:
        BadInputError: the file cannot be used, names an unknown setting, or is of a run of another model.
        UnknownNameError: its base is unknown.
    """
    from ganbench.types import Recipe

    if path.suffix == ".json":
        return _again(model, path)
    base, changes = in_file(path)
    if base is not None and base not in adapter.recipes:
        raise registry.unknown("recipes", base, adapter.recipes)
    start = adapter.chosen(base, data) if base is not None else Recipe("")
    return Recipe(path.stem, adapter.changed(start, changes).settings)
