"""Models that break one law each."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from toygan import Waves
from toygan.translators import Blur, Tint

from ganbench.testing import check_model
from tests.testing.broken import fails


def changed(base: type[Any] = Waves, *arguments: Any, **members: Any) -> Any:
    return type("Changed", (base,), members)(*arguments).eval()


def plain(self: Any, z: Tensor, c: Tensor | None = None) -> Tensor:
    return Waves.synthesis(self, Waves.mapping(self, z))


def images(change: Any) -> Any:
    """Waves whose images are changed by a function of images and latents."""
    return changed(forward=lambda self, z, c=None: change(Waves.forward(self, z, c), z))


def ws(change: Any) -> Any:
    """Waves whose ws are changed by a function of ws, and of mapping's arguments."""

    def mapping(self: Any, z: Tensor, c: Any = None, **truncation: Any) -> Tensor:
        return change(Waves.mapping(self, z, c, **truncation), z, **truncation)  # type: ignore[no-any-return]

    return changed(mapping=mapping, forward=plain)


def synthesized(change: Any) -> Any:
    """Waves whose synthesis is changed by a function of images, ws, and of synthesis' arguments."""

    def synthesis(self: Any, ws: Tensor, **how: Any) -> Tensor:
        return change(Waves.synthesis(self, ws, **how), ws, **how)  # type: ignore[no-any-return]

    return changed(synthesis=synthesis, forward=plain)


class Worn(Waves):
    """Whose copies change it."""

    def __deepcopy__(self, memo: Any) -> Any:
        copied = Waves()
        copied.load_state_dict(self.state_dict())
        self.frequencies.add_(1)
        return copied


class Drawn:
    """A generator, and no network, that keeps the last latents."""

    z_dim, c_dim, img_resolution, img_channels = 6, 0, 32, 1
    last = 0.0

    def __call__(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        found, self.last = Waves()(z) + self.last, float(z[0, 0])
        return found


class Samples:
    img_resolution, img_channels = 8, 1

    def __init__(self, change: Any = None) -> None:
        self.change = change or (lambda found, indices: found)

    def __len__(self) -> int:
        return 9

    def images(self, indices: Sequence[int]) -> Tensor:
        found = torch.stack([torch.full((1, 8, 8), index / 4 - 1) for index in indices])
        return self.change(found, indices)  # type: ignore[no-any-return]


def none(*_: Any) -> int:
    return 0


def overwritten(found: Tensor, given: Tensor, **_: Any) -> Tensor:
    given.zero_()
    return found


def random(found: Tensor, *_: Any, **__: Any) -> Tensor:
    return found + torch.rand_like(found) / 10


def centred(found: Tensor, *_: Any, **__: Any) -> Tensor:
    return found - found.mean(0) / 2


def noise_by_place(found: Tensor, ws: Tensor, noise_mode: str = "const", **_: Any) -> Tensor:
    return found + torch.arange(float(len(ws))).reshape(-1, 1, 1, 1) / 10 * (noise_mode == "random")


def noise_of_nowhere(found: Tensor, ws: Tensor, noise_mode: str = "const", **_: Any) -> Tensor:
    return random(found) if noise_mode == "random" else found


def without_cutoff(self: Any, z: Tensor, c: Any = None, truncation_psi: float = 1.0, **_: Any) -> Tensor:
    return Waves.mapping(self, z, c, truncation_psi=truncation_psi)


def training() -> Any:
    model = Waves()
    return model.train()


def transform(keep: Any) -> Any:
    return changed(set_transform=lambda self, matrix: Waves.set_transform(self, keep(matrix)))


def sticking() -> Any:
    """Waves that stay where they were moved to."""

    def set_transform(self: Any, matrix: Tensor) -> None:
        if not torch.equal(matrix, torch.eye(3)):
            Waves.set_transform(self, matrix)

    return changed(set_transform=set_transform)


def float64(change: Any) -> Any:
    return synthesized(lambda found, ws, **_: change(found) if ws.dtype == torch.float64 else found)


@pytest.mark.parametrize("model", [Waves().eval(), Tint().eval(), Blur().eval(), Samples()])
def test_good_ones_pass(model: Any) -> None:
    check_model(model)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (object(), "it follows one protocol"),
        (training(), "it is loaded in eval mode"),
        (changed(img_resolution=32, forward=lambda self, z, c=None: torch.zeros(4, 1, 8, 8)), "of the declared size"),
        (images(lambda found, z: (found * 100).long()), "images are floating point"),
        (images(lambda found, z: found * 100), "images are nominally in -1..1: expected no value beyond +-10"),
        (images(lambda found, z: found.abs()), "images are nominally in -1..1: expected some value below 0"),
        (images(lambda found, z: found / 0), "images are of the declared size and finite"),
        (images(overwritten), "latents are left as they are"),
        (images(lambda found, z: found[:1].expand_as(found)), "other latents give another image"),
        (images(centred), "an image does not depend on its batch"),
        (Drawn(), "equal latents give equal images"),
        (images(random), "equal latents give equal images"),
        (images(lambda found, z: found + 0 * torch.rand(1)), "no global random state is touched"),
        (changed(forward=plain, mapping=lambda self, z, c=None, **_: torch.zeros(len(z), 2, 6)), "mapping returns"),
        (ws(lambda ws, z, **_: ws * len(z)), "the w of a latent does not depend on its batch"),
        (ws(lambda ws, z, truncation_psi=None, **_: ws + (truncation_psi is not None)), "psi 1 truncates nothing"),
        (ws(lambda ws, z, truncation_psi=1.0, **_: ws * truncation_psi), "psi interpolates between w_avg and w"),
        (ws(lambda ws, z, truncation_psi=1.0, **_: ws + z[:, :1, None]), "psi 0 is w_avg for every latent"),
        (
            ws(lambda ws, z, truncation_cutoff=None, **_: ws + (truncation_cutoff is not None)),
            "a cutoff of 1 truncates the first layer",
        ),
        (changed(mapping=without_cutoff), "a cutoff of 1 leaves the other layers as they are"),
        (synthesized(lambda found, ws, **_: found[:, :, 1:]), "images with noise const are of the declared size"),
        (synthesized(random), "noise const is the same each time"),
        (synthesized(centred), "an image does not depend on its batch"),
        (synthesized(noise_of_nowhere), "noise comes from the streams alone"),
        (synthesized(noise_by_place), "random noise belongs to the image and not to its place in the batch"),
        (
            synthesized(
                lambda found, ws, noise_mode="const", **_: overwritten(found, ws) if noise_mode == "random" else found
            ),
            "ws are left as they are",
        ),
        (float64(Tensor.float), "the float64 twin makes float64 images"),
        (float64(lambda found: found * 1.1), "the float64 twin makes the same images"),
        (Worn().eval(), "making the float64 twin leaves the model as it is"),
        (transform(lambda matrix: matrix + torch.ones(3, 3) / 9), "the identity transforms nothing"),
        (transform(lambda matrix: torch.eye(3)), "a shift moves the image"),
        (transform(lambda matrix: matrix.reshape(-1, 3, 3)[-1]), "one transform an image does what each does alone"),
        (Samples(lambda found, indices: found[:, :, :4]), "samples are of the declared size"),
        (Samples(lambda found, indices: found.double()), "samples are float32"),
        (Samples(lambda found, indices: found * 2), "images are nominally in -1..1"),
        (Samples(lambda found, indices: found.sort(0)[0]), "sample i is image i in any order of indices"),
        (
            Samples(lambda found, indices: found * (0.5 if len(indices) == 1 else 1)),
            "sample i is image i in any order of indices",
        ),
        (type("Empty", (Samples,), {"__len__": none})(), "there are samples"),
    ],
)
def test_broken_ones_are_told(model: Any, words: str) -> None:
    with fails(words):
        check_model(model)


