"""Labels of domains: one-hot, or attributes such as CelebA's, of which an image has several.

A domain of attributes is a whole label. It is called after its attributes: first the hair colour, which excludes the
others, then every other attribute with ``+`` or ``-`` for whether the image has it, as in ``Black_Hair+Male-Young``.

Source: Choi et al., StarGAN (CVPR 2018), section 5.2, and what the authors' code makes of the attributes.
"""

import re
from collections.abc import Sequence
from itertools import product

CELEBA = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Male", "Young")
HAIR = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair")  # of these, a target has one

Label = tuple[int, ...]


def name_of(label: Sequence[int], attributes: Sequence[str]) -> str:
    """Return what the domain of a label is called.

    Args:
        label: 0 or 1 for each attribute.
        attributes: their names.
    """
    pairs = list(zip(attributes, label, strict=True))
    hair = [f"+{name}" for name, has in pairs if has and name in HAIR]
    others = [f"{'+' if has else '-'}{name}" for name, has in pairs if name not in HAIR]
    return "".join(hair + others).removeprefix("+") or "none"


def label_of(name: str, attributes: Sequence[str]) -> Label:
    """Return the label of the domain of a name; an attribute that is not mentioned is 0.

    Args:
        name: such as ``Black_Hair+Male-Young``; the order does not matter.
        attributes: that may be mentioned, in the order of the label.

    Raises:
        ValueError: the name mentions another attribute, or one twice.
    """
    found: dict[str, int] = {}
    for sign, attribute in re.findall(r"([+-]?)([^+-]+)", "" if name == "none" else name):
        if attribute not in attributes or attribute in found:
            known = ", ".join(attributes)
            raise ValueError(
                f"expected the domain {name!r} to be called after the attributes {known}, each at most once, found "
                f"{attribute!r}: write for example {name_of([1] * len(attributes), attributes)}."
            )
        found[attribute] = int(sign != "-")
    return tuple(found.get(attribute, 0) for attribute in attributes)


def combinations(attributes: Sequence[str]) -> list[Label]:
    """Return the labels that the authors' code makes: at most one hair colour, and all else on or off.

    The order is that of counting with 1 before 0, so that every attribute's yes comes before its no.
    """
    hair = [place for place, name in enumerate(attributes) if name in HAIR]
    labels = product((1, 0), repeat=len(attributes))
    return [label for label in labels if sum(label[place] for place in hair) <= 1]


def changed(label: Sequence[int], place: int, attributes: Sequence[str]) -> Label:
    """Return the label with one attribute changed: that hair colour in place of any other, any other attribute flipped.

    Args:
        label: of the source.
        place: of the attribute.
        attributes: names of all.

    Source: the targets for which the authors' code translates a test image, one for each attribute.
    """
    if attributes[place] not in HAIR:
        return tuple(int(not has) if each == place else int(has) for each, has in enumerate(label))
    pairs = enumerate(zip(attributes, label, strict=True))
    return tuple(int(each == place) if name in HAIR else int(has) for each, (name, has) in pairs)
