"""A person's own file of weights, in any container that can be read without running what is in it."""

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
        BadInputError: no file lies there.
    """
    path = local(spec)
    if not spec or not os.path.isfile(path):  # which, unlike Path's, is False where a name is too long
        raise BadInputError(
            f"expected a file of weights after {extractor}:, found none at {spec[:200]!r}: write {extractor}:FILE, or "
            f"{extractor} alone for the published weights."
        )
    return path


def tensors_in(path: Path) -> Mapping[str, Tensor]:
    """Return the tensors of a state dict, a safetensors file or a TorchScript archive, by their names.

    Raises:
        UnsafeFileError: it asks for code to be run, or for memory that its size does not justify.
        BadInputError: it is cut short, damaged, or holds networks of another kind.
    """
    if filekind.kind_of(path) == filekind.ZIP and torchfile.is_scripted(path):
        return contents.scripted_tensors(path)
    found = contents.contents(path)
    if not isinstance(found, Tensors):
        raise BadInputError(f"expected weights of an extractor, found networks of a GAN: {path}; give another file.")
    return found


def fill(module: nn.Module, tensors: Mapping[str, Tensor], path: Path, network: str) -> None:
    """Give a module, which may be on the meta device, the tensors of its names, as float32.

    Tensors that it has no place for are left out, and counters of batches need not be there.

    Args:
        module: to be filled.
        tensors: by the module's names.
        path: of their file, for messages.
        network: what the module is, for messages.

    Raises:
        BadInputError: one is lacking, of another shape, or not finite.
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
    module.load_state_dict(state, assign=True)


OTHER = "give another file, or download it again."
