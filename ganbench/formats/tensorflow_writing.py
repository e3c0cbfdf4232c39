"""Snapshots that NVIDIA's TensorFlow programs load: the rules of ``ganbench.formats.tflib``, read backwards.

An official snapshot has the source text of the function that builds a network's graph. Ours has a line of Python that
imports this function from the official program, in whose folder the file is therefore to be loaded.

Source: ``dnnlib.tflib.network.Network`` of StyleGAN, and ``tfutil.Network`` of Progressive GAN.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganbench.checkpoints.contents import TF_NAMES
from ganbench.checkpoints.format import Config, NetworkSpec
from ganbench.checkpoints.writing import Made, Name, pickled
from ganbench.formats.tflib import Translation

Variables = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Program:
    """What the snapshots of one official program have in common.

    Attributes:
        network: the class of its networks.
        functions: the module of the functions that build their graphs.
        version: of its networks' records.
        file: name of a snapshot.
    """

    network: Name
    functions: str
    version: int
    file: str

    def record(
        self, name: str, function: str, kwargs: Config, variables: Variables, components: Mapping[str, Made]
    ) -> Made:
        """Return the record of a network, made by a function from static keyword arguments, with its variables."""
        state = {
            "version": self.version,
            "name": name,
            "static_kwargs": kwargs,
            "components": components,
            "build_module_src": f"from {self.functions} import {function}\n",
            "build_func_name": function,
            "variables": list(variables.items()),
        }
        return Made(self.network, (), state, bare=True)

    def snapshot(self, networks: Mapping[str, Made]) -> dict[str, bytes]:
        """Return the file of a snapshot, with None in place of the networks that are not given."""
        return {self.file: pickled(tuple(networks.get(name) for name in TF_NAMES))}


STYLEGAN = Program(Name("dnnlib.tflib.network", "Network"), "training.networks_stylegan", 3, "network-snapshot.pkl")
PROGAN = Program(Name("tfutil", "Network"), "networks", 2, "network-snapshot.pkl")


def variables_of(translation: Translation, spec: NetworkSpec) -> dict[str, NDArray[np.float32]]:
    """Return the variables that a network's tensors would be read from, by the names inside the whole network."""
    sources = {
        key: translation.source(key, spec.config)
        for key in spec.tensors
        if translation.constant(key, spec.config) is None
    }
    return {source.name: source.variable(spec.tensors[key].numpy()) for key, source in sources.items()}


def inside(variables: Variables, role: str) -> dict[str, NDArray[Any]]:
    """Return the variables of one component, such as ``mapping``, by the names that they have there."""
    prefix = f"G_{role}/"
    return {name.removeprefix(prefix): value for name, value in variables.items() if name.startswith(prefix)}


def given(config: Config, names: Mapping[str, str]) -> Config:
    """Return those arguments of ours that ``names`` has, under their official names."""
    return {theirs: config[ours] for theirs, ours in names.items() if ours in config}
