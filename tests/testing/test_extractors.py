"""Extractors that break one law each."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor
from toygan import Pool
from toygan.translators import Knowing

from ganbench.testing import check_extractor
from tests.testing.broken import fails


def changed(base: type[Any] = Pool, **members: Any) -> Any:
    return type("Changed", (base,), members)()


def layers(change: Any) -> Any:
    """A pool whose layers are changed by a function of layers and images."""
    return changed(__call__=lambda self, images: change(dict(Pool.__call__(self, images)), images))


class Resizing(Pool):
    input_size = 8


class Double(Pool):
    """Whose float64 twin is another network."""

    def to(self, device: str, float64: bool = False) -> Any:
        return changed(__call__=lambda self, images: {k: v + 1 for k, v in Pool.__call__(self, images).items()})


class DoubleEmbedding(Pool):
    """Whose float64 twin embeds otherwise."""

    def to(self, device: str, float64: bool = False) -> Any:
        return changed(embed=lambda self, images: Pool.embed(self, images) + 1) if float64 else self


class Turning(Pool):
    """Which its float64 twin changes."""

    turned = 0.0

    def to(self, device: str, float64: bool = False) -> Any:
        self.turned = 1.0
        return Pool()

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        return {name: rows + self.turned for name, rows in super().__call__(images).items()}


def embedding(change: Any) -> Any:
    return changed(embed=lambda self, images: change(Pool.embed(self, images)))


def logits(change: Any) -> Any:
    return changed(attribute_logits=lambda self, images: change(Pool.attribute_logits(self, images)))


def segments(change: Any) -> Any:
    return changed(Knowing, segment=lambda self, images: change(Knowing.segment(self, images)))


def darkened(rows: Mapping[str, Tensor], images: Tensor) -> Mapping[str, Tensor]:
    images.zero_()
    return rows


def drawn(rows: Mapping[str, Tensor], images: Tensor) -> Mapping[str, Tensor]:
    torch.rand(1)
    return rows


def centred(rows: Tensor) -> Tensor:
    return rows - rows.mean(0)


def each(change: Any) -> Any:
    return layers(lambda rows, images: {name: change(value) for name, value in rows.items()})


COLOURS = Knowing.palette


@pytest.mark.parametrize(
    ("extractor", "words"),
    [
        (object(), "it follows Extractor: expected all members of the protocol, found no layers, name, resolution"),
        (changed(name=""), "it has a name"),
        (changed(sha256="abc"), "sha256 is of its weights"),
        (changed(layers={"features": 0, "probabilities": 16}), "layers have a number of features"),
        (changed(Resizing, input_size=0), "input_size is in pixels"),
        (changed(Resizing, resolution=48), "an extractor that resizes takes images of any size"),
        (layers(darkened), "images are left as they are"),
        (layers(lambda rows, images: list(rows.values())), "a call returns layers by name"),
        (changed(layers={"features": 16}), "the layers that it declares are those that it returns"),
        (
            changed(layers={"features": 16, "probabilities": 9, "spatial": 4}),
            "the layer probabilities is as wide as declared",
        ),
        (each(lambda rows: rows * float("nan")), "as wide as declared and finite"),
        (each(Tensor.double), "the layer features is float32"),
        (layers(lambda rows, images: {k: v + images.shape[1] for k, v in rows.items()}), "grey images are RGB images"),
        (Double(), "the float64 twin agrees in features"),
        (Turning(), "the layer features of the same images is the same"),
        (
            each(lambda rows: rows + torch.arange(float(len(rows)))[:, None]),
            "the layer features of an image does not depend on",
        ),
        (layers(drawn), "no global random state is touched"),
        (embedding(lambda rows: rows[0]), "embed returns [N, E]"),
        (embedding(lambda rows: rows / rows.norm(dim=1, keepdim=True)), "embed is defined for flat images"),
        (embedding(torch.zeros_like), "two different images have a perceptual distance"),
        (embedding(centred), "embed of an image does not depend on"),
        (embedding(Tensor.float), "the float64 twin embeds in float64"),
        (DoubleEmbedding(), "the float64 twin agrees in embed"),
        (changed(distances=lambda self, first, second: (first - second).flatten(1).norm(dim=1)), "are those of embed"),
        (logits(lambda rows: rows[:, :1]), "attribute_logits has one column per attribute"),
        (changed(attributes=("left", "left")), "attributes have different names"),
        (logits(centred), "attribute_logits of an image does not depend on"),
        (changed(Knowing, classes=("ant", "ant", "cat")), "classes have different names"),
        (changed(Knowing, classes=("ant", "bee")), "probabilities has one column per class"),
        (
            changed(
                Knowing, __call__=lambda self, x: {"probabilities": Knowing.__call__(self, x)["probabilities"] * 2}
            ),
            "probabilities add up to 1",
        ),
        (
            changed(
                Knowing, __call__=lambda self, x: {"probabilities": Knowing.__call__(self, x)["probabilities"] - 1}
            ),
            "probabilities are not negative",
        ),
        (segments(lambda found: found[:, :4]), "segment returns a class for each pixel"),
        (segments(Tensor.int), "classes of pixels are int64"),
        (segments(lambda found: found + 1), "pixels are of known classes"),
        (changed(Knowing, palette=COLOURS[:, :1]), "palette has one colour per row"),
        (changed(Knowing, palette=COLOURS[:2]), "each class has an 8-bit colour"),
        (changed(Knowing, palette=COLOURS[[0, 0, 1]]), "no two classes have the same colour"),
        (segments(lambda found: found.sort(0)[0]), "classes of pixels do not depend on the batch"),
    ],
)
def test_broken_ones_are_told(extractor: Any, words: str) -> None:
    with fails(words):
        check_extractor(extractor, resolution=32)
