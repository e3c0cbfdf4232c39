"""StyleGAN's mapping network, with the running mean of W that truncation interpolates towards."""

import torch
from torch import Tensor, nn

from baselines.ops.parts import update_mean
from baselines.ops.progressive import Dense, activation, pixel_norm
from baselines.ops.tiles import can_tile, tiled

__all__ = ["MappingNetwork"]


class MappingNetwork(nn.Module):
    """Mapping from latents and labels to intermediate latents.

    Keys: ``embed [c_dim, z_dim]`` if conditional, ``fc0.weight``, ``fc0.bias``, ``fc1.weight``, ..., ``w_avg [w_dim]``.

    Args:
        z_dim: features of z.
        c_dim: number of classes; 0 for an unconditional network.
        w_dim: features of w.
        num_ws: number of copies of w, one per layer of the synthesis network.
        num_layers: number of fully connected layers.
        layer_features: width of all layers but the last.
        lr_multiplier: learning rate relative to the rest of the generator.
        nonlinearity: ``"lrelu"`` or ``"relu"``.
        use_wscale: whether weights are equalised.
        normalize_latents: whether z, concatenated with the embedded label, is scaled to unit mean square.
        w_avg_beta: decay of the running mean ``w_avg``.

    Source: Karras et al. (CVPR 2019), section 2 and appendix C; appendix B for the truncation.
    """

    w_avg: Tensor

    def __init__(
        self,
        z_dim: int,
        c_dim: int,
        w_dim: int,
        num_ws: int,
        num_layers: int = 8,
        layer_features: int = 512,
        lr_multiplier: float = 0.01,
        nonlinearity: str = "lrelu",
        use_wscale: bool = True,
        normalize_latents: bool = True,
        w_avg_beta: float = 0.995,
    ) -> None:
        super().__init__()
        self.z_dim, self.c_dim, self.w_dim, self.num_ws = z_dim, c_dim, w_dim, num_ws
        self.num_layers, self.activation = num_layers, activation(nonlinearity)
        self.normalize_latents, self.w_avg_beta = normalize_latents, w_avg_beta
        self.embed = nn.Parameter(torch.randn(c_dim, z_dim)) if c_dim > 0 else None
        widths = [z_dim * (2 if c_dim > 0 else 1), *[layer_features] * (num_layers - 1), w_dim]
        for i in range(num_layers):
            layer = Dense(widths[i], widths[i + 1], use_wscale=use_wscale, lr_multiplier=lr_multiplier)
            self.add_module(f"fc{i}", layer)
        self.register_buffer("w_avg", torch.zeros(w_dim))

    def forward(
        self,
        z: Tensor,
        c: Tensor | None = None,
        truncation_psi: float = 1.0,
        truncation_cutoff: int | None = None,
        update_emas: bool = False,
    ) -> Tensor:
        """Return intermediate latents, ``[N, num_ws, w_dim]``.

        Args:
            z: ``[N, z_dim]``, standard normal.
            c: ``[N, c_dim]`` one-hot, needed when conditional.
            truncation_psi: 1 leaves w unchanged, 0 gives the mean.
            truncation_cutoff: number of leading layers to truncate; None for all.
            update_emas: update ``w_avg`` with the mean of this batch.

        Raises:
            ValueError: if ``z`` or ``c`` has the wrong shape.

        Deviation: the published code does not truncate at all when the cutoff is None.
        """
        z = self.checked(z, "z", self.z_dim)
        c = self.checked(c, "c", self.c_dim) if self.c_dim > 0 else None
        w = tiled(self.intermediate, 1, z, c) if can_tile(z) else self.intermediate(z, c)
        if update_emas:
            update_mean(self.w_avg, w.detach().mean(0), self.w_avg_beta)
        return self.truncated(w[:, None].repeat(1, self.num_ws, 1), truncation_psi, truncation_cutoff)

    def intermediate(self, z: Tensor, c: Tensor | None) -> Tensor:
        """Return w ``[N, w_dim]`` before truncation."""
        if self.embed is not None:
            assert c is not None, "forward has checked it"
            z = torch.cat([z, c @ self.embed], dim=1)
        w = pixel_norm(z) if self.normalize_latents else z
        for i in range(self.num_layers):
            w = self.activation(self.get_submodule(f"fc{i}")(w))
        return w

    def checked(self, x: Tensor | None, name: str, features: int) -> Tensor:
        """Return ``x [N, features]`` in the network's dtype, after checking its shape."""
        if x is None or x.ndim != 2 or x.shape[1] != features:
            found = "None" if x is None else list(x.shape)
            raise ValueError(
                f"expected {name} of shape [N, {features}], found {found}: see the model's z_dim and c_dim."
            )
        return x.to(self.w_avg.dtype)

    def truncated(self, ws: Tensor, psi: float, cutoff: int | None) -> Tensor:
        """Return ``ws`` with its first ``cutoff`` layers pulled towards the mean."""
        if psi == 1:
            return ws
        cutoff = self.num_ws if cutoff is None else cutoff
        return torch.cat([self.w_avg.lerp(ws[:, :cutoff], psi), ws[:, cutoff:]], dim=1)
