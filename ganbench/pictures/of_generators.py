"""What papers show of a generator: samples, truncation, style mixing, walks, noise, equivariance, stuck textures."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from ganbench.functional import equivariance_psnr, lerp, pseudo_rotate, rotate, translate_fractional, translate_integer
from ganbench.images import to_uint8
from ganbench.pictures.easel import Easel
from ganbench.pictures.sampler import Sampler, between, mixed
from ganbench.report import Figure
from ganbench.rng import Streams
from ganbench.types import EquivariantGenerator, StyleGenerator

PSIS = (0.0, 0.3, 0.5, 0.7, 1.0)
STEPS = 12  # images of a walk
REALISATIONS = 12  # of noise, for its deviation
FRAMES, FRAMES_LARGE = 256, 96  # of a walk that is cut into slices; of images above 64 pixels
GAIN = 10  # of error maps
LAYERS = 18  # with noise, shown at most


def figures(sampler: Sampler, easel: Easel) -> Iterator[Figure]:
    """Yield the figures that a generator allows.

    Args:
        sampler: of the model, without truncation; of a conditional model with a label, as walks need one.
        easel: that makes figures.
    """
    yield _samples(sampler, easel)
    if not isinstance(sampler.model, StyleGenerator):
        yield _walks(sampler, easel, ("z",))
        return
    yield _truncation(sampler, easel)
    if sampler.model.num_ws >= 3:
        yield _mixing(sampler, easel)
    yield _walks(sampler, easel, ("z", "w"))
    if _deviation(sampler, sampler.styles(0)).max() > 0:
        yield _noise(sampler, easel)
        yield from _noise_of_layers(sampler, easel)
    if isinstance(sampler.model, EquivariantGenerator):
        yield _equivariance(sampler, easel)
    yield _slices(sampler, easel)


def levels(num_ws: int) -> dict[str, range]:
    """Return the layers of coarse, middle and fine styles: up to 8x8, to 32x32 and above; thirds of few layers.

    Source: Karras et al., A style-based generator architecture for GANs (CVPR 2019), figure 3.
    """
    coarse, middle = (4, 8) if num_ws > 10 else (-(-num_ws // 3), -(-2 * num_ws // 3))
    return {"coarse": range(coarse), "middle": range(coarse, middle), "fine": range(middle, num_ws)}


def _samples(sampler: Sampler, easel: Easel) -> Figure:
    cells = [sampler.image(seed) for seed in range(48)]
    return easel.figure("Samples", "Seeds 0 to 47, not selected, without truncation.", "48 samples", cells, 12)


def _truncation(sampler: Sampler, easel: Easel) -> Figure:
    cells = (sampler.image(seed, psi) for psi in PSIS for seed in range(10))
    caption = (
        "Each column is a seed. ψ moves its w from the mean (0) to itself (1): towards 0, quality is bought with "
        "variation (Karras 2019, figure 8)."
    )
    labels = [f"ψ {psi:g}" for psi in PSIS]
    return easel.figure("Truncation", caption, "Samples at five truncations", cells, 10, row_labels=labels)


def _mixing(sampler: Sampler, easel: Easel) -> Figure:
    rows, columns, found = (0, 1), range(10, 19), levels(sampler.model.num_ws)
    others = [sampler.styles(seed) for seed in columns]
    cells: list[Tensor | None] = [
        None,
        *(sampler.of_styles(ws, seed) for ws, seed in zip(others, columns, strict=True)),
    ]
    for layers in found.values():
        for seed in rows:
            ws = sampler.styles(seed)
            cells.append(sampler.of_styles(ws, seed))
            cells += [sampler.of_styles(mixed(ws, other, layers), seed) for other in others]
    named = ", ".join(f"{name} {layers.start} to {layers.stop - 1}" for name, layers in found.items() if layers)
    caption = (
        f"Left column: where an image starts; top row: whose styles replace its own in some layers ({named}). Coarse "
        "styles carry shape, fine ones colour and stroke (Karras 2019, figure 3)."
    )
    labels = ["", *(name for name in found for _ in rows)]
    alt = "Images of two seeds with coarse, middle or fine styles of nine others"
    return easel.figure("Style mixing", caption, alt, cells, len(columns) + 1, row_labels=labels)


def _walks(sampler: Sampler, easel: Easel, spaces: Sequence[str]) -> Figure:
    pairs = ((0, 1), (2, 3), (4, 5))
    cells = [
        _between(sampler, *pair, step / (STEPS - 1), space)
        for pair in pairs
        for space in spaces
        for step in range(STEPS)
    ]
    labels = [f"{space}, {a} to {b}" for a, b in pairs for space in spaces]
    caption = "From one seed to another, on a great circle in z"
    caption += " and on a straight line in w; a smooth walk is what path length rewards." if "w" in spaces else "."
    return easel.figure("Walks", caption, "Walks between three pairs of seeds", cells, STEPS, row_labels=labels)


def _between(sampler: Sampler, a: int, b: int, t: float, space: str) -> Tensor:
    if space == "w":
        return sampler.of_styles(lerp(sampler.styles(a), sampler.styles(b), t), a)
    return sampler.image(a, z=between(sampler.latent(a), sampler.latent(b), t))


def _noise(sampler: Sampler, easel: Easel) -> Figure:
    seeds, draws = range(4), range(100, 104)
    drawn, without = replace(sampler, noise_mode="random"), replace(sampler, noise_mode="none")
    maps = [_deviation(sampler, sampler.styles(seed)) for seed in seeds]
    brightest = _white(maps)
    cells: list[Tensor | None] = []
    for seed, each in zip(seeds, maps, strict=True):
        ws = sampler.styles(seed)
        cells += [without.of_styles(ws, seed), *(drawn.of_styles(ws, draw) for draw in draws)]
        cells.append(_as_map(sampler, each / brightest))
    caption = (
        f"One w in each row: without noise, with four draws of it, and the deviation over {REALISATIONS} draws, "
        f"white being {brightest * 127.5:.2g} of 255 grey levels (Karras 2019, figure 4)."
    )
    labels = ["none", *(f"draw {number + 1}" for number in range(len(draws))), "deviation"]
    alt = "What noise changes in four samples"
    rows = [f"seed {seed}" for seed in seeds]
    return easel.figure("Noise", caption, alt, cells, len(draws) + 2, labels, rows)


def _noise_of_layers(sampler: Sampler, easel: Easel) -> Iterator[Figure]:
    """Yield the deviation that the noise of each layer alone causes, where layers have a strength of noise."""
    strengths = _strengths(sampler.model)
    if not 2 <= len(strengths) <= LAYERS:
        return
    seeds = range(3)
    maps = [_alone(sampler, seed, strengths, layer) for seed in seeds for layer in range(len(strengths))]
    brightest = _white(maps)
    if not brightest:
        return
    caption = (
        "Standard deviation of the image under the noise of one layer alone, from coarse to fine; white is "
        f"{brightest * 127.5:.2g} of 255 grey levels."
    )
    cells = [_as_map(sampler, each / brightest) for each in maps]
    heads, rows = [f"layer {layer}" for layer in range(len(strengths))], [f"seed {seed}" for seed in seeds]
    alt = "Where the noise of each layer changes three samples"
    yield easel.figure("Noise, layer by layer", caption, alt, cells, len(strengths), heads, rows)


def _strengths(model: object) -> list[nn.Parameter]:
    if not isinstance(model, nn.Module):
        return []
    return [each for name, each in model.named_parameters() if name.endswith("noise_strength")]


def _alone(sampler: Sampler, seed: int, strengths: Sequence[nn.Parameter], layer: int) -> Tensor:
    """Return the deviation with the noise of one layer; the model is as before afterwards."""
    kept = [each.detach().clone() for each in strengths]
    try:
        with torch.no_grad():
            for number, each in enumerate(strengths):
                each.mul_(float(number == layer))
        return _deviation(sampler, sampler.styles(seed))
    finally:
        with torch.no_grad():
            for each, old in zip(strengths, kept, strict=True):
                each.copy_(old)


@torch.no_grad()
def _deviation(sampler: Sampler, ws: Tensor) -> Tensor:
    """Return the standard deviation ``[H, W]`` over draws of noise, of the mean over channels of images in -1..1."""
    images = [
        sampler.model.synthesis(ws, noise_mode="random", streams=Streams(draw, (0,))).float().mean(1)[0].cpu()
        for draw in range(REALISATIONS)
    ]
    return torch.stack(images).std(dim=0)


def _white(maps: Sequence[Tensor]) -> float:
    """Return the value that is shown white: almost the largest, so that one pixel does not darken all others."""
    values = torch.stack(list(maps)).flatten()
    some = values[:: -(-len(values) // 2**20)]  # torch takes quantiles of so many at most
    return float(some.quantile(0.995)) or float(values.max())


def _as_map(sampler: Sampler, values: Tensor) -> Tensor:
    """Return values ``[H, W]`` in 0..1 as a grey image with the model's channels."""
    pixels = (255 * values.clamp(0, 1)).round().to(torch.uint8)
    return pixels.expand(sampler.model.img_channels, -1, -1)


