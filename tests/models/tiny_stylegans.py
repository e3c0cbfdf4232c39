"""Weights and recipes of the three StyleGANs, as small as they can be, for tests of their adapters."""

from pathlib import Path
from typing import Any

import torch

from baselines.stylegan1 import networks as stylegan1
from baselines.stylegan2 import networks as stylegan2
from baselines.stylegan3 import networks as stylegan3
from baselines.training.streams import seeded
from baselines.training.weights import save_weights
from ganbench import registry
from ganbench.types import Adapter

GENERATORS: dict[str, Any] = {
    "stylegan1": stylegan1.Generator,
    "stylegan2": stylegan2.Generator,
    "stylegan3": stylegan3.Generator,
}
COMMON = {"z_dim": 8, "c_dim": 0, "w_dim": 8, "img_resolution": 16, "img_channels": 1}
CONFIGS: dict[str, dict[str, Any]] = {
    "stylegan1": COMMON | {"mapping_kwargs": {"num_layers": 2, "layer_features": 8}, "fmap_base": 32, "fmap_max": 4},
    "stylegan2": COMMON | {"mapping_kwargs": {"num_layers": 2}, "channel_base": 64, "channel_max": 4},
    "stylegan3": COMMON | {"mapping_kwargs": {"num_layers": 2}, "num_layers": 6, "channel_base": 64, "channel_max": 4},
}
JUDGE = {"channel_base": 64, "channel_max": 4}
STYLES = {"z_dim": 8, "w_dim": 8, "mapping_kwargs": {"num_layers": 1}}
SHORT = {"kimg": 0.016, "tick_kimg": 0.008, "snapshot_ticks": 1, "batch": 4, "device": "cpu"}
CHANGES: dict[str, dict[str, Any]] = {
    "stylegan1": {
        "generator": {
            **STYLES,
            "mapping_kwargs": {"num_layers": 2, "layer_features": 8},
            "fmap_base": 32,
            "fmap_max": 4,
        },
        "discriminator": {"fmap_base": 32, "fmap_max": 4},
        **SHORT,
        "kimg": 0.032,
        "training_kimg": 0.008,
        "transition_kimg": 0.004,
        "batches": {"8": 8},
    },
    "stylegan2": {"generator": {**STYLES, "channel_base": 64, "channel_max": 4}, "discriminator": JUDGE, **SHORT},
    "stylegan3": {
        "generator": {**STYLES, "num_layers": 4, "num_critical": 1, "channel_base": 128, "channel_max": 4},
        "discriminator": JUDGE,
        **SHORT,
    },
}


def adapter_of(name: str) -> Adapter:
    found: Adapter = registry.load("models", name)
    return found


def settings(name: str, **changes: Any) -> dict[str, Any]:
    """Return settings of a run of a few steps."""
    return {**adapter_of(name).recipes["digits32"].settings, **CHANGES[name], **changes}


def network_of(name: str) -> torch.nn.Module:
    """Return a generator whose noise can be seen."""
    with seeded(0):
        network: torch.nn.Module = GENERATORS[name](**CONFIGS[name])
    for key, tensor in network.state_dict().items():
        if key.endswith("noise_strength"):
            tensor.fill_(0.5)
    return network


def weights_of(name: str, folder: Path, **header: Any) -> Path:
    """Write weights of a StyleGAN and return their file."""
    save_weights(folder / "g.safetensors", network_of(name), model=name, config=CONFIGS[name], **header)
    return folder / "g.safetensors"
