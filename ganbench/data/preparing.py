"""Real images, cropped and resized, written to a zip in the layout of NVlabs' dataset tool.

The members are uncompressed PNG files (``00000/img00000000.png`` and so on), and ``dataset.json``. The same images give
the same bytes, whatever the number of threads and however often the work was interrupted.
"""

import hashlib
import io
import json
import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeVar, get_args

import numpy as np
import PIL
import torch
from PIL import Image
from torch import Tensor

from ganbench.data.labels import FILE
from ganbench.data.raw_images import RawImages
from ganbench.data.stored_zip import StoredZip
from ganbench.errors import BadInputError, DataChangedError
from ganbench.images import ResizeMethod, resize

Crop = Literal["none", "center-crop", "center-crop-wide"]
Colour = Literal["keep", "rgb", "grey"]
T = TypeVar("T")

CROPS: tuple[Crop, ...] = get_args(Crop)
COLOURS: tuple[Colour, ...] = get_args(Colour)

VERSION = 1  # raised when the same image would give other pixels
_NAME = re.compile(r"\d{5}/img(\d{8,})\.png")


@dataclass(frozen=True)
class Geometry:
    """How an image is cropped and resized.

    Attributes:
        size: width and height in pixels; None to keep the image's.
        crop: before the resize. ``center-crop`` cuts the largest square from the middle. ``center-crop-wide`` cuts
            ``round(width * H / W)`` rows from the middle, resizes them to ``size``, and pastes that onto a black square
            of ``width``; smaller images are left out.
        method: of the resize.

    Source: the dataset tool of StyleGAN2-ADA and StyleGAN3 for both crops and the layout.
    """

    size: tuple[int, int] | None = None
    crop: Crop = "none"
    method: ResizeMethod = "pil-lanczos"

    def __post_init__(self) -> None:
        if self.crop not in CROPS or self.method not in get_args(ResizeMethod):
            raise BadInputError(
                f"expected a crop of {', '.join(CROPS)} and a filter of {', '.join(get_args(ResizeMethod))}, found "
                f"{self.crop!r:.60} and {self.method!r:.60}: choose others."
            )
        wide = self.crop == "center-crop-wide"
        if self.size and (min(self.size) < 1 or max(self.size) > 8192):
            raise BadInputError(
                f"expected a size from 1 to 8192 pixels, found {self.size[0]}x{self.size[1]}: change it."
            )
        if wide and (self.size is None or self.size[0] <= self.size[1]):
            raise BadInputError(
                f"expected a size that is wider than high for center-crop-wide, found {self.size}: give one, such as "
                "512x384."
            )
        if not wide and self.size and self.size[0] != self.size[1]:
            raise BadInputError(
                f"expected a square size, found {self.size[0]}x{self.size[1]}: give one number, or the crop "
                "center-crop-wide."
            )

    def apply(self, image: Tensor, name: str) -> Tensor | None:
        """Return ``[C, S, S]`` uint8 of ``[C, H, W]`` uint8; None if the image is to be left out.

        Raises:
            BadInputError: the result would not be square, or the filter does not support this size.
        """
        if self.crop == "center-crop-wide":
            return self._wide(image)
        if self.crop == "center-crop":
            image = _middle(image, min(image.shape[1:]), min(image.shape[1:]))
        if image.shape[1] != image.shape[2]:
            raise BadInputError(
                f"expected square images, found {image.shape[2]}x{image.shape[1]}: {name}; crop them "
                "(--crop center-crop)."
            )
        return self._resized(image, self.size) if self.size else image

    def _wide(self, image: Tensor) -> Tensor | None:
        assert self.size is not None
        (width, height), (rows, columns) = self.size, image.shape[1:]
        kept = round(width * rows / columns)
        if columns < width or kept < height:
            return None
        first, last = (rows - kept) // 2, (rows + kept) // 2
        resized = self._resized(image[:, first:last], self.size)
        canvas = torch.zeros(len(image), width, width, dtype=torch.uint8)
        canvas[:, (width - height) // 2 : (width + height) // 2] = resized
        return canvas

    def _resized(self, image: Tensor, size: tuple[int, int]) -> Tensor:
        if image.shape[1:] == size[::-1]:
            return image
        made = resize(image[None], size[::-1], self.method)[0]
        return made.round().clamp(0, 255).to(torch.uint8) if made.is_floating_point() else made


def in_colour(image: Tensor, colour: Colour) -> Tensor:
    """Return ``[1, H, W]`` or ``[3, H, W]`` uint8 of either, as Pillow converts between them; ``keep`` changes nothing.

    Raises:
        BadInputError: the colour mode is unknown.
    """
    if colour not in COLOURS:
        raise BadInputError(f"expected a colour mode of {', '.join(COLOURS)}, found {colour!r:.60}: choose another.")
    if colour == "keep" or len(image) == (3 if colour == "rgb" else 1):
        return image
    if colour == "rgb":
        return image.expand(3, -1, -1)
    array = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
    return torch.from_numpy(np.array(Image.fromarray(array).convert("L")))[None]


def _middle(image: Tensor, height: int, width: int) -> Tensor:
    rows, columns = image.shape[1:]
    top, left = (rows - height) // 2, (columns - width) // 2
    return image[:, top : top + height, left : left + width]


@dataclass(frozen=True)
class Prepared:
    """Summary of what was written.

    Attributes:
        count: images in the zip.
        left_out: images smaller than the crop.
        found: images already written by an earlier call.
        shape: ``[C, S, S]`` of the images.
    """

    count: int
    left_out: int
    found: int
    shape: tuple[int, ...]


def prepare(
    source: RawImages,
    out: Path,
    geometry: Geometry,
    labels: Tensor | None = None,
    *,
    colour: Colour = "keep",
    limit: int | None = None,
    workers: int = 2,
    progress: Callable[[], None] = lambda: None,
) -> Prepared:
    """Write images to a zip; an older one is replaced only when the new one is complete.

    An interrupted call is continued by the next one with the same images and settings.

    Args:
        source: of the images.
        out: the zip.
        geometry: how each image is cropped and resized.
        labels: ``[N]`` int64 or ``[N, label_dim]`` float32, one for each image of the source; None for none.
        colour: mode that every image is converted to before it is resized.
        limit: take only the first ``limit`` images; None for all.
        workers: number of threads.
        progress: called for each image that is done.

    Raises:
        BadInputError: an image cannot be used, the images differ in size or channels, the number of labels is not that
            of the images, or the zip cannot be written.
        DataChangedError: a file changed meanwhile.
    """
    if labels is not None and len(labels) != len(source.names):
        raise BadInputError(
            f"expected a label for each of {len(source.names):,} images of {source.path}, found {len(labels):,}: give "
            "the labels of these images."
        )
    total = min(len(source.names), limit or len(source.names))
    stamp = source.stamp()
    key = json.dumps([VERSION, PIL.__version__, str(stamp), asdict(geometry), colour, total])
    try:
        with StoredZip(out, hashlib.sha256(key.encode()).hexdigest()) as archive:
            found = _resume(archive)
            for _ in range(found):
                progress()
            shape = _add_images(archive, source, (geometry, colour), range(found, total), workers, progress)
            _add_labels(archive, labels)
            if source.stamp() != stamp:
                raise DataChangedError(
                    f"expected unchanged images, found {source.path} changed while it was read: run again."
                )
            archive.finish()
    except OSError as error:
        raise BadInputError(
            f"cannot write {out} ({error.strerror}): make room or choose another folder, and run again; finished "
            "images are kept."
        ) from error
    count = len(archive.names) - 1
    return Prepared(count, total - count, found, shape)


def _resume(archive: StoredZip) -> int:
    """Return the number of the image to continue with, after removing members that are not images."""
    numbers = [_NAME.fullmatch(name) for name in archive.names]
    whole = next((place for place, number in enumerate(numbers) if number is None), len(numbers))
    archive.cut(whole)
    last = numbers[whole - 1] if whole else None
    return int(last[1]) + 1 if last else 0


def _add_images(
    archive: StoredZip,
    source: RawImages,
    wanted: tuple[Geometry, Colour],
    indices: range,
    workers: int,
    progress: Callable[[], None],
) -> tuple[int, ...]:
    """Append the missing images, and return the shape that all have."""
    geometry, colour = wanted
    first = archive.names[0] if archive.names else ""
    shape = _shape_of(archive.read(first)) if first else ()

    def make(index: int) -> tuple[tuple[int, ...], bytes] | None:
        image = geometry.apply(in_colour(source.image(index), colour), f"{source.path}/{source.names[index]}")
        return None if image is None else (tuple(image.shape), _png(image))

    for index, made in _in_order(make, indices, workers):
        if made is not None:
            found, content = made
            if shape and found != shape:
                raise _differs(source, index, found, shape)
            shape = found
            archive.add(f"{index:08d}"[:5] + f"/img{index:08d}.png", content)
        progress()
    if not shape:
        raise BadInputError(
            f"expected images at least as large as the crop, found none: {source.path}; give a smaller size."
        )
    return shape


def _differs(source: RawImages, index: int, found: tuple[int, ...], shape: tuple[int, ...]) -> BadInputError:
    said = [f"{each[2]}x{each[1]} {'greyscale' if each[0] == 1 else 'RGB'}" for each in (shape, found)]
    remedy = "give a size to resize them to" if found[0] == shape[0] else "choose one for all (--colour rgb or grey)"
    return BadInputError(
        f"expected all images to be {said[0]} as the first is, found {said[1]}: {source.path}/{source.names[index]}; "
        f"{remedy}."
    )


def _in_order(make: Callable[[int], T], indices: range, workers: int) -> Iterator[tuple[int, T]]:
    """Yield each index with its result, in order, while threads compute the next few."""
    waiting: deque[tuple[int, Future[T]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for index in indices:
                waiting.append((index, pool.submit(make, index)))
                if len(waiting) > 2 * workers:
                    number, future = waiting.popleft()
                    yield number, future.result()
            while waiting:
                number, future = waiting.popleft()
                yield number, future.result()
        finally:
            for _, future in waiting:
                future.cancel()


def _png(image: Tensor) -> bytes:
    """Return an uncompressed PNG file of ``[C, S, S]`` uint8."""
    array = image[0].numpy() if len(image) == 1 else np.ascontiguousarray(image.permute(1, 2, 0).numpy())
    file = io.BytesIO()
    Image.fromarray(array).save(file, format="png", compress_level=0, optimize=False)
    return file.getvalue()


def _shape_of(content: bytes) -> tuple[int, ...]:
    with Image.open(io.BytesIO(content)) as image:
        return (1 if image.mode == "L" else 3, image.height, image.width)


def _add_labels(archive: StoredZip, labels: Tensor | None) -> None:
    numbers = [int(found[1]) for name in archive.names if (found := _NAME.fullmatch(name))]
    pairs = None if labels is None else [[n, x] for n, x in zip(archive.names, labels[numbers].tolist(), strict=True)]
    archive.add(FILE, json.dumps({"labels": pairs}).encode())


def default_workers() -> int:
    """Return how many threads to use: one per core, at most 8."""
    return min(8, os.cpu_count() or 1)