@torch.no_grad()
def _equivariance(sampler: Sampler, easel: Easel) -> Figure:
    size = sampler.model.img_resolution
    whole = round(size / 8) / size
    motions = {
        "shifted": (whole, whole, 0.0),
        "fraction": (1.37 * whole, 0.61 * whole, 0.0),
        "rotated": (0.0, 0.0, 0.4),
    }
    seeds, cells, sums = range(4), [], {name: [0.0, 0.0] for name in motions}
    for seed in seeds:
        still = _plain(sampler, seed, (0.0, 0.0, 0.0))
        cells.append(to_uint8(still)[0])
        for name, motion in motions.items():
            moved, reference, mask = _pair(name, still, _plain(sampler, seed, motion), motion)
            error = (moved - reference).square() * mask
            sums[name][0] += float(error.sum())
            sums[name][1] += float(mask.sum())
            cells += [to_uint8(moved)[0], to_uint8(reference)[0]]
            cells.append(_as_map(sampler, GAIN * (error.mean(1)[0].sqrt() / 2)))
    labels = ["image"]
    for name, (error_sum, mask_sum) in sums.items():
        said = f"error {equivariance_psnr(error_sum, mask_sum):.1f} dB" if mask_sum else "error"
        labels += [name, "expected", said]
    caption = (
        "The input is shifted by whole pixels, by fractions, and rotated; beside each, the image itself moved so, and "
        f"their difference inside the mask, {GAIN} times as bright as it is; dB over these rows, as in EQ-T and EQ-R "
        "are made (Karras 2021, appendix E). Both images of a rotation are filtered alike."
    )
    alt = "Shifted and rotated samples beside shifted and rotated images, with error maps"
    return easel.figure("Equivariance", caption, alt, cells, len(labels), labels, [f"seed {seed}" for seed in seeds])


