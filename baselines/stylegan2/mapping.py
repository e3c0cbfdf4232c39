"""The mapping network: latents and labels to intermediate latents."""

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from baselines.ops.linear import FullyConnectedLayer
from baselines.ops.parts import update_mean

__all__ = ["MappingNetwork", "normalize_2nd_moment"]


def normalize_2nd_moment(x: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Return ``x`` scaled so that its mean square along ``dim`` is 1."""
    return x * (x.square().mean(dim, keepdim=True) + eps).rsqrt()


class MappingNetwork(nn.Module):
    """Mapping from latents ``z`` and labels ``c`` to ``w``, with the running mean used for truncation.

    The discriminator uses it for labels alone, with ``z_dim=0, num_ws=None, w_avg_beta=None``.

    Keys: ``embed.*`` if conditional, ``fc0.*``, ``fc1.*``, ..., ``w_avg [w_dim]``.

    Args:
        num_ws: number of copies of w, one per layer of the synthesis network; None for a single w.
        embed_features: width of the embedded label; None for ``w_dim``.
        layer_features: width of all layers but the last; None for ``w_dim``.
        w_avg_beta: decay of the running mean ``w_avg``; None for no running mean.
        label_concat: embed labels as in the original code of StyleGAN and StyleGAN2: one vector per class, as long as
            z and without bias, concatenated with z before both are normalised together.

    Source: Karras et al., A Style-Based Generator Architecture (CVPR 2019), section 2 and appendix B; Karras et al.,
    Training Generative Adversarial Networks with Limited Data (NeurIPS 2020), appendix C, for the labels.
    """

    w_avg: Tensor

    def __init__(
        self,
        z_dim: int,
        c_dim: int,
        w_dim: int,
        num_ws: int | None,
        num_layers: int = 8,
        embed_features: int | None = None,
        layer_features: int | None = None,
        activation: str = "lrelu",
        lr_multiplier: float = 0.01,
        w_avg_beta: float | None = 0.998,
        label_concat: bool = False,
    ) -> None:
        super().__init__()
        self.z_dim, self.c_dim, self.w_dim, self.num_ws = z_dim, c_dim, w_dim, num_ws
        self.num_layers, self.w_avg_beta, self.label_concat = num_layers, w_avg_beta, label_concat
        embed_features = (z_dim if label_concat else embed_features or w_dim) if c_dim > 0 else 0
        widths = [z_dim + embed_features, *[layer_features or w_dim] * (num_layers - 1), w_dim]
        scaled: dict[str, Any] = (
            {"bias": False, "lr_multiplier": c_dim**0.5} if label_concat else {}
        )  # so that its gain is 1
        self.embed = FullyConnectedLayer(c_dim, embed_features, **scaled) if c_dim > 0 else None
        for index, (narrow, wide) in enumerate(pairwise(widths)):
            layer = FullyConnectedLayer(narrow, wide, activation=activation, lr_multiplier=lr_multiplier)
            self.add_module(f"fc{index}", layer)
        if num_ws is not None and w_avg_beta is not None:
            self.register_buffer("w_avg", torch.zeros([w_dim]))

    def forward(
        self,
        z: Tensor | None,
        c: Tensor | None = None,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
        update_emas: bool = False,
    ) -> Tensor:
        """Return ``ws [N, num_ws, w_dim]``, or ``[N, w_dim]`` where ``num_ws`` is None.

        Args:
            z: ``[N, z_dim]``, standard normal; None where ``z_dim`` is 0.
            c: ``[N, c_dim]``; ignored where ``c_dim`` is 0.
            truncation_psi: 1 leaves w unchanged, 0 gives the mean.
            truncation_cutoff: number of leading layers to truncate; None for all.
            update_emas: update ``w_avg`` with the mean of this batch.

        Raises:
            ValueError: if ``z`` or ``c`` has the wrong shape, or there is no ``w_avg`` to truncate with.
        """
        z = self._checked(z, "z", self.z_dim) if self.z_dim > 0 else None
        c = self._checked(c, "c", self.c_dim) if self.c_dim > 0 else None
        w = self.intermediate(z, c)
        if update_emas and self.w_avg_beta is not None:
            update_mean(self.w_avg, w.detach().mean(0), self.w_avg_beta)
        if self.num_ws is None:
            return w
        return self.truncated(w.unsqueeze(1).repeat(1, self.num_ws, 1), truncation_psi, truncation_cutoff)

    def intermediate(self, z: Tensor | None, c: Tensor | None) -> Tensor:
        """Return ``w [N, w_dim]`` before truncation."""
        parts = [] if z is None else [z]
        parts += [] if self.embed is None else [self.embed(c)]
        if self.label_concat:
            w = normalize_2nd_moment(torch.cat(parts, dim=1))
        else:
            w = torch.cat([normalize_2nd_moment(part) for part in parts], dim=1)
        for index in range(self.num_layers):
            w = self.get_submodule(f"fc{index}")(w)
        return w

    def truncated(self, ws: Tensor, psi: float, cutoff: int | None) -> Tensor:
        """Return ``ws`` with its first ``cutoff`` layers pulled towards the mean."""
        if psi == 1:
            return ws
        if self.w_avg_beta is None:
            raise ValueError(
                f"expected truncation_psi 1 for a mapping network without w_avg, found {psi}: leave the truncation out."
            )
        cutoff = self.num_ws if cutoff is None else cutoff
        return torch.cat([self.w_avg.lerp(ws[:, :cutoff], psi), ws[:, cutoff:]], dim=1)

    def _checked(self, x: Tensor | None, name: str, features: int) -> Tensor:
        if x is None or x.ndim != 2 or x.shape[1] != features:
            found = "None" if x is None else list(x.shape)
            raise ValueError(
                f"expected {name} of shape [N, {features}], found {found}: see the model's z_dim and c_dim."
            )
        return x.to(self.get_submodule("fc0").weight.dtype)  # type: ignore[arg-type]  # it is a layer's weight
