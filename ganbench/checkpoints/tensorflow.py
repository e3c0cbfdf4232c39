"""NVlabs' TensorFlow snapshots: from ``dnnlib.tflib`` networks, read as inert records, to networks of ``baselines``.

No TensorFlow is needed. Every tensor of one of our networks says which variable it comes from, so what disagrees is
named as the file names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganbench.checkpoints import tflib_stylegan1, tflib_stylegan2
from ganbench.checkpoints.architectures import ARCHITECTURES, Architecture, Blueprint, Config, constructed, filled
from ganbench.checkpoints.inert import Instance
from ganbench.checkpoints.modules import LONGEST, MAX_MEMBERS, arguments
from ganbench.checkpoints.tflib import Source, Translation
from ganbench.errors import BadInputError, UnsafeFileError

TRANSLATIONS: Mapping[str, Translation] = {**tflib_stylegan1.TRANSLATIONS, **tflib_stylegan2.TRANSLATIONS}


@dataclass(frozen=True)
class Stored:
    """What is read of one ``dnnlib.tflib`` network.

    Attributes:
        function: that built its graph, without its module.
        kwargs: static keyword arguments of that function.
        variables: its own, by name.
        components: networks inside, by role.
    """

    function: str
    kwargs: Config
    variables: dict[str, NDArray[Any]] = field(repr=False)
    components: dict[str, "Stored"]


def built(network: Instance) -> nn.Module:
    """Return the network that a record of a ``dnnlib.tflib`` network stands for: eval mode, no gradients, on the CPU.

    Errors are those of ``blueprint`` and ``filled``.
    """
    return filled(*blueprint(network))


def blueprint(network: Instance) -> Blueprint:
    """Return what the network is built from that a record of a ``dnnlib.tflib`` network stands for.

    Raises:
        UnsafeFileError: the record is not of the official layout.
        BadInputError: its function is unknown, or arguments and weights do not fit it.
    """
    stored = _stored(network, depth=1)
    translation = TRANSLATIONS.get(_functions(stored))
    if translation is None:
        raise BadInputError(
            f"holds a network made by the function {_functions(stored)!r}, and networks are built here of "
            f"{', '.join(TRANSLATIONS)}: give a file of one of those"
        )
    architecture = next(it for it in ARCHITECTURES if it.name == translation.architecture)
    parts = {role: part.kwargs for role, part in stored.components.items()}
    config: Config = arguments(translation.configure(stored.kwargs, parts))
    return Blueprint(architecture, config, _tensors(architecture, translation, config, _flat(stored)))


def _stored(network: Any, depth: int) -> Stored:
    state = network.state if isinstance(network, Instance) else None
    if not isinstance(state, dict):
        raise UnsafeFileError("holds a TensorFlow network that is not of the official layout")
    function, kwargs = state.get("build_func_name"), state.get("static_kwargs")
    components = state.get("components") or {}
    if not (isinstance(function, str) and isinstance(kwargs, dict) and isinstance(components, dict)):
        raise UnsafeFileError("holds a TensorFlow network that is not of the official layout")
    inside = {role: _stored(part, depth - 1) for role, part in components.items()} if depth else {}
    return Stored(function[:LONGEST], kwargs, _variables(state.get("variables")), inside)


def _variables(pairs: Any) -> dict[str, NDArray[Any]]:
    """Return the variables of one network; each is a pair of name and value."""
    if not isinstance(pairs, list) or len(pairs) > MAX_MEMBERS:
        raise UnsafeFileError("holds a TensorFlow network whose variables are no list")
    found: dict[str, NDArray[Any]] = {}
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str)):
            raise UnsafeFileError("holds a TensorFlow network with a variable that has no name")
        name, value = pair[0][:100], pair[1]
        if not isinstance(value, np.ndarray | np.generic | float) or np.asarray(value).dtype.kind != "f":
            raise UnsafeFileError(f"holds the variable {name} that is no array of real numbers")
        found[name] = np.asarray(value)
    return found


def _functions(stored: Stored) -> str:
    """Return what decides the architecture: the function that built the network, or the one of its synthesis part."""
    synthesis = stored.components.get("synthesis")
    return stored.function if synthesis is None else f"{stored.function} with {synthesis.function}"


def _flat(stored: Stored) -> dict[str, NDArray[Any]]:
    """Return all variables under the names that they have inside the whole network."""
    found = dict(stored.variables)
    for role, part in stored.components.items():
        found |= {f"G_{role}/{name}": value for name, value in part.variables.items()}
    return found


def _tensors(
    architecture: Architecture, translation: Translation, config: Config, variables: Mapping[str, NDArray[Any]]
) -> dict[str, Tensor]:
    """Return the variables as the state dict of one of our networks.

    Raises:
        BadInputError: a variable is missing, misshapen or left over.
    """
    with torch.device("meta"):
        network = constructed(architecture, config)
    tensors, used = dict[str, Tensor](), set(translation.ignored(config))
    what = f"a {architecture.name} of resolution {config.get('img_resolution')}"
    for key, tensor in network.state_dict().items():
        if (constant := translation.constant(key, config)) is not None:
            tensors[key] = constant
            continue
        source = translation.source(key, config)
        used.add(source.name)
        tensors[key] = _translated(source, tuple(tensor.shape), variables, what)
    for name, value in variables.items():
        if name not in used:
            raise BadInputError(f"holds the variable {name} of shape {list(value.shape)}, which {what} lacks")
    return tensors


def _translated(source: Source, shape: tuple[int, ...], variables: Mapping[str, NDArray[Any]], what: str) -> Tensor:
    expected = source.shape(shape)
    if source.name not in variables:
        if source.default is not None:
            return torch.full(shape, source.default)
        raise BadInputError(f"lacks the variable {source.name}, which {what} has with shape {list(expected)}")
    value = variables[source.name]
    if value.shape != expected:
        raise BadInputError(
            f"holds the variable {source.name} with shape {list(value.shape)}, and {what} has it with shape "
            f"{list(expected)}"
        )
    return torch.from_numpy(source.value(value))
