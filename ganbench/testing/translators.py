"""The laws of translators of images; part of ``check_model``."""

from typing import Any

import torch
from torch import Tensor

from ganbench.inputs.generated import FARTHEST
from ganbench.rng import Streams
from ganbench.testing.laws import Laws
from ganbench.testing.tolerances import ALONE
from ganbench.types import MaskedTranslator, PartialTranslator, Sized, StyleTranslator, Translator

BATCH = 3


def check_translator(laws: Laws, model: Translator, resolution: int) -> None:
    """Check the laws of a translator; for arguments see ``check_model``."""
    laws.hold(len(set(model.domains)) == len(model.domains) > 1, "it has domains", "two or more names", model.domains)
    targets = model.targets if isinstance(model, PartialTranslator) else model.domains
    laws.hold(bool(targets) and set(targets) <= set(model.domains), "targets are domains", model.domains, targets)
    if isinstance(model, MaskedTranslator):
        laws.hold(isinstance(model.needs_masks, bool), "needs_masks is a bool", "True or False", model.needs_masks)
    x = _images(model, resolution)
    for target in targets[:3]:
        style = _check_style(laws, model, x, target) if isinstance(model, StyleTranslator) else None
        _check_translation(laws, model, x, target, style)
    if len(targets) > 1 and not isinstance(model, StyleTranslator):
        one, other = (model.translate(x, target) for target in targets[:2])
        laws.hold(not torch.equal(one, other), "other targets give other images", "others", "the same")


def _images(model: Translator, resolution: int) -> Tensor:
    size, channels = resolution, 3
    if isinstance(model, Sized):
        size, channels = model.img_resolution or size, model.img_channels or channels
    return Streams(0, tuple(range(BATCH))).uniform("image", (channels, size, size)) * 2 - 1


def _check_translation(laws: Laws, model: Translator, x: Tensor, target: str, style: Tensor | None) -> None:
    before = x.clone()
    found = model.translate(x, target, style)
    laws.equal(before, x, "images are left as they are")
    laws.tensor(found, (BATCH, None, *x.shape[2:]), "translations are as large as the images")
    laws.hold(found.shape[1] in (1, 3), "translations are greyscale or RGB", "1 or 3 channels", found.shape[1])
    far = float(found.abs().max())
    laws.hold(far <= FARTHEST, "translations are nominally in -1..1", f"no value beyond +-{FARTHEST:g}", f"{far:.4g}")
    laws.equal(found, model.translate(x, target, style), "equal images give equal translations")
    index = model.domains.index(target)
    laws.equal(found, model.translate(x, index, style), "a target is a name or its place among the domains")
    part = model.translate(x[1:2], target, None if style is None else style[1:2])
    laws.close(found[1:2], part, "a translation does not depend on its batch", ALONE)


def _check_style(laws: Laws, model: StyleTranslator, x: Tensor, target: str) -> Tensor:
    """Check the styles of a target domain, and return those from latents."""
    z = Streams(0, tuple(range(BATCH))).normal("z", (model.latent_dim,))
    given: tuple[tuple[str, Any, Tensor], ...] = (
        ("style_from_latent", model.style_from_latent, z),
        ("style_from_reference", model.style_from_reference, x),
    )
    for name, compute, rows in given:
        style = compute(rows, target)
        laws.tensor(style, (BATCH, model.style_dim), f"{name} returns [N, style_dim]")
        laws.equal(style, compute(rows, model.domains.index(target)), f"{name} takes a name or an index")
        laws.close(style[1:2], compute(rows[1:2], target), f"{name} does not depend on the batch", ALONE)
        laws.hold(not torch.equal(style[0], style[1]), f"{name} of other rows is another style", "another", "the same")
    style = model.style_from_latent(z, target)
    one, other = (model.translate(x, target, it) for it in (style, style.flip(0)))
    laws.hold(not torch.equal(one, other), "another style gives another translation", "another", "the same")
    return style
