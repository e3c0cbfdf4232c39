"""Layers that training leaves as they are.

Source: Mo et al., Freeze the Discriminator: a Simple Baseline for Fine-Tuning GANs (CVPR workshop 2020).
"""

from collections.abc import Iterable, Sequence

from torch import nn

from baselines.errors import SettingsError

__all__ = ["freeze", "freeze_first"]


def freeze(layer: nn.Module) -> None:
    """Make all parameters of a layer buffers of the same names, which snapshots hold and no optimiser changes."""
    for module in layer.modules():
        for name, parameter in [*module.named_parameters(recurse=False)]:
            delattr(module, name)
            module.register_buffer(name, parameter.detach())


def freeze_first(count: int, blocks: Iterable[nn.Module], grows_from: int, img_resolution: int) -> None:
    """Freeze the first layers of a discriminator that has reached its full resolution.

    They are counted as in StyleGAN2-ADA, in the order in which an image passes them: ``fromrgb`` of the full
    resolution, then ``conv0`` and ``conv1`` of each block. The last block, at 4x4, always learns.

    Args:
        count: number of layers; 0 for none.
        blocks: of the discriminator, from the full resolution down.
        grows_from: resolution at which the run starts.
        img_resolution: the full resolution.

    Raises:
        SettingsError: the discriminator grows, so that the layers to freeze come into use one after the other.
    """
    if count and grows_from != img_resolution:
        raise SettingsError(
            f"expected initial_resolution {img_resolution} with freeze_d, which counts layers from the full resolution "
            f"on, found {grows_from}: set initial_resolution={img_resolution}."
        )
    for layer in _in_order([*blocks])[:count]:
        freeze(layer)


def _in_order(blocks: Sequence[nn.Module]) -> list[nn.Module]:
    names = ["fromrgb", *["conv0", "conv1"] * (len(blocks) - 1)]
    owners = [blocks[0], *(block for block in blocks[:-1] for _ in range(2))]
    return [owner.get_submodule(name) for owner, name in zip(owners, names, strict=True)]
