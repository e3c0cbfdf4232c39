"""Names of results: their short forms, and their form in tables."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence

from ganbench.errors import UnknownNameError
from ganbench.printable import quoted

_ABBREVIATION = re.compile(r"s?fid|kid|is|pr|ppl2?|ls|eqt|eqr|lpips|ssim|psnr|l1")


def title(key: str) -> str:
    """Return a key as papers print it: ``FID50k`` for ``fid50k``, ``PPL2_wend@5k`` for ``ppl2_wend@5k``."""
    return re.sub(rf"^({_ABBREVIATION.pattern})(?![a-z])", lambda match: match[0].upper(), key)


def countless(key: str) -> str:
    """Return a key without its sample count: ``fid_full`` for ``fid50k_full``, ``ppl2_wend`` for ``ppl2_wend@5k``."""
    return re.sub(r"(?<=[a-z])\d+k|@\d+[km]?", "", key)


def matching(name: str, keys: Mapping[str, str]) -> list[str]:
    """Return the keys that a name stands for, in order.

    The first of these rules that matches any key decides: the name is the key, its metric, the key without its count,
    or the beginning of the key (``ppl`` of ``ppl2_wend``, ``pr`` of ``pr50k3_precision`` and ``pr50k3_recall``).

    Args:
        name: as typed.
        keys: key -> the metric it comes from.

    Raises:
        UnknownNameError: no key matches; the message suggests the nearest.
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
        f"unknown result {quoted(name)}: {nearest(name, list(keys), [countless(key) for key in keys])}"
    )


def nearest(name: str, choices: Sequence[str], more: Sequence[str] = ()) -> str:
    """Return the end of a sentence about an unknown name: the nearest names, or else all known ones."""
    near = difflib.get_close_matches(name, dict.fromkeys([*choices, *more]), n=3)
    return f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(choices) or 'none'}."


def _begins(key: str, name: str) -> bool:
    """Return whether a key begins with a name and goes on with another part: not ``fid5`` of ``fid50k``."""
    rest = key.removeprefix(name)
    return bool(name) and rest != key and not rest[:1].isalpha() and not (name[-1].isdecimal() and rest[:1].isdecimal())
