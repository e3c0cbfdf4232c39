"""StyleGAN3's mapping network."""

import torch
from torch import Tensor, nn

from baselines.ops.linear import FullyConnectedLayer
from baselines.ops.processes import mean_of_all

__all__ = ["MappingNetwork", "normalize_2nd_moment"]


def normalize_2nd_moment(x: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """`x` scaled to unit root mean square along `dim`."""
    return x * (x.square().mean(dim, keepdim=True) + eps).rsqrt()


class MappingNetwork(nn.Module):
    """Latents (and labels) to intermediate latents, with their running mean for truncation.

    Keys: `embed.*` if conditional, `fc0.*`, `fc1.*`, ..., `w_avg` [w_dim].

    Source: StyleGAN3 (Karras et al. 2021) appendix D.1: two layers, learning rate multiplier 0.01.
    """

    w_avg: Tensor

    def __init__(
        self,
        z_dim: int,
        c_dim: int,
        w_dim: int,
        num_ws: int,
        num_layers: int = 2,
        lr_multiplier: float = 0.01,
        w_avg_beta: float = 0.998,
    ) -> None:
        super().__init__()
        self.z_dim = z_dim
        self.c_dim = c_dim
        self.w_dim = w_dim
        self.num_ws = num_ws
        self.num_layers = num_layers
        self.w_avg_beta = w_avg_beta
        self.embed = FullyConnectedLayer(c_dim, w_dim) if c_dim > 0 else None
        features = [z_dim + (w_dim if c_dim > 0 else 0)] + [w_dim] * num_layers
        for i in range(num_layers):
            layer = FullyConnectedLayer(features[i], w_dim, activation="lrelu", lr_multiplier=lr_multiplier)
            self.add_module(f"fc{i}", layer)
        self.register_buffer("w_avg", torch.zeros([w_dim]))

    def forward(
        self,
        z: Tensor,
        c: Tensor | None = None,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
        update_emas: bool = False,
    ) -> Tensor:
        """Intermediate latents, [N, num_ws, w_dim].

        z: [N, z_dim], standard normal. c: [N, c_dim], needed when conditional. truncation_psi: 1 leaves w alone,
        0 gives the mean. truncation_cutoff: how many of the first layers are truncated; None for all.
        update_emas: move `w_avg` towards the mean of this batch.

        Raises: ValueError if `z` or `c` do not have the shape that the network was built for.
        """
        z = self.checked(z, "z", self.z_dim)
        c = self.checked(c, "c", self.c_dim) if self.c_dim > 0 else None
        w = self.intermediate(z, c)
        if update_emas:
            self.w_avg.copy_(mean_of_all(w.detach().mean(0)).lerp(self.w_avg, self.w_avg_beta))
        return self.truncated(w.unsqueeze(1).repeat(1, self.num_ws, 1), truncation_psi, truncation_cutoff)

    def intermediate(self, z: Tensor, c: Tensor | None) -> Tensor:
        """w [N, w_dim] before truncation."""
        w = normalize_2nd_moment(z)
        if self.embed is not None:
            w = torch.cat([w, normalize_2nd_moment(self.embed(c))], dim=1)
        for i in range(self.num_layers):
            w = self.get_submodule(f"fc{i}")(w)
        return w

    def checked(self, x: Tensor | None, name: str, features: int) -> Tensor:
        """`x` in the network's dtype."""
        if x is None or x.ndim != 2 or x.shape[1] != features:
            found = "None" if x is None else list(x.shape)
            raise ValueError(f"The mapping network needs {name} as [N, {features}]; give that instead of {found}.")
        return x.to(self.w_avg.dtype)

    def truncated(self, ws: Tensor, psi: float, cutoff: int | None) -> Tensor:
        """`ws` with its first `cutoff` layers pulled towards the mean."""
        if psi == 1:
            return ws
        cutoff = self.num_ws if cutoff is None else cutoff
        return torch.cat([self.w_avg.lerp(ws[:, :cutoff], psi), ws[:, cutoff:]], dim=1)
