"""Convolutions of 3x3 and 5x5 by Winograd's minimal filtering, with 4 and 2.8 times fewer multiplications.

A tile of 6x6 inputs makes 4x4 outputs of a 3x3 filter, or 2x2 of a 5x5 one. Along each axis, filter and outputs are
seen as polynomials. These are known by their values at six points, where a product of polynomials is one of numbers: in
two dimensions 36 products, each of matrices over channels, from which the outputs follow.

The points decide how far rounding is amplified: with 0, 1, -1, 2, -2 and infinity, those of the paper, more than twice
as far as with ours. Sums of few channels at a time make up for it: results are about as exact as the ordinary ones.

Source: Lavin and Gray, Fast algorithms for convolutional neural networks (CVPR 2016), section 4, F(4x4, 3x3); points
other than whole numbers as in Barabasz et al., Error analysis and improving the accuracy of Winograd convolution
(TOMS 2020).
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

TILE = 6  # height and width of a tile of inputs
POINTS = (0, 5 / 8, -5 / 8, 3 / 2, -3 / 2)  # and infinity; in a search, no others amplified rounding by 2% less
SUMMED = 32  # channels that are summed at once
TILES = 128  # in work at once, so that they stay in a core's cache


class WinogradConvolution(nn.Module):
    """A convolution and the ReLU after it, float32 on a CPU.

    Args:
        conv: with a bias, of stride 1 and with a square filter, of 3x3 or 5x5.
        ordinary: the same convolution for maps smaller than what one tile makes, which are not worth reading 36 values
            of each filter; by default, these are no exception.
    """

    inputs: Tensor
    outputs: Tensor

    def __init__(self, conv: nn.Conv2d, ordinary: nn.Module | None = None) -> None:
        super().__init__()
        assert conv.bias is not None
        self.ordinary = ordinary
        self.padding, taps, dtype = int(conv.padding[0]), conv.kernel_size[0], conv.weight.dtype
        self.step = TILE + 1 - taps  # from tile to tile, which is how many outputs one makes
        along = values_of(taps)
        filters = torch.einsum("iy,jx,ocyx->ijco", along, along, conv.weight.detach().double())
        self.weight = nn.Parameter(filters.flatten(0, 1).to(dtype).contiguous(), requires_grad=False)
        self.bias = nn.Parameter(conv.bias.detach(), requires_grad=False)
        self.register_buffer("inputs", values_of(TILE).inverse().T.to(dtype).contiguous(), persistent=False)
        self.register_buffer("outputs", values_of(self.step).T.to(dtype).contiguous(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, out_channels, H', W']``, none negative."""
        step = self.step
        height, width = (size + 2 * self.padding + step - TILE for size in x.shape[2:])
        if self.ordinary is not None and height * width < step**2:
            few: Tensor = self.ordinary(x)
            return few
        tiles = self._tiles(x, math.ceil(height / step), math.ceil(width / step))
        rows, columns = tiles.shape[1:3]
        made = x.new_empty((len(x), rows, step, columns, step, len(self.bias)))
        images, band = max(1, TILES // (rows * columns)), math.ceil(TILES / columns)
        for first in range(0, len(x), images):
            for top in range(0, rows, band):
                some = slice(first, first + images), slice(top, top + band)
                self._convolve(tiles[some], made[some].permute(2, 4, 0, 1, 3, 5))
        whole = made.view(len(x), step * rows, step * columns, len(self.bias))[:, :height, :width].permute(0, 3, 1, 2)
        return whole.contiguous(memory_format=torch.channels_last)

    def _tiles(self, x: Tensor, rows: int, columns: int) -> Tensor:
        """Return the tiles of padded images, a view ``[N, rows, columns, in_channels, 6, 6]``."""
        step, edge, beyond = self.step, self.padding, TILE - self.step - self.padding
        bottom, right = step * rows + beyond - x.shape[2], step * columns + beyond - x.shape[3]
        padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, edge, right, edge, bottom))
        return padded.unfold(1, TILE, step).unfold(2, TILE, step)

    def _convolve(self, tiles: Tensor, made: Tensor) -> None:
        """Fill ``made [step, step, N, rows, columns, out_channels]`` from tiles."""
        values = both_ways(self.inputs, tiles.permute(4, 5, 0, 1, 2, 3)).view(TILE**2, -1, tiles.shape[3])
        products = values.new_empty((*values.shape[:2], len(self.bias)))
        parts = zip(torch.split(values, SUMMED, 2), torch.split(self.weight, SUMMED, 1), strict=True)
        for index, (some, weight) in enumerate(parts):
            products.baddbmm_(some, weight, beta=min(index, 1))
        found = both_ways(self.outputs, products.view(TILE, TILE, -1)).view(made.shape)
        torch.clamp_min(found.add_(self.bias), 0, out=made)


def values_of(coefficients: int) -> Tensor:
    """Return the matrix ``[6, coefficients]`` float64 that takes a polynomial to its values at the points.

    That at infinity is its last coefficient. Values of the product of two polynomials are products of values, so that
    the inverse of the matrix multiplies polynomials, and its transpose convolves.
    """
    values = np.vander(np.array(POINTS), coefficients, increasing=True)
    return torch.from_numpy(np.vstack([values, np.eye(coefficients)[-1]]))


def both_ways(matrix: Tensor, maps: Tensor) -> Tensor:
    """Return ``[A, A, M]``: a matrix ``[A, B]`` applied to both axes of ``[B, B, ...]``, whose others become one."""
    rows = matrix @ maps.reshape(matrix.shape[1], -1)
    return matrix @ rows.view(len(matrix), matrix.shape[1], -1)
