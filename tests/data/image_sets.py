"""Small sets of images to write to disk: numbered noise, whose content is known."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image


def noise(count: int, size: int = 16, channels: int = 3) -> np.ndarray:
    """Return ``[N, C, H, W]`` uint8."""
    return np.random.default_rng(count).integers(0, 256, [count, channels, size, size], dtype=np.uint8)


def picture(pixels: np.ndarray) -> Image.Image:
    """Return the image of ``[C, H, W]``."""
    return Image.fromarray(pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0))


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """Return the bytes of an image file."""
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def write_folder(path: Path, images: np.ndarray, names: list[str] | None = None) -> Path:
    """Write PNG files into a folder."""
    for index, pixels in enumerate(images):
        file = path / (names[index] if names else f"{index // 3:05d}/img{index:08d}.png")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encoded(picture(pixels)))
    return path


def write_zip(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """Write a zip file."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def members(images: np.ndarray) -> dict[str, bytes]:
    """Return the members of NVlabs' layout, without labels."""
    return {f"{i // 3:05d}/img{i:08d}.png": encoded(picture(pixels)) for i, pixels in enumerate(images)}


def dataset_json(labels: list[object]) -> bytes:
    """Return a ``dataset.json`` for that layout."""
    pairs = [[f"{i // 3:05d}/img{i:08d}.png", label] for i, label in enumerate(labels)]
    return json.dumps({"labels": pairs}).encode()
