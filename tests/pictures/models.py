"""Generators for tests, whose images say what went into them."""

from typing import Any

import torch
from torch import Tensor


class Plain:
    """A generator without a latent space w: a colour image of the latent's first three numbers, 8x8."""

    z_dim, c_dim, img_resolution, img_channels = 4, 0, 8, 3

    def __call__(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        return z[:, :3, None, None].tanh().expand(len(z), 3, 8, 8)


class Styled(Plain):
    """A conditional style generator: row ``i`` of its grey 8x8 images shows layer ``i``; w is the mean of z, w_avg 0.

    The label shifts everything by a tenth for each class, noise the last row.
    """

    c_dim, w_dim, num_ws, img_channels = 3, 1, 7, 1

    def mapping(
        self, z: Tensor, c: Tensor | None = None, *, truncation_psi: float = 1.0, truncation_cutoff: int | None = None
    ) -> Tensor:
        assert c is not None
        w = (z.mean(1) / 4 + c @ torch.tensor([0.0, 0.1, 0.2])).clamp(-1, 1)
        ws = w[:, None, None].repeat(1, self.num_ws, 1)
        ws[:, :truncation_cutoff] *= truncation_psi
        return ws

    def synthesis(
        self, ws: Tensor, *, noise_mode: str = "const", streams: Any = None, force_fp32: bool = False
    ) -> Tensor:
        rows = torch.cat([ws[:, :, 0], torch.zeros(len(ws), 1)], 1)
        if noise_mode == "random":
            rows[:, -1] = streams.normal("noise").tanh()
        return rows[:, None, :, None].expand(len(ws), 1, 8, 8)

    def __call__(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        return self.synthesis(self.mapping(z, c))
