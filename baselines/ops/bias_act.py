"""Bias, activation, gain and clamp in one step, with StyleGAN's variance-preserving default gains."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["ACTIVATIONS", "Activation", "bias_act"]


@dataclass(frozen=True)
class Activation:
    """A nonlinearity with its default slope parameter and the gain that preserves the variance of its input."""

    function: Callable[[Tensor, float], Tensor]
    alpha: float
    gain: float


SQRT2 = 2**0.5

ACTIVATIONS = {
    "linear": Activation(lambda x, _: x, 0.0, 1.0),
    "relu": Activation(lambda x, _: F.relu(x), 0.0, SQRT2),
    "lrelu": Activation(F.leaky_relu, 0.2, SQRT2),
    # TensorFlow's operator holds its slope in float32, even in float64 graphs.
    "lrelu-tf": Activation(F.leaky_relu, torch.tensor(0.2).item(), SQRT2),
    "tanh": Activation(lambda x, _: torch.tanh(x), 0.0, 1.0),
    "sigmoid": Activation(lambda x, _: torch.sigmoid(x), 0.0, 1.0),
    "elu": Activation(lambda x, _: F.elu(x), 0.0, 1.0),
    "selu": Activation(lambda x, _: F.selu(x), 0.0, 1.0),
    "softplus": Activation(lambda x, _: F.softplus(x), 0.0, 1.0),
    "swish": Activation(lambda x, _: x * torch.sigmoid(x), 0.0, SQRT2),
}


def bias_act(
    x: Tensor,
    b: Tensor | None = None,
    dim: int = 1,
    act: str = "linear",
    alpha: float | None = None,
    gain: float | None = None,
    clamp: float | None = None,
) -> Tensor:
    """Return ``activation(x + b) * gain``, clamped to ``-clamp..clamp``.

    Args:
        x: any shape, floating point.
        b: ``[x.shape[dim]]``, or None for no bias.
        dim: axis of ``x`` that the bias belongs to.
        act: a key of ``ACTIVATIONS``.
        alpha: slope of ``"lrelu"`` for negative values; None for the activation's default.
        gain: None for the activation's default.
        clamp: None for no clamping.

    Raises:
        ValueError: for an unknown activation.
    """
    if act not in ACTIVATIONS:
        raise ValueError(f"unknown activation {act!r}: choose one of {', '.join(ACTIVATIONS)}.")
    activation = ACTIVATIONS[act]
    gain = activation.gain if gain is None else gain
    if b is not None:
        x = x + b.to(x.dtype).reshape([-1 if i == dim % x.ndim else 1 for i in range(x.ndim)])
    x = activation.function(x, activation.alpha if alpha is None else alpha)
    x = x * gain if gain != 1 else x
    return x if clamp is None else x.clamp(-clamp, clamp)
