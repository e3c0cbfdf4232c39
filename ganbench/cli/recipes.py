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
    """Return whether ``--recipe`` names a file, and not a recipe."""
    return recipe.endswith(".toml")


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
    try:
        content = path.read_bytes()[: LARGEST + 1]
        table = tomllib.loads(content.decode()) if len(content) <= LARGEST else {}
    except OSError as error:
        raise BadInputError(
            f"expected a recipe file, found {path}, which cannot be read ({error.strerror}): check its name."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
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


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested tables as dotted names and values."""
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def from_file(adapter: "Adapter", path: Path, data: "Dataset") -> "Recipe":
    """Return the recipe in a TOML file, under the file's name.

    Raises:
        BadInputError: the file cannot be used, or names an unknown setting.
        UnknownNameError: its base is unknown.
    """
    from ganbench.types import Recipe

    base, changes = in_file(path)
    if base is not None and base not in adapter.recipes:
        raise registry.unknown("recipes", base, adapter.recipes)
    start = adapter.chosen(base, data) if base is not None else Recipe("")
    return Recipe(path.stem, adapter.changed(start, changes).settings)
