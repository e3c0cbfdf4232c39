"""Training of the shipped digits classifier: ``python -m baselines.digits.train`` writes its weights.

All random numbers come from one seeded generator, and one thread computes, so that a machine gives the same bits each
time; machines with other vector units differ by rounding, which training amplifies.
"""

import argparse
import json
import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from baselines.digits import dataset
from baselines.digits.classifier import NUM_FEATURES, WEIGHTS, Classifier
from baselines.training.data import to_float


@dataclass(frozen=True)
class Recipe:
    """All settings of the training; written into the weights file.

    Attributes:
        seed: seed of all random numbers.
        epochs: number of times that each image is shown.
        batch_size: images per step.
        learning_rate: peak learning rate of AdamW, with a one-cycle schedule.
        weight_decay: weight decay of AdamW.
        shift: largest shift of the augmentation, as a fraction of the image width.
        angle: largest rotation, in radians.
        scale: largest change of size, as a power of two.
        noise: standard deviation of the added noise, for pixels 0..255.
        rebuild: weight of the decoder's mean squared error (images in -1..1), relative to the cross-entropy.
        ema: weight of the old averaged weights in one update.
    """

    seed: int = 0
    epochs: int = 80
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    shift: float = 0.08
    angle: float = 0.2
    scale: float = 0.15
    noise: float = 12.0
    rebuild: float = 2.0
    ema: float = 0.995


def train(recipe: Recipe, digits: dataset.Digits) -> Classifier:
    """Return a classifier trained on ``digits``, its weights averaged over the last steps."""
    random = torch.Generator().manual_seed(recipe.seed)
    with torch.device("meta"):  # the default initialisation would draw from the global random state
        classifier, decoder = Classifier(), nn.Linear(NUM_FEATURES, (dataset.RESOLUTION // 2) ** 2)
    initialise(classifier.to_empty(device="cpu"), random)
    initialise(decoder.to_empty(device="cpu"), random)
    average = deepcopy(classifier)
    steps = recipe.epochs * math.ceil(len(digits) / recipe.batch_size)
    parameters = [*classifier.parameters(), *decoder.parameters()]
    optimiser = torch.optim.AdamW(parameters, recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=steps)
    for images, labels in batches(recipe, digits, random):
        found = classifier.activations(images)
        target = to_float(F.avg_pool2d(images, 2).flatten(1))
        loss = F.cross_entropy(found.logits, labels) + recipe.rebuild * F.mse_loss(decoder(found.features), target)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            for kept, new in zip(average.parameters(), classifier.parameters(), strict=True):
                kept.lerp_(new, 1 - recipe.ema)
    return average.eval()


def initialise(module: nn.Module, random: torch.Generator) -> None:
    """Fill weights with He-normal draws from ``random`` and biases with zero."""
    for parameter in module.parameters():
        if parameter.ndim > 1:
            nn.init.kaiming_normal_(parameter, nonlinearity="relu", generator=random)
        else:
            nn.init.zeros_(parameter)


def batches(recipe: Recipe, digits: dataset.Digits, random: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield augmented float images in 0..255 and labels; every epoch visits each image once."""
    for _ in range(recipe.epochs):
        order = torch.randperm(len(digits), generator=random)
        for start in range(0, len(order), recipe.batch_size):
            chosen = order[start : start + recipe.batch_size]
            yield augment(recipe, digits.images[chosen].float(), random), digits.labels[chosen]


def augment(recipe: Recipe, images: Tensor, random: torch.Generator) -> Tensor:
    """Return ``[N, 1, 32, 32]`` float images, 0..255, each randomly shifted, rotated, scaled and made noisy."""
    count = len(images)
    draw = torch.rand([4, count], generator=random) * 2 - 1
    angle, size = draw[0] * recipe.angle, 2 ** (draw[1] * recipe.scale)
    cos, sin = torch.cos(angle) * size, torch.sin(angle) * size
    x, y = draw[2:] * 2 * recipe.shift  # grid_sample measures in half widths
    matrix = torch.stack([torch.stack([cos, -sin, x], 1), torch.stack([sin, cos, y], 1)], 1)
    grid = F.affine_grid(matrix, list(images.shape), align_corners=False)
    moved = F.grid_sample(images, grid, mode="bicubic", padding_mode="zeros", align_corners=False)
    return (moved + recipe.noise * torch.randn(images.shape, generator=random)).clamp(0, 255)


def accuracy(classifier: Classifier, digits: dataset.Digits) -> float:
    """Return the fraction of images, 0..1, whose largest logit is that of their class."""
    with torch.inference_mode():
        right = classifier(digits.images).argmax(1) == digits.labels
    return int(right.sum()) / len(digits)


def save(path: Path, classifier: Classifier, recipe: Recipe) -> None:
    """Write the weights, with a record of recipe, accuracies, data fingerprint and PyTorch version."""
    record = {
        "command": "python -m baselines.digits.train",
        "recipe": asdict(recipe),
        "train_sha256": dataset.SHA256["train"],
        "train_accuracy": accuracy(classifier, dataset.load("train")),
        "test_accuracy": accuracy(classifier, dataset.load("test")),
        "torch": torch.__version__,
    }
    # A single key, because safetensors writes several in varying order, and the file's sha256 must be reproducible.
    save_file(classifier.state_dict(), path, metadata={"record": json.dumps(record)})


def main() -> None:
    """Train the digits classifier and write its weights."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--out", type=Path, default=WEIGHTS, help="file to write (default: the shipped one)")
    path = parser.parse_args().out
    torch.set_num_threads(1)
    classifier = train(Recipe(), dataset.load("train"))
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, classifier, Recipe())
    print(f"test accuracy {accuracy(classifier, dataset.load('test')):.2%}: {path}")


if __name__ == "__main__":
    main()
