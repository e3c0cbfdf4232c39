"""Convolutions of a frozen network on a CPU, each with the ReLU after it, and with channels last in memory.

oneDNN, with which torch convolves on a CPU, can apply a ReLU to each result while a core still holds it. Where a
pixel's channels lie side by side, it needs no copies of what it reads. Outputs change in their last bits.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganbench.extractors.winograd import WinogradConvolution

WINOGRAD_FROM = 64  # channels: with fewer, products save less time than transforms take
SHAPES = 2  # of maps for which a layout of weights is kept: a whole batch and the rest of one
ONEDNN: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]  # torch has no type here


class FusedConvolution(nn.Module):
    """A convolution and the ReLU after it, float32 on a CPU. Outputs are those of the two modules.

    Args:
        conv: with a bias, and for which ``can_fuse`` is true.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        assert conv.bias is not None
        self.stride, self.padding = list(conv.stride), [int(edge) for edge in conv.padding]
        self.weight = nn.Parameter(conv.weight.detach().to(memory_format=torch.channels_last), requires_grad=False)
        self.bias = nn.Parameter(conv.bias.detach(), requires_grad=False)
        self.is_product = conv.kernel_size == conv.stride == (1, 1) and not any(self.padding)

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, out_channels, H', W']``, none negative."""
        return F.relu_(self._product(x)) if self.is_product else self._convolved(x, "relu")

    def linear(self, x: Tensor) -> Tensor:
        """Return the convolution without the ReLU."""
        return self._product(x) if self.is_product else self._convolved(x, "none")

    def _product(self, x: Tensor) -> Tensor:
        """Return a 1x1 convolution as one product of matrices, for which no weights are laid out anew at each call."""
        pixels = x.permute(0, 2, 3, 1)
        found = torch.addmm(self.bias, pixels.flatten(0, 2), self.weight.flatten(1).T)
        return found.view(*pixels.shape[:3], len(self.bias)).permute(0, 3, 1, 2)

    def _convolved(self, x: Tensor, after: str) -> Tensor:
        operator = torch.ops.mkldnn._convolution_pointwise
        x = x.contiguous(memory_format=torch.channels_last)
        weight = self._weight_for(x.shape)
        found: Tensor = operator(x, weight, self.bias, self.padding, self.stride, [1, 1], 1, after, [], "")
        return found

    def _weight_for(self, shape: Sequence[int]) -> Tensor:
        """Return the weights, which oneDNN lays out anew at each call."""
        return self.weight


class FewPixelsConvolution(FusedConvolution):
    """The same where there are more weights than pixels, so that laying them out would take as long as the products.

    The layout that oneDNN reads depends on the shape of the maps; those of the last shapes are kept.
    """

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__(conv)
        self._kept = lru_cache(SHAPES)(self._laid_out)

    def _weight_for(self, shape: Sequence[int]) -> Tensor:
        """Return the weights as oneDNN reads them for maps of a shape."""
        return self._kept(shape)

    def _laid_out(self, shape: Sequence[int]) -> Tensor:
        weight = self.weight.detach().contiguous().to_mkldnn()
        reordered = torch.ops.aten.mkldnn_reorder_conv2d_weight
        laid_out: Tensor = reordered(weight, self.padding, self.stride, [1, 1], 1, list(shape))
        return laid_out


def fused(conv: nn.Conv2d) -> FusedConvolution | WinogradConvolution:
    """Return a convolution and the ReLU after it, in the way that takes the least time; ``can_fuse`` must be true."""
    if has_tiles(conv) and min(conv.in_channels, conv.out_channels) >= WINOGRAD_FROM:
        return WinogradConvolution(conv, FewPixelsConvolution(conv))
    return FusedConvolution(conv)


def fuse_sequences(module: nn.Module) -> None:
    """Fuse each convolution in a ``Sequential`` with the ReLU that follows, in place; indices stay as they are."""
    for sequence in module.modules():
        if isinstance(sequence, nn.Sequential):
            for index, (conv, after) in enumerate(pairwise(list(sequence))):
                if isinstance(conv, nn.Conv2d) and isinstance(after, nn.ReLU) and can_fuse(conv):
                    sequence[index], sequence[index + 1] = fused(conv), nn.Identity()


def can_fuse(conv: nn.Conv2d) -> bool:
    """Return whether ``FusedConvolution`` computes this convolution: an ordinary one, in float32, with oneDNN."""
    ordinary = conv.groups == 1 and conv.dilation == (1, 1) and conv.padding_mode == "zeros"
    ordinary = ordinary and conv.bias is not None and not isinstance(conv.padding, str)
    return ordinary and ONEDNN and conv.weight.is_cpu and conv.weight.dtype == torch.float32


def has_tiles(conv: nn.Conv2d) -> bool:
    """Return whether ``WinogradConvolution`` computes this convolution, if ``can_fuse`` is true of it."""
    taps, edge = conv.kernel_size[0], conv.padding[0]
    square = conv.kernel_size == (taps, taps) and conv.padding == (edge, edge) and conv.stride == (1, 1)
    return square and taps in (3, 5) and edge in (0, taps // 2)
