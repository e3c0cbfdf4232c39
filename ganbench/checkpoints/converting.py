"""From official snapshots to this project's safetensors."""

from pathlib import Path

from torch import nn

from baselines.training.weights import save_weights
from ganbench.checkpoints import cyclegan, filekind, state_dicts
from ganbench.checkpoints.architectures import Architecture, Blueprint, filled
from ganbench.checkpoints.building import OWN_MODELS, blueprint
from ganbench.checkpoints.digest import file_sha256
from ganbench.checkpoints.loading import AVERAGED, chosen, networks_of
from ganbench.checkpoints.naming import about
from ganbench.checkpoints.pickles import read_pickle
from ganbench.errors import BadInputError


def convert(source: Path | str, target: Path | str, entry: str | None = None) -> nn.Module:
    """Return one network of an official snapshot, once it is written as safetensors that ``load`` reads.

    The same snapshot always gives the same bytes. Their header says what the network is and what it was made with, and
    under ``source``, ``source_sha256`` and ``entry`` which network of which file it was.

    Args:
        source: an official PyTorch or TensorFlow pickle, or a CycleGAN's file; nothing in it is executed.
        target: file to write or replace; its folder is made where it is missing.
        entry: official name of the network, such as ``"D"``; None for the averaged generator, or the only network.

    Raises:
        UnsafeFileError, BadInputError: as for ``load_one``.
        OSError: the target cannot be written; an older file is as it was.
    """
    source, target = Path(source), Path(target)
    entry, plan = _plan(source, entry)
    with about(source):
        network, model = filled(*plan), _own_model(plan.architecture)
    origin = {"source": source.name, "source_sha256": file_sha256(source), "entry": entry}
    target.parent.mkdir(parents=True, exist_ok=True)
    save_weights(target, network, model=model, config=plan.config, **origin)
    return network


def _plan(source: Path, entry: str | None) -> tuple[str, Blueprint]:
    """Return one network's official name, and what it is built from."""
    if filekind.kind_of(source) in state_dicts.CHECKS:
        plans = state_dicts.blueprints(source)
        with about(source):
            ((entry, plan),) = chosen(plans, *([entry] if entry else plans)).items()
            return entry, plan
    content = read_pickle(source)
    with about(source):
        ((entry, record),) = chosen(networks_of(content), *([entry] if entry else AVERAGED)).items()
        return entry, blueprint(record, source.stat().st_size)


def _own_model(architecture: Architecture) -> str:
    """Return what our own files call an architecture.

    Raises:
        BadInputError: they do not have it.
    """
    names = {name: model for model, (name, _) in OWN_MODELS.items()}
    names |= {known.name: model for model, known in cyclegan.OWN_MODELS.items()}
    if architecture.name not in names:
        raise BadInputError(f"holds a {architecture.name}, which is not converted: use the file as it is")
    return names[architecture.name]
