"""Load weights into a foreign network: read without executing anything, and only if all names and shapes agree."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from ganbench.checkpoints.contents import OwnFile, contents
from ganbench.checkpoints.format import Snapshot
from ganbench.errors import BadInputError

COUNTER = ".num_batches_tracked"  # of batch normalisation: unused in eval mode, and missing from early checkpoints


def load_weights(name: str, network: nn.Module, path: Path, entry: str | None = None) -> None:
    """Load a state dict: that of the file, or the only one in it that has the network's names.

    Args:
        name: of the model, for messages.
        network: the network.
        path: path of a file that ``torch.save`` or safetensors wrote.
        entry: key of the state dict in the file; None to find it by its names.

    Raises:
        UnsafeFileError, BadInputError: the file cannot be read, or holds no such weights.
    """
    content = contents(path)
    if isinstance(content, Snapshot):
        raise BadInputError(f"expected a state dict for {name}, found a snapshot of whole networks: {path}; save one.")
    tensors: Mapping[str, Tensor] = content.tensors if isinstance(content, OwnFile) else content
    own = network.state_dict()
    found = _at(tensors, f"{entry}.") if entry else _fitting(tensors, own, name, path)
    found = {**{key: tensor for key, tensor in own.items() if key.endswith(COUNTER)}, **found}
    for key in (*own, *found):
        if key not in found or key not in own or found[key].shape != own[key].shape:
            had = f"{list(found[key].shape)}" if key in found else "none"
            want = f"{list(own[key].shape)}" if key in own else "none"
            raise BadInputError(
                f"expected weights of the network that {name} returns, found {key!r} of shape {had} where it has "
                f"{want}: {path}; choose another file, or with --entry another part of it."
            )
    network.load_state_dict(dict(found))


def _fitting(tensors: Mapping[str, Tensor], own: Mapping[str, Tensor], name: str, path: Path) -> Mapping[str, Tensor]:
    """Return the tensors under the prefix that has exactly the network's names; all tensors if there is none."""
    wanted = {key for key in own if not key.endswith(COUNTER)}
    if not wanted or wanted <= tensors.keys() <= own.keys():
        return tensors
    first = min(wanted)
    starts = [key[: -len(first)] for key in tensors if key.endswith(f".{first}")]
    fitting = [start for start in starts if wanted <= _at(tensors, start).keys() <= own.keys()]
    if len(fitting) > 1:
        shown = ", ".join(start.rstrip(".") for start in fitting)
        raise BadInputError(f"expected one state dict for {name}, found {shown}: {path}; choose one with --entry.")
    return _at(tensors, fitting[0]) if fitting else tensors


def _at(tensors: Mapping[str, Tensor], start: str) -> Mapping[str, Tensor]:
    return {key.removeprefix(start): tensor for key, tensor in tensors.items() if key.startswith(start)}
