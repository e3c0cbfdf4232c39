"""From a checkpoint of any known kind to networks."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from baselines.training.weights import load_state, read_header
from ganbench.checkpoints import filekind
from ganbench.checkpoints.architectures import ARCHITECTURES, Architecture, bound_arguments, filled, recognised
from ganbench.checkpoints.inert import Instance, PersistentObject
from ganbench.checkpoints.modules import arguments, initial, stored_tensors, to_tensors
from ganbench.checkpoints.pickles import read_pickle
from ganbench.errors import BadInputError, UnsafeFileError

# What our own safetensors files call a model, what its network is, and the name it goes by in official files.
OWN_MODELS = {"stylegan3": ("StyleGAN3 generator", "G_ema")}

NO_NETWORKS = frozenset({"AugmentPipe"})  # persistent objects that a snapshot carries along
MAX_NETWORKS = 8


def load(path: Path | str) -> dict[str, nn.Module]:
    """Return the networks in a checkpoint by their official names, such as ``G``, ``D`` and ``G_ema``.

    They are modules of ``baselines``, in eval mode, float32, on the CPU, without gradients. Nothing in the file is
    executed. Read are official PyTorch snapshots (pickles) and this project's safetensors.

    Raises:
        UnsafeFileError: the file asks for code to be run, or for memory that its size does not justify.
        BadInputError: it is missing, cut short, of another kind, or holds networks that cannot be built.
    """
    path = Path(path)
    return READERS[filekind.kind_of(path)](path, None)


def load_one(path: Path | str, name: str) -> nn.Module:
    """Return one network of a checkpoint, by its official name; a file of a single network has it under any name.

    Raises:
        BadInputError: as for ``load``, or there is no network of that name.
    """
    path = Path(path)
    networks = READERS[filekind.kind_of(path)](path, name)
    if name not in networks:
        raise BadInputError(f"{path} holds no network {name}, only {', '.join(networks)}: give a whole snapshot.")
    return networks[name]


def _from_snapshot(path: Path, only: str | None) -> dict[str, nn.Module]:
    content = read_pickle(path)
    with _naming(path):
        stored = _networks(content)
        if only in stored:
            stored = {only: stored[only]}
        return {name: _built(module, path.stat().st_size) for name, module in stored.items()}


def _networks(content: Any) -> dict[str, PersistentObject]:
    """Return the networks of a snapshot: a dict of them, or one alone."""
    if isinstance(content, PersistentObject):
        content = {"G_ema" if content.class_name == "Generator" else "D": content}
    if _is_tensorflow(content):
        raise BadInputError("holds TensorFlow networks, which cannot be built here yet: give a PyTorch snapshot")
    if not isinstance(content, dict):
        raise BadInputError("holds no networks: give an official snapshot, with G, D and G_ema")
    found = {
        name: value
        for name, value in content.items()
        if isinstance(value, PersistentObject) and value.class_name not in NO_NETWORKS
    }
    if not 0 < len(found) <= MAX_NETWORKS:
        raise BadInputError(f"holds {len(found)} networks: give an official snapshot, with G, D and G_ema")
    return found


def _is_tensorflow(content: Any) -> bool:
    parts = content if isinstance(content, tuple) else (content,)
    return any(isinstance(part, Instance) and part.name.startswith("dnnlib.tflib") for part in parts)


def _built(module: PersistentObject, file_size: int) -> nn.Module:
    stored = stored_tensors(module)
    architecture = recognised(module.class_name, stored.keys())
    args, kwargs = initial(module)
    config = architecture.completed(module, bound_arguments(architecture, args, kwargs))
    return filled(architecture, arguments(config), to_tensors(stored, file_size))


def _from_safetensors(path: Path, only: str | None) -> dict[str, nn.Module]:
    try:
        header, tensors = read_header(path), load_state(path)
    except ValueError as error:
        raise BadInputError(str(error)) from error
    except (RecursionError, OSError) as error:
        raise BadInputError(f"{path} cannot be read as weights: {error}.") from error
    with _naming(path):
        architecture, name = _own_model(header["model"])
        config = bound_arguments(architecture, [], arguments(_dictionary(header["config"])))
        return {name: filled(architecture, config, tensors)}


def _dictionary(config: Any) -> dict[str, Any]:
    if not isinstance(config, dict):
        raise BadInputError("says in its header no arguments that its network was made with")
    return config


def _own_model(model: Any) -> tuple[Architecture, str]:
    if not isinstance(model, str) or model not in OWN_MODELS:
        shown = repr(model[:60]) if isinstance(model, str) else "without a name"
        raise BadInputError(f"holds the weights of a model {shown}, which cannot be built here")
    wanted, name = OWN_MODELS[model]
    return next(architecture for architecture in ARCHITECTURES if architecture.name == wanted), name


def _from_torch(path: Path, only: str | None) -> dict[str, nn.Module]:
    # Plain state dicts of StarGAN v2 and CycleGAN belong here, through torch.load(weights_only=True).
    raise BadInputError(f"{path} is a zip or torch.save file, which is not read yet: give a .pkl or .safetensors file.")


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn errors that are predicates into sentences about the file."""
    try:
        yield
    except UnsafeFileError as error:
        raise UnsafeFileError(f"{path} {error}: nothing in it was run; do not trust this file.") from error
    except BadInputError as error:
        raise BadInputError(f"{path} {error}.") from error


READERS: dict[str, Callable[[Path, str | None], dict[str, nn.Module]]] = {
    filekind.PICKLE: _from_snapshot,
    filekind.SAFETENSORS: _from_safetensors,
    filekind.ZIP: _from_torch,
    filekind.TORCH_LEGACY: _from_torch,
}
