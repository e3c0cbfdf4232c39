"""The scale of images, the quantisers to uint8, the resizers and the crops, for all images that are measured."""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError

ResizeMethod = Literal[
    "tf1-bilinear", "torch-bilinear", "pil-bilinear", "pil-bicubic", "pil-lanczos", "clean-bicubic", "box"
]

Quantiser = Literal["stylegan", "starganv2", "cyclegan"]


def to_float(images: Tensor) -> Tensor:
    """Return ``images / 127.5 - 1``, ``[N, C, H, W]`` float32: bytes on the scale of generated images, -1..1.

    Args:
        images: ``[N, C, H, W]`` uint8, or floating point on the scale 0..255, which keeps its dtype.
    """
    return (images if images.is_floating_point() else images.float()) / 127.5 - 1


def to_uint8(x: Tensor, quantiser: Quantiser = "stylegan") -> Tensor:
    """Return generated images as ``[N, C, H, W]`` uint8. Nothing else in the package quantises.

    - ``stylegan``: ``trunc(clamp(127.5 x + 128, 0, 255))``, of StyleGAN2-ADA and StyleGAN3. Truncation after adding 128
      puts -1 at 0 (0.5 is cut off), 0 at 128 and 1 at 255.
    - ``starganv2``: ``trunc(255 clamp((x + 1) / 2, 0, 1) + 0.5)``, how its evaluation saves images: rounded half up.
    - ``cyclegan``: ``trunc(255 clamp((x + 1) / 2, 0, 1))``, how its test script saves images: only 1 itself gives 255.

    Args:
        x: ``[N, C, H, W]`` floating point, nominally -1..1.
        quantiser: one of the names above.

    Raises:
        BadInputError: the quantiser is unknown, or the images are not floating point.
        NonFiniteError: a value is NaN or infinite; the message names the first such sample of the batch.

    Source: the evaluation protocol of Karras et al., Training generative adversarial networks with limited data
    (NeurIPS 2020), and of StyleGAN3 (NeurIPS 2021); the official code of StarGAN v2 and of CycleGAN.
    """
    if quantiser not in _QUANTISERS:
        raise BadInputError(f"unknown quantiser {quantiser!r}: choose one of {', '.join(_QUANTISERS)}.")
    if not x.is_floating_point():
        raise BadInputError(f"expected floating-point images on the scale -1..1, found {x.dtype}: use to_float first.")
    refuse_nonfinite(x, "image")
    if x.dtype in (torch.float16, torch.bfloat16):  # whose mantissas are too short for x * 127.5 + 128
        x = x.float()
    return _QUANTISERS[quantiser](x).to(torch.uint8)


_QUANTISERS: dict[Quantiser, Callable[[Tensor], Tensor]] = {
    "stylegan": lambda x: (x * 127.5 + 128).clamp(0, 255),
    "starganv2": lambda x: ((x + 1) / 2).clamp(0, 1) * 255 + 0.5,
    "cyclegan": lambda x: ((x + 1) / 2).clamp(0, 1) * 255,
}


def refuse_nonfinite(x: Tensor, what: str) -> None:
    """Check that all values are finite.

    Raises:
        NonFiniteError: a value is NaN or infinite; the message names the first such row as ``what``.
    """
    # A sum is finite only if every term is, so the common case takes one pass and no mask of the batch's size;
    # a sum that overflows is settled by the mask.
    if bool(torch.isfinite(x.sum())):
        return
    bad = ~torch.isfinite(x.reshape(len(x), -1)).all(dim=1)
    if bool(bad.any()):
        index = int(bad.nonzero()[0])
        raise NonFiniteError(
            f"{what} {index} of this batch of {len(x)} has a NaN or an infinity: "
            "check the weights, or run the model in float32."
        )


def resize(images: Tensor, size: int | tuple[int, int], method: ResizeMethod) -> Tensor:
    """Return images of ``size`` (height, width; one number for both), resampled by the named method.

    - ``tf1-bilinear``: what TensorFlow 1's bilinear resize did inside the Inception graph: source position
      ``i * in / out``, no half-pixel offset, no antialiasing. Returns float32, or float64 for float64.
    - ``torch-bilinear``: PyTorch's bilinear interpolation, clean-fid's ``legacy_pytorch``: pixels have their centres at
      half-integers, no antialiasing; clipped to 0..255. Returns float32, or float64 for float64.
    - ``pil-bilinear``, ``pil-bicubic``, ``pil-lanczos``: Pillow's antialiased filters. Returns uint8 for uint8 and
      float32 for floating point.
    - ``clean-bicubic``: clean-fid's ``clean``: Pillow's antialiased bicubic filter in float32, clipped to 0..255
      without rounding. Returns float32 always.
    - ``box``: mean over whole blocks of pixels; the factor must be an integer. Returns uint8 for uint8, rounded half to
      even as in the multi-resolution FFHQ files (Pillow rounds once for each axis, and is sometimes off by one).

    Args:
        images: ``[N, C, H, W]`` uint8 or floating point.
        size: of the result, in pixels.
        method: one of the names above.

    Raises:
        BadInputError: the method is unknown, the size is below 1, or a box factor is not an integer.

    Source: StyleGAN's Inception port for ``tf1-bilinear``; Parmar et al., On aliased resizing (CVPR 2022), for why it
    matters which.
    """
    if method not in _RESIZERS:
        raise BadInputError(f"unknown resize method {method!r}: choose one of {', '.join(get_args(ResizeMethod))}.")
    height, width = (size, size) if isinstance(size, int) else size
    if min(height, width) < 1:
        raise BadInputError(f"expected a size of at least 1x1 pixels, found {height}x{width}: give a larger one.")
    return _RESIZERS[method](images, height, width)


