"""Names of Inception's weights in files: those of the PyTorch port, used here, and those of NVlabs' TorchScript file.

The TorchScript file (``inception-2015-12-05.pt``) uses the names of TensorFlow's graph: ``layers.conv`` to
``layers.mixed_10``, inside which ``tower``, ``tower_1`` and ``tower_2`` are the branches from left to right; each
convolution has ``weight``, ``beta``, ``mean`` and ``var``, but no scale, as the graph's batch normalisation has none.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

STEM = ("Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3")
BLOCKS = "5b A, 5c A, 5d A, 6a B, 6b C, 6c C, 6d C, 6e C, 7a D, 7b E, 7c E"  # Mixed_5b, of the kind MixedA, ...
BRANCHES = {  # block -> name in the graph -> name in the port
    "A": {
        "conv": "branch1x1",
        "tower.conv": "branch5x5_1",
        "tower.conv_1": "branch5x5_2",
        "tower_1.conv": "branch3x3dbl_1",
        "tower_1.conv_1": "branch3x3dbl_2",
        "tower_1.conv_2": "branch3x3dbl_3",
        "tower_2.conv": "branch_pool",
    },
    "B": {
        "conv": "branch3x3",
        "tower.conv": "branch3x3dbl_1",
        "tower.conv_1": "branch3x3dbl_2",
        "tower.conv_2": "branch3x3dbl_3",
    },
    "C": {
        "conv": "branch1x1",
        "tower.conv": "branch7x7_1",
        "tower.conv_1": "branch7x7_2",
        "tower.conv_2": "branch7x7_3",
        "tower_1.conv": "branch7x7dbl_1",
        "tower_1.conv_1": "branch7x7dbl_2",
        "tower_1.conv_2": "branch7x7dbl_3",
        "tower_1.conv_3": "branch7x7dbl_4",
        "tower_1.conv_4": "branch7x7dbl_5",
        "tower_2.conv": "branch_pool",
    },
    "D": {
        "tower.conv": "branch3x3_1",
        "tower.conv_1": "branch3x3_2",
        "tower_1.conv": "branch7x7x3_1",
        "tower_1.conv_1": "branch7x7x3_2",
        "tower_1.conv_2": "branch7x7x3_3",
        "tower_1.conv_3": "branch7x7x3_4",
    },
    "E": {
        "conv": "branch1x1",
        "tower_conv": "branch3x3_1",
        "tower_mixed_conv": "branch3x3_2a",
        "tower_mixed_conv_1": "branch3x3_2b",
        "tower_1_conv": "branch3x3dbl_1",
        "tower_1_conv_1": "branch3x3dbl_2",
        "tower_1_mixed_conv": "branch3x3dbl_3a",
        "tower_1_mixed_conv_1": "branch3x3dbl_3b",
        "tower_2_conv": "branch_pool",
    },
}
PARTS = {"weight": "conv.weight", "beta": "bn.bias", "mean": "bn.running_mean", "var": "bn.running_var"}


def numbered(name: str, number: int) -> str:
    """Return a name as TensorFlow numbers repeated ones: ``conv``, ``conv_1``, ``conv_2``."""
    return f"{name}_{number}" if number else name


def convolutions() -> dict[str, str]:
    """Return a mapping from each convolution's name in the TorchScript file to its name in the port."""
    found = {f"layers.{numbered('conv', i)}": name for i, name in enumerate(STEM)}
    for i, block in enumerate(BLOCKS.split(", ")):
        place, kind = block.split()
        graph = f"layers.{numbered('mixed', i)}"
        found |= {f"{graph}.{inner}": f"Mixed_{place}.{name}" for inner, name in BRANCHES[kind].items()}
    return found


def as_ported(tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return the tensors of either layout under the names of the PyTorch port."""
    if "layers.conv.weight" not in tensors:
        return tensors
    names = {"output.weight": "fc.weight", "output.bias": "fc.bias"}
    for scripted, ported in convolutions().items():
        names |= {f"{scripted}.{part}": f"{ported}.{name}" for part, name in PARTS.items()}
    found = {names[name]: tensor for name, tensor in tensors.items() if name in names}
    scales = {name: torch.ones_like(bias) for name, bias in found.items() if name.endswith("bn.bias")}
    return found | {f"{name.removesuffix('bias')}weight": scale for name, scale in scales.items()}
