"""3x3 convolutions by Winograd's minimal filtering, which takes 2.25 times fewer multiplications.

A tile of 2x2 outputs is made of 4x4 inputs. Tile and filter are transformed such that the convolution becomes sixteen
products, one for each position of the transformed tile, each a product of matrices over channels. Sums of fewer terms
make the result about as exact as the ordinary one, or more.

Source: Lavin and Gray, Fast algorithms for convolutional neural networks (CVPR 2016), section 4.1, F(2x2, 3x3).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

OF_INPUTS = ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1))  # B transposed of equation 8
OF_FILTERS = ((1, 0, 0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0, 0, 1))  # G
OF_OUTPUTS = ((1, 1, 1, 0), (0, 1, -1, -1))  # A transposed
CENTRE = 5  # of the sixteen positions, the one that each of the four outputs contains once, and as it is
TILES = 128  # in work at once, so that they stay in a core's cache


class WinogradConvolution(nn.Module):
    """A 3x3 convolution and the ReLU after it, float32 on a CPU.

    Args:
        conv: of stride 1, padded by 0 or 1, with a bias.
    """

    inputs: Tensor
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
        for name, half in (("inputs", OF_INPUTS), ("outputs", OF_OUTPUTS)):
            along = torch.tensor(half, dtype=conv.weight.dtype)
            self.register_buffer(name, torch.kron(along, along), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, out_channels, H', W']``, none negative."""
        height, width = (size + 2 * self.padding - 2 for size in x.shape[2:])
        tiles = self._tiles(x, math.ceil(height / 2), math.ceil(width / 2))
        rows, columns = tiles.shape[1:3]
        made = x.new_empty((len(x), rows, 2, columns, 2, len(self.bias)))
        images, band = max(1, TILES // (rows * columns)), math.ceil(TILES / columns)
        for first in range(0, len(x), images):
            for top in range(0, rows, band):
                some = slice(first, first + images), slice(top, top + band)
                self._convolve(tiles[some], made[some].permute(2, 4, 0, 1, 3, 5))
        whole = made.view(len(x), 2 * rows, 2 * columns, len(self.bias))[:, :height, :width].permute(0, 3, 1, 2)
        return whole.contiguous(memory_format=torch.channels_last)

    def _tiles(self, x: Tensor, rows: int, columns: int) -> Tensor:
        """Return the tiles of padded images, a view ``[N, rows, columns, in_channels, 4, 4]``."""
        edge, (height, width) = self.padding, x.shape[2:]
        right, bottom = 2 * columns + 2 - edge - width, 2 * rows + 2 - edge - height
        padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, edge, right, edge, bottom))
        return padded.unfold(1, 4, 2).unfold(2, 4, 2)

    def _convolve(self, tiles: Tensor, made: Tensor) -> None:
        """Fill ``made [2, 2, N, rows, columns, out_channels]`` from tiles."""
        transformed = self.inputs @ tiles.permute(4, 5, 0, 1, 2, 3).reshape(16, -1)
        products = torch.bmm(transformed.view(16, -1, tiles.shape[3]), self.weight)
        products[CENTRE] += self.bias
        found = self.outputs @ products.flatten(1)
        torch.clamp_min(found.view(made.shape), 0, out=made)
