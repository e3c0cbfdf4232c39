"""Studies of a latent space, each of which yields images ``[C, H, W]`` uint8, row by row."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Literal

from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional import lerp
from ganbench.pictures.sampler import Sampler, between, mixed


def sweep(sampler: Sampler, seeds: Sequence[int], psis: Sequence[float]) -> Iterator[Tensor]:
    """Yield images with a row for each seed and a column for each truncation psi.

    Raises:
        BadInputError: the model has no latent space w.
    """
    sampler.require_styles("a truncation sweep")
    for seed in seeds:
        for psi in psis:
            yield sampler.image(seed, psi)


def mixing(
    sampler: Sampler, rows: Sequence[int], columns: Sequence[int], layers: Sequence[int] | None = None
) -> Iterator[Tensor | None]:
    """Yield a table of style mixing: an empty cell and the columns' images, then each row's image and its mixtures.

    A mixture is the row's image with the column's styles in ``layers``; None for the first half, the coarse layers.

    Raises:
        BadInputError: the model has no latent space w, or fewer layers.

    Source: Karras et al., A style-based generator architecture for GANs (CVPR 2019), figure 3.
    """
    sampler.require_styles("style mixing")
    num_ws = sampler.model.num_ws
    layers = range(num_ws // 2) if layers is None else layers
    if max(layers, default=0) >= num_ws:
        raise BadInputError(
            f"expected layers from 0 to {num_ws - 1} for {sampler.name}, found {max(layers)}: change --mix-layers."
        )
    column_styles = [sampler.styles(seed) for seed in columns]
    yield None
    yield from (sampler.of_styles(ws, seed) for ws, seed in zip(column_styles, columns, strict=True))
    for seed in rows:
        ws = sampler.styles(seed)
        yield sampler.of_styles(ws, seed)
        yield from (sampler.of_styles(mixed(ws, other, layers), seed) for other in column_styles)


def walk(
    sampler: Sampler, seeds: Sequence[int], steps: int, space: Literal["z", "w"], loop: bool = False
) -> Iterator[Tensor]:
    """Yield the frames of a latent walk: ``steps`` from each seed to the next, and the last seed unless it loops.

    Between two seeds the path is a great circle in z, or a straight line in w. All frames use the first seed's noise.

    Raises:
        BadInputError: the model has no latent space w, or the class in a walk in z would depend on the seed.
    """
    if space == "w":
        sampler.require_styles("a walk in w")
    if sampler.model.c_dim and sampler.label is None and space == "z":
        raise BadInputError(
            f"expected one class for a walk in z, found {sampler.model.c_dim} of {sampler.name}: name one with --class."
        )
    for a, b in pairwise([*seeds, *(seeds[:1] if loop else ())]):
        for step in range(steps):
            yield _frame(sampler, seeds[0], (a, b), step / steps, space)
    if not loop:
        yield _frame(sampler, seeds[0], (seeds[-1], seeds[-1]), 0, space)


def _frame(sampler: Sampler, noise_seed: int, ends: tuple[int, int], t: float, space: str) -> Tensor:
    a, b = ends
    if space == "w":
        return sampler.of_styles(lerp(sampler.styles(a), sampler.styles(b), t), noise_seed)
    z = sampler.latent(a) if t == 0 else between(sampler.latent(a), sampler.latent(b), t)
    return sampler.image(noise_seed, z=z)
