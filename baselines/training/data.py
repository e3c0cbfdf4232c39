"""Endless shuffled batches whose order depends on the seed and the position alone."""

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from baselines.errors import TrainingError
from baselines.training.ranks import WHOLE, RankSlice
from baselines.training.streams import stream


class Images(Protocol):
    """A sequence of images ``[C, H, W]`` uint8; a tensor ``[N, C, H, W]`` is one."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Tensor: ...


def to_float(images: Tensor) -> Tensor:
    """Return images of bytes, 0..255, as float32 in -1..1."""
    return images.float() / 127.5 - 1


@dataclass(frozen=True)
class BatchSegment:
    """Consecutive steps with one batch size.

    Attributes:
        step: the first of them.
        nimg: images shown before it.
        batch: images in each.
    """

    step: int
    nimg: int
    batch: int


@dataclass
class Batches:
    """The training images in epochs of random order.

    Attributes:
        images: N images ``[C, H, W]`` uint8, 0..255, all of one size.
        labels: ``[N, c_dim]`` float32, or None.
        batch: images in a batch.
        seed: of the order.
        mirror: whether every second image, at random, is flipped left to right.
        segments: the batch sizes from the first step on; none where all batches are of one size.
        rows: which images of every batch are drawn.
    """

    images: Images
    labels: Tensor | None
    batch: int
    seed: int
    mirror: bool = False
    segments: tuple[BatchSegment, ...] = ()
    rows: RankSlice = WHOLE
    _epoch: tuple[int, Tensor] = field(default=(-1, torch.empty(0)), repr=False)

    def __post_init__(self) -> None:
        if len(self.images) == 0:
            raise TrainingError("there are no images to train on: give at least one.")
        first: object = self.images[0]
        if not isinstance(first, Tensor):
            kind = type(first).__name__
            raise TrainingError(f"expected training images as tensors [C, H, W] uint8, found {kind}: convert them.")
        if first.ndim != 3 or first.dtype != torch.uint8:
            raise TrainingError(f"training images must be [C, H, W] uint8, not {list(first.shape)} {first.dtype}.")
        if self.labels is not None and (not isinstance(self.labels, Tensor) or self.labels.ndim != 2):
            raise TrainingError("expected labels as a tensor [N, c_dim] float32, found something else: convert them.")
        if self.labels is not None and len(self.labels) != len(self.images):
            raise TrainingError(
                f"{len(self.images)} images came with {len(self.labels)} labels: give one label an image."
            )

    def draw(self, step: int) -> tuple[Tensor, Tensor | None]:
        """Return this process's rows of batch number ``step``: images ``[N, C, H, W]`` float32, -1..1, and labels."""
        positions = range(self.shown(step), self.shown(step + 1))
        chosen = [self._at(position) for position in positions[self.rows.slice]]
        images = to_float(torch.stack([self.images[index] for index in chosen]))
        if self.mirror:
            flipped = self.rows.of(torch.rand(len(positions), generator=stream(self.seed, step, "data/mirror"))) < 0.5
            images = torch.where(flipped[:, None, None, None], images.flip(3), images)
        return images, None if self.labels is None else self.labels[chosen]

    def shown(self, step: int) -> int:
        """Return how many images the batches before number ``step`` have."""
        last = next(segment for segment in reversed(self._segments()) if segment.step <= step)
        return last.nimg + (step - last.step) * last.batch

    def steps(self, nimg: float) -> int:
        """Return after how many batches about ``nimg`` images have been shown."""
        last = next(segment for segment in reversed(self._segments()) if segment.nimg <= nimg)
        return last.step + round((nimg - last.nimg) / last.batch)

    def sizes(self) -> list[int]:
        """Return the batch sizes, in the order in which they first occur."""
        return list(dict.fromkeys(segment.batch for segment in self._segments()))

    def _segments(self) -> tuple[BatchSegment, ...]:
        return self.segments or (BatchSegment(0, 0, self.batch),)

    def _at(self, position: int) -> int:
        epoch, offset = divmod(position, len(self.images))
        if self._epoch[0] != epoch:
            order = torch.randperm(len(self.images), generator=stream(self.seed, epoch, "data/order"))
            self._epoch = (epoch, order)
        return int(self._epoch[1][offset])


def fingerprint(images: Images, labels: Tensor | None) -> str:
    """Return the sha256 of all images in order, and of the labels."""
    content = hashlib.sha256(f"{len(images)} {list(images[0].shape)}".encode())
    for index in range(len(images)):
        content.update(images[index].numpy().tobytes())
    if labels is not None:
        content.update(labels.numpy().tobytes())
    return content.hexdigest()
