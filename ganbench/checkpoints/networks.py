"""From specifications to networks: nothing is allocated before names and shapes are known to agree."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from ganbench.checkpoints.fields import check_fields
from ganbench.checkpoints.format import Architecture, Config, MisfitError, NetworkSpec, one_line
from ganbench.checkpoints.shapes import shapes_alone
from ganbench.errors import BadInputError

REMEDY = ": its parts do not belong together, so get the file again"


def instantiate(spec: NetworkSpec) -> nn.Module:
    """Return the network with its weights: eval mode, float32, no gradients, on the CPU.

    Raises:
        BadInputError: as for ``check_weights``.
    """
    check_weights(spec)
    with torch.random.fork_rng(devices=[]):  # initial weights are drawn, and overwritten
        network = constructed(spec.architecture, spec.config)
    network.load_state_dict(dict(spec.tensors))
    return network.eval().requires_grad_(False)


def check_weights(spec: NetworkSpec) -> None:
    """Check that a network of these arguments has tensors of these names, shapes and types, and that all are finite.

    Raises:
        BadInputError: the arguments do not fit the constructor; or a tensor is missing, unexpected, misshapen, of whole
            or complex numbers in place of others, or not finite in the network's type.
    """
    own = state_of(spec.architecture, spec.config)
    compare(own, spec.tensors, spec.architecture.title)
    for name, tensor in spec.tensors.items():
        _check_numbers(name, tensor, own[name].dtype)


def _check_numbers(name: str, tensor: Tensor, dtype: torch.dtype) -> None:
    if tensor.is_complex() or (dtype.is_floating_point and not tensor.is_floating_point()):
        kind = str(tensor.dtype).removeprefix("torch.")
        raise BadInputError(f"holds the tensor {name} as {kind}, which weights are not: save it as float32")
    if not bool(torch.isfinite(tensor.to(dtype)).all()):
        raise BadInputError(
            f"holds a NaN or an infinity in the tensor {name}, or a number too large for float32, so no image could be "
            "made from it"
        )


def check_fit(spec: NetworkSpec) -> None:
    """Check that a network of these arguments has tensors of these names and shapes, without building it.

    Raises:
        BadInputError: the arguments do not fit the constructor.
        MisfitError: a tensor is missing, unexpected or misshapen; it names the first and both shapes.
    """
    compare(state_of(spec.architecture, spec.config), spec.tensors, spec.architecture.title)


def state_of(architecture: Architecture, config: Config) -> Mapping[str, Tensor]:
    """Return a network's state dict, of tensors that have names, shapes and types alone."""
    _ = architecture.build  # imported before, for what a module computes at import would have no values within
    network: nn.Module = shapes_alone(lambda: constructed(architecture, config))
    return network.state_dict()


def constructed(architecture: Architecture, config: Config) -> nn.Module:
    """Return a new network.

    Raises:
        BadInputError: the arguments do not fit its constructor.
    """
    check_fields(config, architecture.fields, architecture.title)
    try:
        with np.errstate(all="ignore"):
            architecture.check(config)
            return architecture.build(**config)
    except (TypeError, ValueError, ArithmeticError, LookupError, RuntimeError, AttributeError) as error:
        raise BadInputError(f"has arguments that do not make a {architecture.title}: {one_line(error)}") from error


def compare(expected: Mapping[str, Tensor], given: Mapping[str, Tensor], what: str) -> None:
    """Check that two state dicts have the same names and shapes.

    Raises:
        MisfitError: they do not; it names the first tensor concerned and both shapes.
    """
    if difference := _difference(expected, given, f"{what} with these arguments"):
        agreeing = sum(name in given and given[name].shape == tensor.shape for name, tensor in expected.items())
        raise MisfitError(difference, agreeing / max(len(expected), len(given)), REMEDY)


def _difference(expected: Mapping[str, Tensor], given: Mapping[str, Tensor], what: str) -> str | None:
    for name, tensor in expected.items():
        shape = list(tensor.shape)
        if name not in given:
            return f"lacks the tensor {name}, of shape {shape} in a {what}"
        if given[name].shape != tensor.shape:
            return (
                f"holds the tensor {name} with shape {list(given[name].shape)}, and a {what} has it with shape {shape}"
            )
    for name, tensor in given.items():
        if name not in expected:
            return f"holds the tensor {name[:100]} of shape {list(tensor.shape)}, which a {what} lacks"
    return None
