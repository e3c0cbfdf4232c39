"""Weights from a user's file, in any container that can be read without running code in it."""

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from ganbench.checkpoints import contents, filekind, torchfile
from ganbench.checkpoints.download import local
from ganbench.checkpoints.format import Tensors
from ganbench.errors import BadInputError


def own_file(spec: str, extractor: str) -> Path:
    """Return the path of the file that ``extractor:FILE`` names; ``hf://OWNER/REPO/FILE`` is fetched.

    Raises:
        BadInputError: the file does not exist.
    """
    path = local(spec)
    if not spec or not os.path.isfile(path):  # unlike Path.is_file, False instead of an error for too long a name
        raise BadInputError(
            f"expected a file of weights after {extractor}:, found none at {spec[:200]!r}: write {extractor}:FILE, or "
            f"{extractor} alone for the published weights."
        )
    return path


def tensors_in(path: Path) -> Mapping[str, Tensor]:
    """Return the tensors of a state dict, a safetensors file or a TorchScript archive, by name.

    Raises:
        UnsafeFileError: the file asks for code to be run, or for far more memory than its size.
        BadInputError: the file is truncated, damaged, or holds networks of another kind.
    """
    if filekind.kind_of(path) == filekind.ZIP and torchfile.is_scripted(path):
        return contents.scripted_tensors(path)
    found = contents.contents(path)
    if not isinstance(found, Tensors):
        raise BadInputError(f"expected weights of an extractor, found networks of a GAN: {path}; give another file.")
    return found


def fill(module: nn.Module, tensors: Mapping[str, Tensor], path: Path, network: str) -> None:
    """Load tensors into a module, which may be on the meta device, by name and as float32.

    Tensors of other names are ignored; ``num_batches_tracked`` may be missing.

    Args:
        module: to be filled.
        tensors: by the module's names.
        path: of their file, for messages.
        network: name of the module, for messages.

    Raises:
        BadInputError: a tensor is missing, has another shape, or is not finite, or a variance is negative.
    """
    state = {}
    for name, place in module.state_dict().items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(0)
            continue
        if name not in tensors:
            raise BadInputError(f"expected weights of {network}, found none called {name!r} in {path}: {OTHER}")
        if tensors[name].shape != place.shape:
            shapes = f"{name!r} of shape {list(place.shape)}, found {list(tensors[name].shape)} in {path}"
            raise BadInputError(f"expected weights of {network} with {shapes}: {OTHER}")
        state[name] = tensors[name].float()
        if not bool(state[name].isfinite().all()):
            raise BadInputError(f"expected finite weights, found a NaN or an infinity in {name!r} of {path}: {OTHER}")
        if name.endswith("running_var") and bool((state[name] < 0).any()):
            raise BadInputError(
                f"expected variances of at least 0, found {float(state[name].min()):.3g} in {name!r} of {path}: {OTHER}"
            )
    module.load_state_dict(state, assign=True)


OTHER = "give another file, or download it again."