def to_rgb(images: Tensor) -> Tensor:
    """Return ``[N, 3, H, W]``: greyscale repeated three times, colour as it is; dtype kept.

    Raises:
        BadInputError: the number of channels is neither 1 nor 3.
    """
    channels = images.shape[1]
    if channels not in (1, 3):
        raise BadInputError(f"expected images with 1 channel (greyscale) or 3 (RGB), found {channels}: convert them.")
    return images.expand(-1, 3, -1, -1)


def ppl_crop(images: Tensor) -> Tensor:
    """Return the face region of ``[N, C, H, W]``: rows 3/8..7/8 and columns 2/8..6/8, as a view.

    Source: the PPL protocol of Karras et al., A style-based generator architecture (CVPR 2019), section 4.1.
    """
    eighth = images.shape[2] // 8
    return images[:, :, 3 * eighth : 7 * eighth, 2 * eighth : 6 * eighth]


def box_downsample_to(images: Tensor, size: int = 256) -> Tensor:
    """Return images reduced by the integer factor ``H // size`` where that is 2 or more, else unchanged.

    The result is not always ``size``: 1024 becomes 256, 384 stays 384, 600 becomes 300. That is PPL's rule.

    Args:
        images: ``[N, C, H, W]`` floating point.
        size: in pixels.

    Raises:
        BadInputError: the factor does not divide height and width.
    """
    factor = images.shape[2] // size
    if factor < 2:
        return images
    return resize(images, (images.shape[2] // factor, images.shape[3] // factor), "box")


def _tf1_bilinear(images: Tensor, height: int, width: int) -> Tensor:
    x = images if images.is_floating_point() and images.dtype != torch.float16 else images.float()
    return _lerp_along(_lerp_along(x, width, dim=3), height, dim=2)


def _torch_bilinear(images: Tensor, height: int, width: int) -> Tensor:
    x = images if images.is_floating_point() and images.dtype != torch.float16 else images.float()
    return F.interpolate(x, size=(height, width), mode="bilinear", align_corners=False).clamp(0, 255)


def _clean_bicubic(images: Tensor, height: int, width: int) -> Tensor:
    # Unclipped, the negative lobes of the filter reach 60 grey levels beyond the scale.
    return _pil(Image.Resampling.BICUBIC)(images.float(), height, width).clamp(0, 255)


def _lerp_along(x: Tensor, size: int, dim: int) -> Tensor:
    """Return ``x`` interpolated linearly to ``size`` samples along one axis; sample ``i`` is at ``i * in / out``."""
    length = x.shape[dim]
    # In float32, as TensorFlow computes the positions: rounding decides between two neighbours.
    ratio = torch.tensor(float(length), device="cpu") / size
    position = torch.arange(size, dtype=torch.float32, device="cpu") * ratio
    lower = position.floor().long().clamp(max=length - 1)
    upper = (lower + 1).clamp(max=length - 1)
    weight = (position - lower).to(x).reshape(-1, *[1] * (x.ndim - 1 - dim))
    return torch.lerp(x.index_select(dim, lower.to(x.device)), x.index_select(dim, upper.to(x.device)), weight)


def _box(images: Tensor, height: int, width: int) -> Tensor:
    n, channels, rows, columns = images.shape
    if rows % height or columns % width:
        raise BadInputError(
            f"expected a size that divides {rows}x{columns} for box, found {height}x{width}: "
            "choose a divisor or another method."
        )
    blocks = images.reshape(n, channels, height, rows // height, width, columns // width)
    if images.is_floating_point():
        return blocks.mean(dim=(3, 5))
    return blocks.float().mean(dim=(3, 5)).round().to(images.dtype)


def _pil(resampling: Image.Resampling) -> Callable[[Tensor, int, int], Tensor]:
    def resized(images: Tensor, height: int, width: int) -> Tensor:
        planes = images.detach().cpu() if images.dtype == torch.uint8 else images.detach().cpu().float()
        planes = planes.reshape(-1, *images.shape[2:])
        done = [
            np.asarray(Image.fromarray(plane).resize((width, height), resampling)) for plane in planes.numpy()
        ]  # one channel at a time, as mode L or F: Pillow treats channels separately in any case
        return torch.from_numpy(np.stack(done)).reshape(*images.shape[:2], height, width).to(images.device)

    return resized


_RESIZERS: dict[str, Callable[[Tensor, int, int], Tensor]] = {
    "tf1-bilinear": _tf1_bilinear,
    "torch-bilinear": _torch_bilinear,
    "pil-bilinear": _pil(Image.Resampling.BILINEAR),
    "pil-bicubic": _pil(Image.Resampling.BICUBIC),
    "pil-lanczos": _pil(Image.Resampling.LANCZOS),
    "clean-bicubic": _clean_bicubic,
    "box": _box,
}
