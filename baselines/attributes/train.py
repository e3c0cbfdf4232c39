"""Training of attribute classifiers, all attributes at once.

Source: Karras et al. (CVPR 2019), appendix C: Adam at 1e-3 and cross-entropy, in minibatches of 8.
Deviation: minibatches of 32, and a learning rate that falls linearly to zero, because there are far fewer images; the
small recipe starts at 3e-3, which suits its narrow networks.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.attributes.networks import AttributeNetwork
from baselines.errors import TrainingError
from baselines.training.data import Batches, Images, to_float
from baselines.training.settings import BatchSize, Count, LearningRate, Number, Probability, Seed, building, check
from baselines.training.streams import seeded, stream

Progress = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Recipe:
    """All settings of the training; written into the weights file.

    Attributes:
        epochs: number of times that each image is shown.
        batch: images per step.
        lr: initial learning rate.
        mirror: whether to flip images left to right with probability 1/2.
        fmap_base, fmap_max: widths, as for ``AttributeNetwork``.
        holdout: share of the images that are held out from training, to measure the accuracy.
        seed: seed of the held-out images, the initial weights and the order of the images.
    """

    epochs: Number = 20
    batch: BatchSize = 32
    lr: LearningRate = 3e-3
    mirror: bool = False
    fmap_base: Count = 512
    fmap_max: Count = 64
    holdout: Probability = 0.1
    seed: Seed = 0


RECIPES: Mapping[str, Recipe] = {
    "small": Recipe(),
    "paper": Recipe(lr=1e-3, fmap_base=8192, fmap_max=512),
}


class Chosen:
    """A subset of images, as a sequence.

    Args:
        images: all images.
        indices: ``[N]`` int64, positions of the subset.
    """

    def __init__(self, images: Images, indices: Tensor) -> None:
        self.images, self.indices = images, indices.tolist()

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int, /) -> Tensor:
        return self.images[self.indices[index]]


def split(labels: Tensor, attributes: Sequence[str], holdout: float, seed: int) -> tuple[Tensor, Tensor]:
    """Return the sorted indices of the images to train on, and of a random share that is held out.

    Args:
        labels: ``[N, attributes]`` of 0 and 1.
        attributes: names of the attributes.
        holdout: share to hold out, at least one image.
        seed: seed of the draw.

    Raises:
        TrainingError: an attribute has the same value in all images of a part, so that it cannot be learned or tested.
    """
    order = torch.randperm(len(labels), generator=stream(seed, 0, "attributes/holdout"))
    held = max(1, round(len(labels) * holdout))
    parts = order[held:].sort().values, order[:held].sort().values
    for part, what in zip(parts, ("trained on", "held out"), strict=True):
        yes = labels[part].sum(0).tolist()
        single = [name for name, count in zip(attributes, yes, strict=True) if count in (0, len(part))]
        if single:
            raise TrainingError(
                f"expected both values of {single[0]} among the {len(part)} of {len(labels)} images {what}, found one: "
                "give more images, or another seed or share to hold out."
            )
    return parts


def train(
    images: Images, labels: Tensor, recipe: Recipe, *, device: str = "cpu", progress: Progress = lambda tick: None
) -> AttributeNetwork:
    """Return a trained network in eval mode, without gradients, on ``device``.

    Args:
        images: N images ``[C, R, R]`` uint8, 0..255, R a power of two.
        labels: ``[N, attributes]`` of 0 and 1, float32.
        recipe: the settings.
        device: device to train on.
        progress: called about twenty times, with ``kimg``, ``sec_per_kimg``, ``eta`` in seconds and ``losses``.

    Raises:
        SettingsError: a setting is of the wrong kind or out of range, or the network does not take this image size.
        TrainingError: images or labels are of the wrong kind, or the loss became infinite or NaN.
    """
    recipe, (channels, resolution, _) = check(recipe), images[0].shape
    with seeded(recipe.seed), building("the network"):
        network = AttributeNetwork(labels.shape[1], resolution, channels, recipe.fmap_base, recipe.fmap_max)
    network.to(device)
    batches = Batches(images, labels, min(recipe.batch, len(images)), recipe.seed, recipe.mirror)
    steps = max(1, batches.steps(len(images) * recipe.epochs))
    optimizer = torch.optim.Adam(network.parameters(), recipe.lr, betas=(0.0, 0.99), eps=1e-8)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, total_iters=steps)
    report = _reports(steps, batches.batch, progress)
    for step in range(steps):
        shown, wanted = batches.draw(step)
        assert wanted is not None
        loss = cross_entropy(network(shown.to(device)), wanted.to(device))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        report(step, loss.detach())
    return network.eval().requires_grad_(False)


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the mean cross-entropy of ``softmax([logit, -logit])``, which is the sigmoid of twice the logit."""
    return F.binary_cross_entropy_with_logits(2 * logits, labels)


def _reports(steps: int, batch: int, progress: Progress) -> Callable[[int, Tensor], None]:
    """Return a function to call after every step: it reports about twenty times, and checks that the loss is finite."""
    started, every = time.perf_counter(), max(1, steps // 20)

    def report(step: int, loss: Tensor) -> None:
        if (step + 1) % every and step + 1 < steps:
            return
        if not torch.isfinite(loss):
            raise TrainingError(
                f"expected a finite loss, found {float(loss)} in step {step}: give a lower learning rate."
            )
        seconds = time.perf_counter() - started
        kimg = (step + 1) * batch / 1000
        left = seconds * (steps / (step + 1) - 1)
        progress({"kimg": kimg, "sec_per_kimg": seconds / kimg, "eta": left, "losses": {"entropy": float(loss)}})

    return report


@torch.inference_mode()
def accuracy(network: AttributeNetwork, images: Images, labels: Tensor, *, device: str = "cpu") -> list[float]:
    """Return, for each attribute, the fraction of images, 0..1, for which the network agrees with the labels."""
    right = torch.zeros(labels.shape[1])
    for indices in _tiles(len(images)):
        shown = to_float(torch.stack([images[index] for index in indices]).to(device))
        right += ((network(shown).cpu() > 0) == (labels[list(indices)] > 0.5)).sum(0)
    return (right.double() / len(images)).tolist()


def commonest(labels: Tensor) -> list[float]:
    """Return, for each attribute, the share of its more common value: the accuracy without looking at the image."""
    share = labels.double().mean(0)
    return torch.maximum(share, 1 - share).tolist()


def _tiles(count: int) -> Iterator[range]:
    return (range(start, min(start + 64, count)) for start in range(0, count, 64))


def settings(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as plain values by name."""
    return asdict(recipe)
