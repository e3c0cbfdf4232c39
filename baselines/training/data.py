"""Endless shuffled batches whose order depends on the seed and the position alone."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
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
    floats = images.to(torch.float32, copy=True)
    return floats.div_(127.5).sub_(1)  # in place: two more copies cost a third of decoding


def stacked(images: list[Tensor]) -> Tensor:
    """Return images as a batch; in a worker of a ``DataLoader`` in shared memory at once, which saves copying it there.

    Raises:
        TrainingError: there is no room for it.
    """
    if torch.utils.data.get_worker_info() is None:
        return torch.stack(images)
    first, size = images[0], len(images)
    with room_for(first.nbytes * size):
        # Torch has no types for its shared storages.
        storage = torch.UntypedStorage._new_shared(first.nbytes * size)  # type: ignore[no-untyped-call]
    # Torch has no types for its shared storages.
    batch = torch.empty(0, dtype=first.dtype).set_(storage, 0, [size, *first.shape])  # type: ignore[call-overload]
    return torch.stack(images, out=batch)


@contextmanager
def room_for(nbytes: int) -> Iterator[None]:
    """Raise TrainingError where the body finds no room in shared memory for a batch of a size."""
    try:
        yield
    except RuntimeError as error:
        raise TrainingError(
            f"expected room in shared memory for a batch of {nbytes:,} bytes, found none ({error!s:.100}): give fewer "
            "workers, or more of it (docker run --shm-size=8g)."
        ) from error


@dataclass(frozen=True)
class BatchSegment:
    """Consecutive steps with one batch size.

    Attributes:
        step: number of the first step.
        nimg: images shown before the first step.
        batch: images per step.
    """

    step: int
    nimg: int
    batch: int


@dataclass
class Batches:
    """Batches of the training images, in epochs of random order.

    Attributes:
        images: N images ``[C, H, W]`` uint8, 0..255, all of one size.
        labels: ``[N, c_dim]`` float32, or None.
        batch: images per batch.
        seed: seed of the order and the flips.
        mirror: whether to flip images left to right with probability 1/2.
        segments: batch sizes by step; empty if all batches have ``batch`` images.
        rows: this process's share of each batch.

    Raises:
        TrainingError: there are no images, images or labels have another shape or dtype, or their numbers differ.
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
            raise TrainingError("expected images to train on, found none: give at least one.")
        first: object = self.images[0]
        if not isinstance(first, Tensor):
            kind = type(first).__name__
            raise TrainingError(f"expected training images as tensors [C, H, W] uint8, found {kind}: convert them.")
        if first.ndim != 3 or first.dtype != torch.uint8:
            raise TrainingError(
                f"expected training images [C, H, W] uint8, found {list(first.shape)} {first.dtype}: convert them."
            )
        if self.labels is not None and (not isinstance(self.labels, Tensor) or self.labels.ndim != 2):
            found: object = list(self.labels.shape) if isinstance(self.labels, Tensor) else type(self.labels).__name__
            raise TrainingError(f"expected labels as a tensor [N, c_dim] float32, found {found}: convert them.")
        if self.labels is not None and len(self.labels) != len(self.images):
            raise TrainingError(
                f"expected one label for each of {len(self.images)} images, found {len(self.labels)}: add or drop some."
            )

    def draw(self, step: int) -> tuple[Tensor, Tensor | None]:
        """Return this process's rows of batch number ``step``: images ``[N, C, H, W]`` float32, -1..1, and labels."""
        images, labels = self.read(step)
        return to_float(images) if images.dtype == torch.uint8 else images, labels

    def read(self, step: int) -> tuple[Tensor, Tensor | None]:
        """Return what ``draw`` does, but images as bytes, 0..255, where nothing needs them as numbers before.

        It depends on the step alone and runs on the CPU, in any process; see ``baselines.training.loading``.
        """
        positions = range(self.shown(step), self.shown(step + 1))
        chosen = [self._at(position) for position in positions[self.rows.slice]]
        images = [self.images[index] for index in chosen]
        if self.mirror:
            # Drawn for the whole batch, so that the flips do not depend on the number of processes.
            flipped = self.rows.of(torch.rand(len(positions), generator=stream(self.seed, step, "data/mirror"))) < 0.5
            images = [image.flip(2) if flip else image for image, flip in zip(images, flipped.tolist(), strict=True)]
        return stacked(images), None if self.labels is None else self.labels[chosen]

    def extra(self, step: int) -> tuple[Tensor, ...]:
        """Return further tensors that the losses of step ``step`` need; they are read as ``read`` is."""
        return ()

    def shown(self, step: int) -> int:
        """Return the number of images shown before step ``step``."""
        last = next(segment for segment in reversed(self._segments()) if segment.step <= step)
        return last.nimg + (step - last.step) * last.batch

    def steps(self, nimg: float) -> int:
        """Return the number of steps that show ``nimg`` images, rounded to whole steps."""
        last = next(segment for segment in reversed(self._segments()) if segment.nimg <= nimg)
        return last.step + round((nimg - last.nimg) / last.batch)

    def sizes(self) -> list[int]:
        """Return the distinct batch sizes, in the order of their first use."""
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
    """Return the sha256, in hexadecimal, of all images in order and of the labels."""
    content = hashlib.sha256(f"{len(images)} {list(images[0].shape)}".encode())
    for index in range(len(images)):
        content.update(images[index].numpy().tobytes())
    if labels is not None:
        content.update(labels.numpy().tobytes())
    return content.hexdigest()
