"""Headers of files that ganbench writes for one network, in the form that most models use."""

from collections.abc import Mapping

from torch import Tensor

from ganbench.checkpoints.format import Architecture, Config, Header, NetworkSpec
from ganbench.checkpoints.modules import arguments
from ganbench.errors import BadInputError

Models = Mapping[str, tuple[Architecture, str]]  # what a header calls a network -> what it is, its official name


def config_in(header: Header) -> Config:
    """Return the arguments that a header states.

    Raises:
        BadInputError: they are not a dictionary.
        UnsafeFileError: one is larger than that of any network.
    """
    config = arguments(header["config"])
    if not isinstance(config, dict):
        raise BadInputError("has no arguments of its network in its header")
    return config


def single(header: Header, tensors: Mapping[str, Tensor], models: Models) -> dict[str, NetworkSpec] | None:
    """Return the only network of a file, or None if its model is not one of ``models``.

    Raises:
        BadInputError, UnsafeFileError: the header states no arguments that the network takes.
    """
    model = header["model"]
    if not isinstance(model, str) or model not in models:
        return None
    architecture, name = models[model]
    return {name: NetworkSpec(architecture, architecture.bound([], config_in(header)), tensors)}


def of_single(specs: Mapping[str, NetworkSpec], models: Models) -> Header:
    """Return the header for one network.

    Raises:
        BadInputError: there are several.
    """
    if len(specs) > 1:
        raise BadInputError(f"holds {', '.join(specs)}: choose one with --entry")
    (spec,) = specs.values()
    (model,) = [model for model, (architecture, _) in models.items() if architecture is spec.architecture]
    return {"model": model, "config": spec.config}
