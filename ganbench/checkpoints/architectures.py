"""The networks that can be built here, how each is told from the others, and how it is filled with stored weights."""

import inspect
import itertools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from baselines.stylegan1.networks import Discriminator as StyleGAN1Discriminator
from baselines.stylegan1.networks import Generator as StyleGAN1Generator
from baselines.stylegan2.networks import Discriminator
from baselines.stylegan2.networks import Generator as StyleGAN2Generator
from baselines.stylegan3.filters import Progression
from baselines.stylegan3.networks import Generator as StyleGAN3Generator
from ganbench.checkpoints.inert import PersistentObject
from ganbench.checkpoints.modules import attribute, check_finite
from ganbench.errors import BadInputError, UnsafeFileError

Config = dict[str, Any]
REMEDY = ": its parts do not belong together, so take the file anew from where it was made"


class Blueprint(NamedTuple):
    """What a network is built from.

    Attributes:
        architecture: of the network.
        config: keyword arguments of its constructor, plain Python values.
        tensors: its weights, by their names in ``state_dict``.
    """

    architecture: "Architecture"
    config: Config
    tensors: Mapping[str, Tensor]


@dataclass(frozen=True)
class Architecture:
    """One network's class.

    Attributes:
        name: for people.
        class_name: what official snapshots call the class, without its module.
        telltale: name of a tensor that no other architecture of that class name has.
        build: makes the network from keyword arguments.
        completed: adds to a snapshot's arguments what its writer left to defaults other than ours.
        check: refuses arguments with which building would take more than the weights justify.
    """

    name: str
    class_name: str
    telltale: str
    build: Callable[..., nn.Module]
    completed: Callable[[PersistentObject, Config], Config] = lambda module, config: config
    check: Callable[[Config], None] = lambda config: None


def recognised(class_name: str, tensors: Collection[str]) -> Architecture:
    """Return the architecture of a network by its class name and the names of its tensors.

    Raises:
        BadInputError: it is none that is known.
    """
    for architecture in ARCHITECTURES:
        if architecture.class_name == class_name and architecture.telltale in tensors:
            return architecture
    raise BadInputError(f"holds a network of class {class_name[:60]!r} that is none of the known architectures")


def name_of(network: nn.Module) -> str:
    """Return what people call the architecture of a network."""
    names = [architecture.name for architecture in ARCHITECTURES if architecture.build is type(network)]
    return names[0] if names else type(network).__name__


def filled(architecture: Architecture, config: Config, tensors: Mapping[str, Tensor]) -> nn.Module:
    """Return the network with the given weights: eval mode, no gradients, on the CPU.

    Nothing is allocated before names and shapes are known to agree.

    Raises:
        BadInputError: the arguments do not fit the constructor; or a tensor is missing, unexpected, misshapen or
            not finite.
    """
    with torch.device("meta"):
        expected = constructed(architecture, config).state_dict()
    compare(expected, tensors, architecture.name)
    check_finite(tensors)
    with torch.random.fork_rng(devices=[]):  # initial weights are drawn, and overwritten
        network = constructed(architecture, config)
    network.load_state_dict(dict(tensors))
    return network.eval().requires_grad_(False)


def constructed(architecture: Architecture, config: Config) -> nn.Module:
    """Return a new network.

    Raises:
        BadInputError: the arguments do not fit its constructor.
    """
    try:
        with np.errstate(all="ignore"):
            architecture.check(config)
            return architecture.build(**config)
    except (TypeError, ValueError, ArithmeticError, LookupError, RuntimeError, AttributeError) as error:
        raise BadInputError(f"has arguments that make no {architecture.name}: {_one_line(error)}") from error


