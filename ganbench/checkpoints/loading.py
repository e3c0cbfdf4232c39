"""From a checkpoint of any known kind to networks. Files are read first, and torch imported only for sound ones."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ganbench.checkpoints import filekind
from ganbench.checkpoints.inert import Instance, PersistentObject
from ganbench.checkpoints.naming import about
from ganbench.checkpoints.pickles import read_pickle
from ganbench.errors import BadInputError

if TYPE_CHECKING:
    from torch import nn

    Networks = dict[str, nn.Module]

T = TypeVar("T")

NO_NETWORKS = frozenset({"AugmentPipe"})  # persistent objects that a snapshot carries along
MAX_NETWORKS = 8
TF_NAMES = ("G", "D", "Gs")  # as a TensorFlow snapshot orders them
AVERAGED = ("G_ema", "Gs")  # the averaged generator in PyTorch and in TensorFlow snapshots


def load(path: Path | str) -> "Networks":
    """Return the networks in a checkpoint by their official names, such as ``G``, ``D`` and ``G_ema``.

    They are modules of ``baselines``, in eval mode, float32, on the CPU, without gradients. Nothing in the file is
    executed. Read are official PyTorch and TensorFlow snapshots (pickles) and this project's safetensors.

    Raises:
        UnsafeFileError: the file asks for code to be run, or for memory that its size does not justify.
        BadInputError: it is missing, cut short, of another kind, or holds networks that cannot be built.
    """
    path = Path(path)
    return READERS[filekind.kind_of(path)](path, ())


def load_one(path: Path | str, *names: str) -> "nn.Module":
    """Return one network of a checkpoint: the first of the official names that is there.

    The others need not be of a kind that can be built.

    Raises:
        UnsafeFileError: as for ``load``.
        BadInputError: as for ``load``, or there is no network of such a name.
    """
    path = Path(path)
    (network,) = READERS[filekind.kind_of(path)](path, names).values()
    return network


def _from_snapshot(path: Path, only: tuple[str, ...]) -> "Networks":
    content = read_pickle(path)
    with about(path):
        stored = networks_of(content)
        wanted = chosen(stored, *only) if only else stored
        from ganbench.checkpoints.building import built

        return {name: built(module, path.stat().st_size) for name, module in wanted.items()}


def networks_of(content: Any) -> Mapping[str, PersistentObject | Instance]:
    """Return the networks of a snapshot by their official names: a dict or a tuple of them, or one alone.

    Raises:
        BadInputError: there are none, or too many.
    """
    if isinstance(content, PersistentObject):
        content = {"G_ema" if content.class_name == "Generator" else "D": content}
    if tensorflow := _tensorflow(content):
        return tensorflow
    if not isinstance(content, dict):
        raise BadInputError("holds no networks: give an official snapshot, with G, D and G_ema")
    found = {
        str(name): value
        for name, value in content.items()
        if isinstance(value, PersistentObject) and value.class_name not in NO_NETWORKS
    }
    if not 0 < len(found) <= MAX_NETWORKS:
        raise BadInputError(f"holds {len(found)} networks: give an official snapshot, with G, D and G_ema")
    return found


def _tensorflow(content: Any) -> dict[str, Instance]:
    """Return the networks of a TensorFlow snapshot: three in a tuple, or one alone; of anything else, none."""
    parts = content if isinstance(content, tuple) else (content,)
    networks = [part for part in parts if isinstance(part, Instance) and part.name.startswith("dnnlib.tflib")]
    if len(networks) == len(parts) == len(TF_NAMES):
        return dict(zip(TF_NAMES, networks, strict=True))
    if len(networks) == len(parts) == 1:
        state = networks[0].state
        function = state.get("build_func_name") if isinstance(state, dict) else None
        return {"Gs" if isinstance(function, str) and function.startswith("G_") else "D": networks[0]}
    return {}


def chosen(networks: Mapping[str, T], *names: str) -> dict[str, T]:
    """Return the first of the names that there is a network of, with the network.

    Raises:
        BadInputError: there is none.
    """
    for name in names:
        if name in networks:
            return {name: networks[name]}
    held = ", ".join(key[:60] for key in networks)
    raise BadInputError(f"holds no network {names[0]}, only {held}: choose one of those, or give another file")


def _from_safetensors(path: Path, only: tuple[str, ...]) -> "Networks":
    from ganbench.checkpoints.building import from_safetensors

    networks = from_safetensors(path)
    with about(path):
        return chosen(networks, *only) if only else networks


def _from_torch(path: Path, only: tuple[str, ...]) -> "Networks":
    from ganbench.checkpoints.state_dicts import blueprints

    plans = blueprints(path)
    with about(path):
        from ganbench.checkpoints.architectures import filled

        wanted = chosen(plans, *only) if only else plans
        return {name: filled(*plan) for name, plan in wanted.items()}


READERS: dict[str, Callable[[Path, tuple[str, ...]], "Networks"]] = {
    filekind.PICKLE: _from_snapshot,
    filekind.SAFETENSORS: _from_safetensors,
    filekind.ZIP: _from_torch,
    filekind.TORCH_LEGACY: _from_torch,
}