def test_a_transform_that_sticks_is_told() -> None:
    with fails("the transform can be taken back"):
        check_model(sticking())


def translating(base: Any, change: Any) -> Any:
    """A translator whose images are changed by a function of them, of the source images and of the target."""
    return changed(
        base,
        translate=lambda self, x, target, style=None: change(base.translate(self, x, target, style), x, target),
    )


def styleless(self: Any, x: Tensor, target: Any, style: Any = None) -> Tensor:
    return Blur.translate(self, x, target)


def styled(name: str, change: Any) -> Any:
    return changed(Tint, **{name: lambda self, x, target: change(getattr(Tint, name)(self, x, target), target)})


STYLES = ("style_from_latent", "style_from_reference")


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (changed(Blur, domains=("ant",)), "it has domains"),
        (changed(Blur, targets=("elk",)), "targets are domains"),
        (changed(Blur, needs_masks="no"), "needs_masks is a bool"),
        (translating(Blur, lambda found, x, target: overwritten(found, x)), "images are left as they are"),
        (translating(Blur, lambda found, x, target: found[:, :, 1:]), "translations are as large as the images"),
        (translating(Blur, lambda found, x, target: found.repeat(1, 2, 1, 1)), "translations are greyscale or RGB"),
        (translating(Blur, lambda found, x, target: found * 255), "translations are nominally in -1..1"),
        (translating(Blur, random), "equal images give equal translations"),
        (translating(Blur, lambda found, x, target: found * (target != 0)), "a target is a name or its place"),
        (translating(Blur, centred), "a translation does not depend on its batch"),
        (changed(Blur, index=lambda self, target: 0), "other targets give other images"),
        (changed(Tint, translate=styleless), "another style gives another"),
        *[(styled(name, lambda style, target: style[:, :2]), f"{name} returns [N, style_dim]") for name in STYLES],
        *[(styled(name, lambda style, target: style * (target != 0)), f"{name} takes a name") for name in STYLES],
        *[(styled(name, centred), f"{name} does not depend on the batch") for name in STYLES],
        *[(styled(name, lambda style, target: 0 * style), f"{name} of other rows is another") for name in STYLES],
    ],
)
def test_broken_translators_are_told(model: Any, words: str) -> None:
    with fails(words):
        check_model(model)