def compare(expected: Mapping[str, Tensor], given: Mapping[str, Tensor], what: str) -> None:
    """Check that two state dicts have the same names and shapes.

    Raises:
        BadInputError: they do not; it names the first tensor concerned and both shapes.
    """
    for name, tensor in expected.items():
        if name not in given:
            shape = list(tensor.shape)
            raise BadInputError(f"lacks the tensor {name}, of shape {shape} in a {what} of its arguments{REMEDY}")
        if given[name].shape != tensor.shape:
            raise BadInputError(
                f"holds the tensor {name} with shape {list(given[name].shape)}, and a {what} of its arguments has it "
                f"with shape {list(tensor.shape)}{REMEDY}"
            )
    for name, tensor in given.items():
        if name not in expected:
            raise BadInputError(
                f"holds the tensor {name[:100]} of shape {list(tensor.shape)}, which a {what} of its arguments "
                f"lacks{REMEDY}"
            )


def bound_arguments(architecture: Architecture, args: list[Any], kwargs: Config) -> Config:
    """Return positional and keyword arguments as keyword arguments.

    Raises:
        BadInputError: the constructor does not take them.
    """
    signature = inspect.signature(architecture.build)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise BadInputError(f"has arguments that make no {architecture.name}: {_one_line(error)}") from error
    extra = {name for name, p in signature.parameters.items() if p.kind is inspect.Parameter.VAR_KEYWORD}
    return {
        name: value
        for key, found in bound.arguments.items()
        for name, value in (found.items() if key in extra else [(key, found)])
    }


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200].rstrip(".")


def _discriminator_completed(module: PersistentObject, config: Config) -> Config:
    """Add the two settings whose defaults differ between StyleGAN2-ADA and StyleGAN3, as the file's own layers say."""
    resolution = config.get("img_resolution", 0)
    blocks = [name for name in module.state["_modules"] if name != "b4"]
    own = {
        "conv_clamp": attribute(module, f"b{resolution}", "conv0", "conv_clamp"),
        "num_fp16_res": sum(attribute(module, name, "use_fp16") is True for name in blocks),
    }
    return own | config


def _generator_completed(module: PersistentObject, config: Config) -> Config:
    """Add the settings whose defaults differ between StyleGAN2-ADA and StyleGAN3, as the file's own layers say."""
    fp16 = [attribute(module, "synthesis", f"b{2**level}", "use_fp16") is True for level in range(2, 13)]
    own = {
        "conv_clamp": attribute(module, "synthesis", "b4", "conv1", "conv_clamp"),
        "num_fp16_res": sum(fp16),
    }
    beta = attribute(module, "mapping", "w_avg_beta")
    means = {} if beta is None else {"w_avg_beta": beta}
    return config | {
        "synthesis_kwargs": _over(own, config.get("synthesis_kwargs")),
        "mapping_kwargs": _over(means, config.get("mapping_kwargs")),
    }


def _over(own: Config, given: Any) -> Any:
    """Return arguments together with what they leave out; what is no dictionary as it is, to be refused."""
    return own if given is None else own | given if isinstance(given, dict) else given


def _stylegan3_check(config: Config) -> None:
    """Refuse rates that jump: filters are as long as the jump is high, and computed before weights are compared."""
    known = inspect.signature(Progression.design).parameters
    rates = Progression.design(**{name: value for name, value in config.items() if name in known}).sampling_rates
    if any(not 1 / 8 <= b / a <= 8 for a, b in itertools.pairwise(rates)):
        raise UnsafeFileError("gives its network sampling rates that jump from layer to layer, which no network has")


ARCHITECTURES = (
    Architecture("StyleGAN generator", "G_style", "synthesis.b4.epilogue0.bias", StyleGAN1Generator),
    Architecture("StyleGAN discriminator", "D_basic", "b4.out.weight", StyleGAN1Discriminator),
    Architecture(
        "StyleGAN3 generator", "Generator", "synthesis.input.freqs", StyleGAN3Generator, check=_stylegan3_check
    ),
    Architecture(
        "StyleGAN2 generator",
        "Generator",
        "synthesis.b4.const",
        StyleGAN2Generator,
        completed=_generator_completed,
    ),
    Architecture(
        "StyleGAN2 discriminator", "Discriminator", "b4.out.weight", Discriminator, completed=_discriminator_completed
    ),
)
