"""3x3 convolutions by Winograd's minimal filtering, which takes 2.25 times fewer multiplications.

A tile of 2x2 outputs is made of 4x4 inputs. Tile and filter are transformed such that the convolution becomes sixteen
products, one for each position of the transformed tile, each a product of matrices over channels. Sums of fewer terms
make the result about as exact as the ordinary one, or more.

Source: Lavin and Gray, Fast algorithms for convolutional neural networks (CVPR 2016), section 4.1, F(2x2, 3x3).
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

OF_FILTERS = ((1, 0, 0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0, 0, 1))  # G of equation 8
OF_OUTPUTS = ((1, 1, 1, 0), (0, 1, -1, -1))  # A transposed
CENTRE = 5  # of the sixteen positions, the one that each of the four outputs contains once, and as it is
TILES = 128  # in work at once, so that they stay in a core's cache


class WinogradConvolution(nn.Module):
    """A 3x3 convolution and the ReLU after it, float32 on a CPU.

    Args:
        conv: of stride 1, padded by 0 or 1, with a bias.
    """

    outputs: Tensor

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        assert conv.bias is not None
        self.padding = int(conv.padding[0])
        transform = torch.tensor(OF_FILTERS, dtype=torch.float64)
        taps = conv.weight.detach().double().permute(2, 3, 1, 0)  # [3, 3, in_channels, out_channels]
        filters = torch.kron(transform, transform) @ taps.reshape(9, -1)
        self.weight = nn.Parameter(filters.view(16, *taps.shape[2:]).to(conv.weight.dtype), requires_grad=False)
        self.bias = nn.Parameter(conv.bias.detach(), requires_grad=False)
        half = torch.tensor(OF_OUTPUTS, dtype=conv.weight.dtype)
        self.register_buffer("outputs", torch.kron(half, half), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, out_channels, H', W']``, none negative."""
        height, width = (size + 2 * self.padding - 2 for size in x.shape[2:])
        rows, columns = math.ceil(height / 2), math.ceil(width / 2)
        made = x.new_empty((len(x), rows, 2, columns, 2, len(self.bias)))
        images, band = max(1, TILES // (rows * columns)), math.ceil(TILES / columns)
        for first in range(0, len(x), images):
            padded = self._padded(x[first : first + images], rows, columns)
            for top in range(0, rows, band):
                some = padded[:, :, 2 * top : 2 * (top + band) + 2]
                self._convolve(some, made[first : first + images, top : top + band].permute(2, 4, 0, 1, 3, 5))
        whole = made.view(len(x), 2 * rows, 2 * columns, len(self.bias))[:, :height, :width].permute(0, 3, 1, 2)
        return whole.contiguous(memory_format=torch.channels_last)

    def _padded(self, x: Tensor, rows: int, columns: int) -> Tensor:
        """Return even and odd columns of padded images, ``[2, N, 2 rows + 2, columns + 1, in_channels]``.

        Apart, each is one long run in memory, which arithmetic takes several times faster than every other pixel.
        """
        edge, pixels = self.padding, x.permute(0, 2, 3, 1)
        padded = x.new_empty((2, len(x), 2 * rows + 2, columns + 1, x.shape[1]))
        for parity in range(2):
            start, top, bottom = (parity + edge) % 2, edge, edge + x.shape[2]
            side = pixels[:, :, start::2]
            left = (start + edge) // 2
            right = left + side.shape[2]
            padded[parity, :, top:bottom, left:right] = side
            for border in (np.s_[:, :top], np.s_[:, bottom:], np.s_[:, :, :left], np.s_[:, :, right:]):
                padded[parity][border].zero_()
        return padded

    def _convolve(self, padded: Tensor, made: Tensor) -> None:
        """Fill ``made [2, 2, N, rows, columns, out_channels]`` from rows of padded images."""
        _, count, high, wide, channels = padded.shape
        rows, columns = high // 2 - 1, wide - 1
        even, odd = padded
        across = padded.new_empty((4, count, high, columns, channels))
        _transform([even[:, :, :-1], odd[:, :, :-1], even[:, :, 1:], odd[:, :, 1:]], across)
        tiles = padded.new_empty((4, 4, count, rows, columns, channels))
        _transform([across[:, :, start : start + 2 * rows : 2] for start in range(4)], tiles)
        products = torch.bmm(tiles.view(16, -1, channels), self.weight)
        products[CENTRE] += self.bias
        found = self.outputs @ products.flatten(1)
        torch.clamp_min(found.view(2, 2, count, rows, columns, -1), 0, out=made)


def _transform(neighbours: Sequence[Tensor], made: Tensor) -> None:
    """Fill ``made [4, ...]`` with the transform of four neighbours along one axis, B transposed of equation 8."""
    first, second, third, fourth = neighbours
    torch.sub(first, third, out=made[0])
    torch.add(second, third, out=made[1])
    torch.sub(third, second, out=made[2])
    torch.sub(second, fourth, out=made[3])
