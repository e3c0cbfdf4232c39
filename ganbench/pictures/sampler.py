"""Images of a generator, drawn by seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional import affine, lerp, slerp
from ganbench.images import to_uint8
from ganbench.rng import Streams
from ganbench.types import EquivariantGenerator, Generator, NoiseMode, StyleGenerator, Translator


@dataclass(frozen=True, eq=False)
class Sampler:
    """Draws images of a generator one at a time, so that each depends on its own seed alone.

    Seed ``s`` draws everything from ``Streams(s, (0,))``: the latent is ``normal("z", (z_dim,))``, and without a
    ``label`` the class of a conditional model is ``integers("label", c_dim)``.

    Attributes:
        model: a ``Generator``.
        name: of the model, for messages.
        device: where the model is.
        truncation_psi: interpolates from ``w_avg`` (0) to ``w`` (1); 1 for no truncation.
        truncation_cutoff: number of layers truncated; None for all.
        label: class of every image, 0..c_dim-1; None to draw one by seed.
        noise_mode: of a style-based generator.
        on_image: called after every image.

    Raises:
        BadInputError: the model is not a generator, or lacks the class or latent space that the options need.
    """

    model: Any
    name: str = "the model"
    device: str = "cpu"
    truncation_psi: float = 1.0
    truncation_cutoff: int | None = None
    label: int | None = None
    noise_mode: NoiseMode = "const"
    on_image: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        if isinstance(self.model, Translator):
            raise BadInputError(
                f"expected a model that makes images from latents, found {self.name}, which translates images: use "
                "`ganbench translate`."
            )
        if not isinstance(self.model, Generator):
            raise BadInputError(f"expected a model that makes images from latents, found {self.name}: choose another.")
        if self.model.img_channels not in (1, 3):
            raise BadInputError(
                f"expected a model of images with 1 or 3 channels, found {self.name} with {self.model.img_channels}: "
                "choose another."
            )
        if self.truncation_psi != 1 or self.truncation_cutoff is not None:
            self.require_styles("truncation")
        c_dim = self.model.c_dim
        if self.label is not None and not 0 <= self.label < c_dim:
            if not c_dim:
                raise BadInputError(
                    f"expected a conditional model for class {self.label}, found {self.name}: leave out --class."
                )
            raise BadInputError(
                f"expected a class from 0 to {c_dim - 1} of {self.name}, found {self.label}: change --class."
            )

    def require_styles(self, what: str) -> None:
        """Raise ``BadInputError`` unless the model has a latent space w, which ``what`` needs."""
        if not isinstance(self.model, StyleGenerator):
            raise BadInputError(
                f"expected a model with a latent space w for {what}, found {self.name}: choose a style-based generator."
            )

    def move(self, tx: float, ty: float, angle: float) -> None:
        """Shift and rotate all images from now on; see ``inverse_motion``.

        Raises:
            BadInputError: the model has no input transform.
        """
        if not isinstance(self.model, EquivariantGenerator):
            raise BadInputError(
                f"expected a model that can shift and rotate its images, found {self.name}: leave out --translate and "
                "--rotate."
            )
        self.model.set_transform(inverse_motion(tx, ty, angle).to(self.device))

    def latent(self, seed: int) -> Tensor:
        """Return the latent of a seed, ``[1, z_dim]`` float32."""
        return Streams(seed, (0,)).normal("z", (self.model.z_dim,)).to(self.device)

    def condition(self, seed: int) -> Tensor | None:
        """Return the one-hot label ``[1, c_dim]`` of a seed, or None for an unconditional model."""
        c_dim = self.model.c_dim
        if not c_dim:
            return None
        number = self.label if self.label is not None else int(Streams(seed, (0,)).integers("label", c_dim))
        return torch.nn.functional.one_hot(torch.tensor([number]), c_dim).float().to(self.device)

    @torch.no_grad()
    def styles(self, seed: int, psi: float | None = None, z: Tensor | None = None) -> Tensor:
        """Return ``ws [1, num_ws, w_dim]`` of a seed, or of another latent with the seed's label."""
        return self.model.mapping(  # type: ignore[no-any-return]  # a StyleGenerator
            self.latent(seed) if z is None else z,
            self.condition(seed),
            truncation_psi=self.truncation_psi if psi is None else psi,
            truncation_cutoff=self.truncation_cutoff,
        )

    @torch.no_grad()
    def of_styles(self, ws: Tensor, seed: int) -> Tensor:
        """Return the image ``[C, H, W]`` uint8 of ``ws``; random noise is drawn from the seed."""
        return self._done(self.model.synthesis(ws, noise_mode=self.noise_mode, streams=Streams(seed, (0,))))

    @torch.no_grad()
    def image(self, seed: int, psi: float | None = None, z: Tensor | None = None) -> Tensor:
        """Return the image ``[C, H, W]`` uint8 of a seed, or of another latent with the seed's label and noise."""
        if isinstance(self.model, StyleGenerator):
            return self.of_styles(self.styles(seed, psi, z), seed)
        return self._done(self.model(self.latent(seed) if z is None else z, self.condition(seed)))

    def _done(self, images: Tensor) -> Tensor:
        pixels = to_uint8(images)[0].cpu()
        self.on_image()
        return pixels


def inverse_motion(tx: float, ty: float, angle: float) -> Tensor:
    """Return the ``[3, 3]`` float32 input transform that makes a generator rotate and then shift its images.

    Args:
        tx: to the right, in image widths.
        ty: downwards, in image widths.
        angle: counter-clockwise, in radians, about the centre.
    """
    motion = affine.rotation_matrix(angle)
    motion[:2, 2] = torch.tensor([tx, ty], dtype=motion.dtype)
    return motion.inverse().float()


def between(a: Tensor, b: Tensor, t: float) -> Tensor:
    """Return the latent at ``t`` on the great circle from ``a`` to ``b``, ``[1, z_dim]``, with interpolated norm.

    Deviation: PPL's slerp has unit norm, which suits only generators that normalise their latents.
    """
    return slerp(a, b, t) * lerp(a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True), t)


def mixed(row: Tensor, column: Tensor, layers: Sequence[int]) -> Tensor:
    """Return the row's ``ws`` with the column's in ``layers``, ``[1, num_ws, w_dim]``."""
    ws = row.clone()
    ws[:, list(layers)] = column[:, list(layers)]
    return ws
