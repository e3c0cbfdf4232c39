"""Sample grids as PNG files."""

import io
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from baselines.training.files import write_atomically


def save_grid(path: Path, images: Tensor, columns: int) -> None:
    """Write images ``[N, 1 or 3, H, W]``, -1..1, as one PNG with ``columns`` images per row, padded with black images.

    Raises:
        WriteError: the file cannot be written.
    """
    # Truncation after adding 128 rounds to the nearest byte, as in the official code of StyleGAN2-ADA.
    pixels = (images * 127.5 + 128).clamp(0, 255).to(torch.uint8).cpu()
    missing = -len(pixels) % columns
    pixels = torch.cat([pixels, pixels.new_zeros(missing, *pixels.shape[1:])])
    rows, (channels, height, width) = len(pixels) // columns, pixels.shape[1:]
    sheet = pixels.reshape(rows, columns, channels, height, width).permute(0, 3, 1, 4, 2)
    sheet = sheet.reshape(rows * height, columns * width, channels)
    file = io.BytesIO()
    Image.fromarray(sheet.squeeze(-1).numpy()).save(file, format="PNG")
    write_atomically(path, file.getvalue())
