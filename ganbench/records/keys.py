"""Names of results: how people shorten them, and how tables print them."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence

from ganbench.errors import UnknownNameError

_ABBREVIATION = re.compile(r"fid|kid|is|pr|ppl2?|ls|eqt|eqr|lpips")


def title(key: str) -> str:
    """Return a key as papers print it: ``fid50k`` is ``FID50k``, ``ppl2_wend@5k`` is ``PPL2_wend@5k``."""
    return re.sub(rf"^({_ABBREVIATION.pattern})(?![a-z])", lambda match: match[0].upper(), key)


def countless(key: str) -> str:
    """Return a key without the sample count: ``fid50k_full`` is ``fid_full``, ``ppl2_wend@5k`` is ``ppl2_wend``."""
    return re.sub(r"(?<=[a-z])\d+k|@\d+[km]?", "", key)


def matching(name: str, keys: Mapping[str, str]) -> list[str]:
    """Return the keys that a name stands for, in order.

    The first rule that finds any decides: the key itself, the metric, the key without its count, the beginning of a key
    (``ppl`` is ``ppl2_wend``, ``pr`` is ``pr50k3_precision`` and ``pr50k3_recall``).

    Args:
        name: as typed.
        keys: key -> the metric it comes from.

    Raises:
        UnknownNameError: none is meant; the message suggests the nearest.
    """
    rules: tuple[Callable[[str], bool], ...] = (
        lambda key: key == name,
        lambda key: keys[key] == name,
        lambda key: countless(key) == name,
        lambda key: _begins(key, name),
    )
    for rule in rules:
        if found := [key for key in keys if rule(key)]:
            return found
    raise UnknownNameError(
        f"there is no result {name!r}: {nearest(name, list(keys), [countless(key) for key in keys])}"
    )


def nearest(name: str, choices: Sequence[str], more: Sequence[str] = ()) -> str:
    """Return the end of a sentence on an unknown name: what was probably meant, or else all there is."""
    near = difflib.get_close_matches(name, dict.fromkeys([*choices, *more]), n=3)
    return f"did you mean {' or '.join(near)}?" if near else f"there is {', '.join(choices) or 'none at all'}."


def _begins(key: str, name: str) -> bool:
    """Return whether a key begins with a name and goes on with a new part, so ``fid5`` is not ``fid50k``."""
    rest = key.removeprefix(name)
    return bool(name) and rest != key and not rest[:1].isalpha() and not (name[-1].isdecimal() and rest[:1].isdecimal())
