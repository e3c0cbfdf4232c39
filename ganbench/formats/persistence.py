"""Networks in PyTorch snapshots of StyleGAN2-ADA and StyleGAN3, which ``torch_utils.persistence`` wrote."""

from collections.abc import Callable

from ganbench.checkpoints.format import Architecture, Config, Content, MisfitError, NetworkSpec, Tensors
from ganbench.checkpoints.inert import PersistentObject
from ganbench.checkpoints.modules import arguments, initial, stored_tensors, to_tensors
from ganbench.checkpoints.networks import check_fit

NEARLY = 0.9  # how near a state dict of such a network is
UNSAID = "no model and config in a header, which give its arguments"
Completed = Callable[[PersistentObject, Config], Config]


def as_written(module: PersistentObject, config: Config) -> Config:
    """Return arguments as they are."""
    return config


def persistent(
    content: Content, class_name: str, telltale: str, architecture: Architecture, completed: Completed = as_written
) -> dict[str, NetworkSpec] | None:
    """Return the networks of a snapshot, or None if one is of another class or lacks a tensor.

    Args:
        content: of a file.
        class_name: what snapshots call the class, without its module.
        telltale: name of a tensor that no other architecture of that class name has.
        architecture: of the networks.
        completed: adds to a record's arguments what its writer left to defaults other than ours.

    Raises:
        MisfitError, BadInputError: arguments and weights do not fit the architecture; or it is a state dict, which does
            not say what the network was made with.
        UnsafeFileError: they ask for more memory than the file justifies.
    """
    if isinstance(content, Tensors):
        if class_name == "Generator" and telltale in content:
            raise MisfitError(f"has the names of a {architecture.title} but {UNSAID}", NEARLY)
        return None
    found = {}
    for name, record in content.networks.items():
        if not isinstance(record, PersistentObject) or record.class_name != class_name:
            return None
        stored = stored_tensors(record)
        if telltale not in stored:
            return None
        args, kwargs = initial(record)
        config = arguments(completed(record, architecture.bound(args, kwargs)))
        found[name] = NetworkSpec(architecture, config, to_tensors(stored, content.file_size))
        check_fit(found[name])
    return found
