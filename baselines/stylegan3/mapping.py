"""StyleGAN3's mapping network: StyleGAN2's, with fewer layers."""

from baselines.stylegan2 import mapping

__all__ = ["MappingNetwork"]


class MappingNetwork(mapping.MappingNetwork):
    """Mapping from latents and labels to intermediate latents, with the running mean used for truncation.

    Keys: ``embed.*`` if conditional, ``fc0.*``, ``fc1.*``, ..., ``w_avg [w_dim]``.

    Source: StyleGAN3 (Karras et al. 2021) appendix D.1: two layers, learning rate multiplier 0.01.
    """

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
        super().__init__(z_dim, c_dim, w_dim, num_ws, num_layers, lr_multiplier=lr_multiplier, w_avg_beta=w_avg_beta)
