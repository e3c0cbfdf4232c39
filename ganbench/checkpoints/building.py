"""From stored weights to networks of ``baselines``; errors are predicates, which ``naming`` makes sentences."""

from pathlib import Path
from typing import Any

from torch import Tensor, nn

from baselines.training.weights import load_state, read_header
from ganbench.checkpoints import cyclegan, starganv2, tensorflow
from ganbench.checkpoints.architectures import (
    ARCHITECTURES,
    Architecture,
    Blueprint,
    bound_arguments,
    filled,
    recognised,
)
from ganbench.checkpoints.inert import Instance, PersistentObject
from ganbench.checkpoints.modules import arguments, initial, stored_tensors, to_tensors
from ganbench.checkpoints.naming import about
from ganbench.errors import BadInputError

# What our own safetensors files call a model, what its network is, and the name it goes by in official files.
OWN_MODELS = {
    "stylegan1": ("StyleGAN generator", "Gs"),
    "stylegan1-discriminator": ("StyleGAN discriminator", "D"),
    "stylegan2": ("StyleGAN2 generator", "G_ema"),
    "stylegan2-discriminator": ("StyleGAN2 discriminator", "D"),  # StyleGAN3 has the same
    "stylegan3": ("StyleGAN3 generator", "G_ema"),
}


def built(module: PersistentObject | Instance, file_size: int) -> nn.Module:
    """Return the network that a record of an official snapshot stands for; errors: see ``blueprint``, ``filled``."""
    return filled(*blueprint(module, file_size))


def blueprint(module: PersistentObject | Instance, file_size: int) -> Blueprint:
    """Return what the network is built from that a record of an official snapshot stands for.

    Raises:
        UnsafeFileError: it asks for more memory than the file justifies.
        BadInputError: its architecture is unknown, or arguments and weights do not fit it.
    """
    if isinstance(module, Instance):
        return tensorflow.blueprint(module)
    stored = stored_tensors(module)
    architecture = recognised(module.class_name, stored.keys())
    args, kwargs = initial(module)
    config = architecture.completed(module, bound_arguments(architecture, args, kwargs))
    return Blueprint(architecture, arguments(config), to_tensors(stored, file_size))


def from_safetensors(path: Path) -> dict[str, nn.Module]:
    """Return the networks in one of our own files, under their official names: of most models, one.

    Raises:
        BadInputError: the file is damaged or not ours, or its weights do not fit; a whole sentence.
    """
    header, tensors = _read(path)
    with about(path):
        for own in (cyclegan.own, starganv2.own):
            if (found := own(header, tensors)) is not None:
                return {name: filled(*plan) for name, plan in found.items()}
        architecture, name = _own_model(header["model"])
        if not isinstance(config := header["config"], dict):
            raise BadInputError("says in its header no arguments that its network was made with")
        return {name: filled(architecture, bound_arguments(architecture, [], arguments(config)), tensors)}


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        return read_header(path), load_state(path)
    except ValueError as error:  # already a sentence
        raise BadInputError(str(error)) from error
    except (RecursionError, OSError) as error:
        raise BadInputError(f"{path} cannot be read as weights: {error}.") from error


def _own_model(model: Any) -> tuple[Architecture, str]:
    if not isinstance(model, str) or model not in OWN_MODELS:
        shown = repr(model[:60]) if isinstance(model, str) else "without a name"
        raise BadInputError(f"holds the weights of a model {shown}, which cannot be built here")
    wanted, name = OWN_MODELS[model]
    return next(architecture for architecture in ARCHITECTURES if architecture.name == wanted), name
