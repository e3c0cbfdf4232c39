"""Snapshots that the official programs of StyleGAN2-ADA and StyleGAN3 load, as ``torch_utils.persistence`` wants them.

An official snapshot has beside every layer the source text of its class. Ours has a text of a few lines instead, by
which the official program makes the network from its arguments and fills it with the tensors: it then has a network of
its own class, in its own version, which it saves with its own text.

Source: ``legacy.load_network_pkl`` and ``torch_utils.persistence``, version 6, of the official programs.
"""

from collections.abc import Mapping

from torch import Tensor

from ganbench.checkpoints.format import Config
from ganbench.checkpoints.writing import Made, Name, pickled

VERSION = 6
RECONSTRUCT = Name("torch_utils.persistence", "_reconstruct_persistent_obj")
SNAPSHOT = "network-snapshot.pkl"
MAKING = '''

class {name}(networks.{name}):
    """The official class, whose objects are made from arguments and tensors."""

    def __setstate__(self, state):
        self.__class__ = networks.{name}
        self.__init__(**arguments(state["_init_kwargs"]))
        self.load_state_dict(state["_parameters"])
        self.eval().requires_grad_(False)
'''
STYLEGAN3 = """from training import networks_stylegan3 as networks


def arguments(given):
    return given
"""
STYLEGAN2 = """try:
    from training import networks_stylegan2 as networks  # the program of StyleGAN3
except ImportError:
    from training import networks  # the program of StyleGAN2-ADA


def arguments(given):
    given = dict(given)
    if networks.__name__.endswith("stylegan2"):
        given.update(given.pop("synthesis_kwargs", {}))
    return given
"""
NO_NETWORK = '''import torch


class NoNetwork(torch.nn.Module):
    """Takes the place of a network that the file lacks, for the official program wants one."""

    def __setstate__(self, state):
        self.__init__()
'''


def recorded(class_name: str, imports: str, config: Config, tensors: Mapping[str, Tensor]) -> Made:
    """Return the record of a network.

    Args:
        class_name: in the official program.
        imports: ``STYLEGAN2`` or ``STYLEGAN3``.
        config: keyword arguments of the official constructor.
        tensors: by their names in ``state_dict``.
    """
    state = {"_init_args": (), "_init_kwargs": config, "_parameters": dict(tensors)}
    return _persistent(class_name, imports + MAKING.format(name=class_name), state)


def snapshot(networks: Mapping[str, Made]) -> dict[str, bytes]:
    """Return the file of a snapshot with the networks ``G``, ``D`` and ``G_ema``, one of which at least is given.

    The generators stand for each other where one is missing. A discriminator that is missing has no weights, so that
    official programs that go on training from the file begin with their own.
    """
    absent = _persistent("NoNetwork", NO_NETWORK, {})
    averaged = networks.get("G_ema", networks.get("G", absent))
    found = {"G": networks.get("G", averaged), "D": networks.get("D", absent), "G_ema": averaged}
    return {SNAPSHOT: pickled({**found, "training_set_kwargs": None, "augment_pipe": None})}


def _persistent(class_name: str, source: str, state: Mapping[str, object]) -> Made:
    meta = {"type": "class", "version": VERSION, "module_src": source, "class_name": class_name, "state": state}
    return Made(RECONSTRUCT, (meta,))
