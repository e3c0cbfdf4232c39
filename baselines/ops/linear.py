"""The fully connected layer with equalised learning rate."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from baselines.ops.bias_act import bias_act

__all__ = ["FullyConnectedLayer", "linear"]


class FullyConnectedLayer(nn.Module):
    """A linear layer, whose weight is stored with unit variance and scaled at run time, and an activation.

    Keys: ``weight [out_features, in_features]`` and ``bias [out_features]``, to which ``bias_offset`` is added at run
    time.

    Source: Karras et al., Progressive growing of GANs (ICLR 2018), section 4.1; Karras et al., A style-based generator
    architecture (CVPR 2019) for ``lr_multiplier``.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        activation: str = "linear",
        bias: bool = True,
        lr_multiplier: float = 1.0,
        weight_init: float = 1.0,
        bias_init: float | Sequence[float] = 0.0,
        bias_offset: float = 0.0,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.activation = activation
        self.weight = nn.Parameter(torch.randn([out_features, in_features]) * (weight_init / lr_multiplier))
        initial = torch.as_tensor(bias_init, dtype=torch.float32).expand(out_features) / lr_multiplier
        self.bias = nn.Parameter(initial.clone()) if bias else None
        self.weight_gain = lr_multiplier / in_features**0.5
        self.bias_gain = lr_multiplier
        self.bias_offset = bias_offset

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, out_features]`` for ``x [N, in_features]``."""
        bias = None if self.bias is None else self.bias.to(x.dtype) + self.bias_offset
        y = linear(x, self.weight.to(x.dtype), bias, self.weight_gain, self.bias_gain)
        return y if self.activation == "linear" else bias_act(y, act=self.activation)

    def extra_repr(self) -> str:
        """Return the sizes and the activation for ``repr``."""
        return f"in_features={self.in_features}, out_features={self.out_features}, activation={self.activation}"


def linear(x: Tensor, w: Tensor, b: Tensor | None, weight_gain: float = 1.0, bias_gain: float = 1.0) -> Tensor:
    """Return ``weight_gain * x @ w.T + bias_gain * b``, ``[N, out_features]``.

    On the CPU, the rounding of a row depends on its position in the matrix. Without gradients, each row is therefore
    multiplied separately, so that a latent gives the same image in every batch.

    Args:
        x: ``[N, in_features]``.
        w: ``[out_features, in_features]``.
        b: ``[out_features]``, or None for no bias.
        weight_gain: factor of the product.
        bias_gain: factor of the bias.
    """
    n, (features, width) = len(x), w.shape
    bias = x.new_zeros(features) if b is None else b
    if torch.is_grad_enabled() or not x.is_cpu:
        return torch.addmm(bias, x, w.t(), beta=bias_gain, alpha=weight_gain)
    rows = torch.baddbmm(
        bias[None, None], x[:, None], w.t().expand(n, width, features), beta=bias_gain, alpha=weight_gain
    )
    return rows[:, 0]
