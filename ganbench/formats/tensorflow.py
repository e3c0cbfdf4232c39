"""NVIDIA's TensorFlow snapshots: from the records of their networks to networks of ``baselines``.

No TensorFlow is needed. Every tensor of one of our networks says which variable it comes from, so what disagrees is
named as the file names it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganbench.checkpoints.format import Config, Content, MisfitError, NetworkSpec, Snapshot
from ganbench.checkpoints.inert import Instance
from ganbench.checkpoints.modules import LONGEST, MAX_MEMBERS, arguments
from ganbench.checkpoints.networks import state_of
from ganbench.errors import UnsafeFileError
from ganbench.formats.tflib import Source, Translation

NEARLY = 0.9  # how near a network is whose functions are those of the layout


@dataclass(frozen=True)
class Stored:
    """What is read of one TensorFlow network.

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


def translated(
    content: Content, translations: Mapping[str, Translation], home: str = "dnnlib.tflib"
) -> dict[str, NetworkSpec] | None:
    """Return the networks of a snapshot, or None if one was not made by a function of ``translations``.

    Args:
        content: of a file.
        translations: by function, or ``"FUNCTION with SYNTHESIS"``.
        home: how the module of the networks' class begins.

    Raises:
        UnsafeFileError: a record is not of the official layout.
        BadInputError, MisfitError: arguments or weights do not fit the architecture.
    """
    if not isinstance(content, Snapshot):
        return None
    found = {}
    for name, record in content.networks.items():
        if not (isinstance(record, Instance) and record.name.startswith(home)):
            return None
        stored = _stored(record, depth=1)
        translation = translations.get(_functions(stored))
        if translation is None:
            return None
        parts = {role: part.kwargs for role, part in stored.components.items()}
        config: Config = arguments(translation.configure(stored.kwargs, parts))
        found[name] = NetworkSpec(translation.architecture, config, _tensors(translation, config, _flat(stored)))
    return found


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
        raise UnsafeFileError("holds a TensorFlow network whose variables are not a list")
    found: dict[str, NDArray[Any]] = {}
    for pair in pairs:
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str)):
            raise UnsafeFileError("holds a TensorFlow network with a variable that has no name")
        name, value = pair[0][:100], pair[1]
        if not isinstance(value, np.ndarray | np.generic | float) or np.asarray(value).dtype.kind != "f":
            raise UnsafeFileError(f"holds the variable {name} that is not an array of real numbers")
        found[name] = np.asarray(value)
    return found


def _functions(stored: Stored) -> str:
    """Return the function that determines the architecture: that of the network or of its synthesis part."""
    synthesis = stored.components.get("synthesis")
    return stored.function if synthesis is None else f"{stored.function} with {synthesis.function}"


def _flat(stored: Stored) -> dict[str, NDArray[Any]]:
    """Return all variables under the names that they have inside the whole network."""
    found = dict(stored.variables)
    for role, part in stored.components.items():
        found |= {f"G_{role}/{name}": value for name, value in part.variables.items()}
    return found


def _tensors(translation: Translation, config: Config, variables: Mapping[str, NDArray[Any]]) -> dict[str, Tensor]:
    """Return the variables as the state dict of one of our networks.

    Raises:
        MisfitError: a variable is missing, misshapen or left over.
    """
    tensors, used = dict[str, Tensor](), set(translation.ignored(config))
    what = f"a {translation.architecture.title} of resolution {config.get('img_resolution')}"
    for key, tensor in state_of(translation.architecture, config).items():
        if (constant := translation.constant(key, config)) is not None:
            tensors[key] = constant
            continue
        source = translation.source(key, config)
        used.add(source.name)
        tensors[key] = _translated(source, tuple(tensor.shape), variables, what)
    for name, value in variables.items():
        if name not in used:
            raise MisfitError(f"holds the variable {name} of shape {list(value.shape)}, which {what} lacks", NEARLY)
    return tensors


def _translated(source: Source, shape: tuple[int, ...], variables: Mapping[str, NDArray[Any]], what: str) -> Tensor:
    expected = source.shape(shape)
    if source.name not in variables:
        if source.default is not None:
            return torch.full(shape, source.default, dtype=torch.float32)
        raise MisfitError(f"lacks the variable {source.name}, which {what} has with shape {list(expected)}", NEARLY)
    value = variables[source.name]
    if value.shape != expected:
        raise MisfitError(
            f"holds the variable {source.name} with shape {list(value.shape)}, and {what} has it with shape "
            f"{list(expected)}",
            NEARLY,
        )
    return torch.from_numpy(source.value(value))
