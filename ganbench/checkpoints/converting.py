"""From official snapshots to this project's safetensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from baselines.training.weights import save_weights
from ganbench.checkpoints import cyclegan, filekind, starganv2, state_dicts
from ganbench.checkpoints.architectures import Architecture, Blueprint, filled
from ganbench.checkpoints.building import OWN_MODELS, blueprint
from ganbench.checkpoints.digest import file_sha256
from ganbench.checkpoints.loading import AVERAGED, chosen, networks_of
from ganbench.checkpoints.naming import about
from ganbench.checkpoints.pickles import read_pickle
from ganbench.errors import BadInputError


def convert(source: Path | str, target: Path | str, entry: str | None = None) -> dict[str, nn.Module]:
    """Return networks by their official names, once they are written as safetensors that ``load`` reads.

    It is one network of an official snapshot, or StarGAN v2's all together, of which none is of use alone. The same
    snapshot always gives the same bytes. Their header says what the network is and what it was made with, and under
    ``source``, ``source_sha256`` and ``entry`` which network of which file it was.

    Args:
        source: an official PyTorch or TensorFlow pickle, or a file of CycleGAN or StarGAN v2; nothing in it is
            executed.
        target: file to write or replace; its folder is made where it is missing.
        entry: official name of the network, such as ``"D"``; None for the averaged generator, the only network, or
            StarGAN v2's.

    Raises:
        UnsafeFileError, BadInputError: as for ``load_one``.
        OSError: the target cannot be written; an older file is as it was.
    """
    source, target = Path(source), Path(target)
    plans = _plans(source, entry)
    with about(source):
        networks = {name: filled(*plan) for name, plan in plans.items()}
        written = _alone(plans, networks) if len(plans) == 1 else _together(plans, networks)
    target.parent.mkdir(parents=True, exist_ok=True)
    save_weights(target, **written, source=source.name, source_sha256=file_sha256(source))
    return networks


def _plans(source: Path, entry: str | None) -> dict[str, Blueprint]:
    """Return what the networks that are wanted are built from, by their official names."""
    if filekind.kind_of(source) in state_dicts.CHECKS:
        plans = state_dicts.blueprints(source)
        with about(source):
            if entry is None and plans.keys() >= set(starganv2.AVERAGED):
                return plans
            return chosen(plans, *([entry] if entry else plans))
    content = read_pickle(source)
    with about(source):
        ((entry, record),) = chosen(networks_of(content), *([entry] if entry else AVERAGED)).items()
        return {entry: blueprint(record, source.stat().st_size)}


def _alone(plans: Mapping[str, Blueprint], networks: Mapping[str, nn.Module]) -> dict[str, Any]:
    """Return what is written of one network."""
    ((entry, plan),) = plans.items()
    model = _own_model(plan.architecture)
    return {"module": networks[entry], "model": model, "config": plan.config, "entry": entry}


def _together(plans: Mapping[str, Blueprint], networks: Mapping[str, nn.Module]) -> dict[str, Any]:
    """Return what is written of a StarGAN v2; names of domains are not in its file."""
    config = {name: plan.config for name, plan in plans.items()}
    return {"module": nn.ModuleDict(dict(networks)), "model": starganv2.MODEL, "config": config}


def _own_model(architecture: Architecture) -> str:
    """Return what our own files call an architecture.

    Raises:
        BadInputError: they do not have it.
    """
    names = {name: model for model, (name, _) in OWN_MODELS.items()}
    names |= {known.name: model for model, known in cyclegan.OWN_MODELS.items()}
    if architecture.name not in names:
        raise BadInputError(f"holds a {architecture.name}, which is of no use alone: leave out the entry")
    return names[architecture.name]