def _plain(sampler: Sampler, seed: int, motion: tuple[float, float, float]) -> Tensor:
    """Return the image ``[1, C, H, W]`` float32 of a seed, moved; the model is at rest afterwards."""
    sampler.move(*motion)
    try:
        # Models are of any class.
        return sampler.model.synthesis(sampler.styles(seed), noise_mode="const", force_fp32=True).float().cpu()  # type: ignore[no-any-return]
    finally:
        sampler.move(0.0, 0.0, 0.0)


def _pair(name: str, still: Tensor, moved: Tensor, motion: tuple[float, float, float]) -> tuple[Tensor, Tensor, Tensor]:
    """Return what the model made, what it should have made, and the mask of what is known of both."""
    tx, ty, angle = motion
    if name == "rotated":
        reference, mask = rotate(still, angle)
        filtered, other = pseudo_rotate(moved, angle)
        return filtered, reference, mask * other
    reference, mask = (translate_integer if name == "shifted" else translate_fractional)(still, tx, ty)
    return moved, reference, mask


def _slices(sampler: Sampler, easel: Easel) -> Figure:
    pairs = ((0, 1), (2, 3), (4, 5))
    cells = [_slice(sampler, *pair) for pair in pairs]
    caption = (
        "The middle column of pixels in the frames of a walk in w, side by side. Where details stick to pixels instead "
        "of moving with what they belong to, there are horizontal streaks (Karras 2021, figure 1)."
    )
    labels = [f"{a} to {b}" for a, b in pairs]
    alt = "One column of pixels over the time of three walks"
    return easel.figure("Texture sticking", caption, alt, cells, 1, row_labels=labels)


def _slice(sampler: Sampler, a: int, b: int) -> Tensor:
    """Return the middle columns of the frames, ``[C, H, frames]`` uint8."""
    count = FRAMES if sampler.model.img_resolution <= 64 else FRAMES_LARGE
    frames = (_between(sampler, a, b, step / (count - 1), "w") for step in range(count))
    return torch.stack([frame[:, :, frame.shape[2] // 2] for frame in frames], dim=2)
