"""Records of ``dnnlib.tflib`` networks, as the reader returns them, made from networks of ours; and files of them."""

import pickle
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor, nn

from ganbench.checkpoints.inert import Instance
from ganbench.checkpoints.networks import instantiate
from ganbench.checkpoints.recognition import claims_on_snapshot
from ganbench.formats import Snapshot, stylegan1, stylegan2_tensorflow
from ganbench.formats.tflib import Source

TRANSLATIONS = {**stylegan1.TRANSLATIONS, **stylegan2_tensorflow.TRANSLATIONS}
NETWORK = "dnnlib.tflib.network Network"
OFFICIAL: dict[str, Any] = {  # of a network of any paper that is quick to make
    "num_channels": 1,
    "resolution": 16,
    "label_size": 0,
    "latent_size": 6,
    "dlatent_size": 5,
    "mapping_layers": 2,
    "mapping_fmaps": 7,
    "fmap_base": 32,
    "fmap_max": 6,
}


def randomised(network: Any) -> Any:
    """Return a network whose weights, its biases among them, are all random."""
    for tensor in network.requires_grad_(False).parameters():
        nn.init.normal_(tensor)
    return network


def normal(*shape: int) -> Tensor:
    """Return the same normal values each time."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(3))


def record(network: nn.Module, functions: str, config: Mapping[str, Any], **kwargs: Any) -> Instance:
    """Return the record of a network, whose functions are named as in ``TRANSLATIONS``.

    Args:
        network: one of ours.
        functions: of the network and of its synthesis network.
        config: arguments of ``network``.
        kwargs: static keyword arguments of the official functions that mean the same.
    """
    own: dict[str, Any] = {}
    for key, tensor in network.state_dict().items():
        if TRANSLATIONS[functions].constant(key, dict(config)) is not None:
            continue
        source = TRANSLATIONS[functions].source(key, dict(config))
        own[source.name] = variable(source, tensor.numpy())
    function, _, synthesis = functions.partition(" with ")
    components = {}
    for role, part in (("synthesis", synthesis), ("mapping", "G_mapping")) if synthesis else ():
        inside = {name.split("/", 1)[1]: own.pop(name) for name in list(own) if name.startswith(f"G_{role}/")}
        components[role] = instance(part, kwargs, inside, {})
    return instance(function, kwargs, own, components)


def built(record: Instance) -> Any:
    """Return the network that a record stands for."""
    (claim,) = claims_on_snapshot(Snapshot({"G": record}, 2**20))
    return instantiate(claim.specs["G"])


def variable(source: Source, ours: Any) -> Any:
    """Return the variable that a tensor was read from."""
    value = ours
    value = value if source.axes is None else np.transpose(value, np.argsort(source.axes))
    return (value[::-1, ::-1] if source.flip else value).reshape(source.shape(ours.shape))


def instance(
    function: str, kwargs: Mapping[str, Any], variables: Mapping[str, Any], components: Mapping[str, Any]
) -> Instance:
    """Return the record of one network."""
    state = {
        "version": 3,
        "name": function,
        "static_kwargs": dict(kwargs),
        "components": dict(components),
        "build_module_src": "raise SystemExit  # never run\n",
        "build_func_name": function,
        "variables": list(variables.items()),
    }
    return Instance(NETWORK, (), state)


class Network:
    """Pickled as the official class of that name, with a record's state."""

    def __init__(self, record: Instance) -> None:
        self.state = record.state

    def __getstate__(self) -> dict[str, Any]:
        components = {role: Network(part) for role, part in self.state["components"].items()}
        return {**self.state, "components": components}


def write(path: Path, *records: Instance) -> Path:
    """Write the pickle of one network, or of a tuple of them."""
    names = ("dnnlib", "dnnlib.tflib", "dnnlib.tflib.network")
    modules = {name: types.ModuleType(name) for name in names}
    modules[names[-1]].Network = Network  # type: ignore[attr-defined]
    networks = tuple(map(Network, records))
    with mock.patch.dict(sys.modules, modules), mock.patch.object(Network, "__module__", names[-1]):
        path.write_bytes(pickle.dumps(networks if len(networks) > 1 else networks[0], protocol=4))
    return path
