"""What translations of the embedded weights keep of their source: slant and width, seen over sources of one digit."""

import pytest
import torch
from torch import Tensor

import ganbench
from baselines.digits import classifier, dataset


def shapes(images: Tensor) -> dict[str, Tensor]:
    """Return slant, width and thickness of strokes of ``[N, 1, 32, 32]`` images, -1..1, by the moments of their ink."""
    ink = (images[:, 0].double().clamp(-1, 1) + 1) / 2
    y, x = torch.meshgrid(torch.arange(32.0).double(), torch.arange(32.0).double(), indexing="ij")
    mass = ink.sum((1, 2))
    mean_x, mean_y = ((axis * ink).sum((1, 2)) / mass for axis in (x, y))
    dx, dy = x - mean_x[:, None, None], y - mean_y[:, None, None]
    xx, yy, xy = (((product * ink).sum((1, 2)) / mass) for product in (dx * dx, dy * dy, dx * dy))
    contour = ink.diff(dim=1).abs().sum((1, 2)) + ink.diff(dim=2).abs().sum((1, 2))
    return {"slant": xy / yy, "width": xx.sqrt(), "thickness": mass / contour}


def within(values: Tensor, labels: Tensor) -> Tensor:
    """Return values less the mean of their digit, so that a digit's own shape does not count."""
    return values - torch.stack([values[labels == digit].mean() for digit in range(10)]).nan_to_num()[labels]


def correlation(a: Tensor, b: Tensor) -> float:
    return float(torch.corrcoef(torch.stack([a, b]))[0, 1])


def test_shapes_of_drawn_strokes() -> None:
    """A bar is as wide as drawn, leans as it is shifted by row, and a thicker one is thicker."""
    bars = torch.full((3, 1, 32, 32), -1.0)
    bars[0, 0, 8:24, 14:18] = 1
    bars[1, 0, 8:24, 12:20] = 1
    for row in range(8, 24):
        bars[2, 0, row, row - 2 : row + 2] = 1
    found = shapes(bars)
    assert found["width"][:2].tolist() == pytest.approx([(15 / 12) ** 0.5, (63 / 12) ** 0.5])  # uniform over 4 and 8
    assert found["slant"].tolist() == pytest.approx([0, 0, 1], abs=1e-9)
    assert found["thickness"][1] > found["thickness"][0]


@torch.no_grad()
def test_translations_keep_slant_and_width_and_become_their_target() -> None:
    model = ganbench.load_model("starganv2")
    digits = dataset.load("test")
    sources, labels = digits.images.float() / 127.5 - 1, digits.labels
    z = torch.randn(2, model.latent_dim, generator=torch.Generator().manual_seed(0))
    kept: dict[str, list[float]] = {"slant": [], "width": []}
    for target in (0, 3, 8):
        others = labels != target
        before = shapes(sources[others])
        for one in z:
            style = model.style_from_latent(one.expand(int(others.sum()), -1), target)
            images = model.translate(sources[others], target, style)
            pixels = ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
            assert (classifier.load()(pixels).argmax(1) == target).double().mean() > 0.98
            after = shapes(images)
            for name, found in kept.items():
                found.append(correlation(*(within(each[name], labels[others]) for each in (before, after))))
    assert sum(kept["slant"]) / 6 > 0.3
    assert sum(kept["width"]) / 6 > 0.15
