"""Weights that a training run starts from: our own snapshots and weights, official ones, and published names."""

import hashlib
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import nn

from baselines.ops import processes
from baselines.training import snapshots
from baselines.training.frame import PreparedRun
from baselines.training.transfer import NOTE, Start, noted
from baselines.training.weights import load_state
from ganbench import registry
from ganbench.checkpoints import file_sha256, header_of, load
from ganbench.checkpoints.download import fetch_weights, local
from ganbench.checkpoints.recognition import title_of
from ganbench.errors import BadInputError
from ganbench.models.adapter import BaseAdapter
from ganbench.models.archives import unpacked
from ganbench.paths import expanded

NAMES = {"Gs": "G_ema"}  # what TensorFlow snapshots call the averaged generator
IN_FOLDER = "latest_net_*.pth"  # official files of one network each
IN_ZIP = ("-G.ckpt", "-D.ckpt")


@dataclass(frozen=True)
class Source:
    """Weights that a run starts from, and whose they are.

    Attributes:
        start: the tensors.
        model: name of the model in the header of our own snapshot; "" for other files.
        networks: the networks of other files, by name.
    """

    start: Start
    model: str
    networks: Mapping[str, nn.Module]

    def fitted(self, run: PreparedRun[Any]) -> Start:
        """Return the tensors by the names of a run's networks.

        Raises:
            BadInputError: they are of another model than the run trains.
        """
        if self.model and self.model != run.training.model:
            raise self.of_another(run.training.model, self.model)
        trained = run.training.plan().networks
        parts = {name: part for network in trained.values() for name, part in network.named_children()}
        kinds = {name: type(network) for name, network in {**parts, **trained}.items()}
        states = dict(self.start.states)
        for name, network in self.networks.items():
            # A file of one of two generators may not say which; it is taken for the first, as for translating.
            own = next((each for each in (name, f"{name}_A") if kinds.get(each) is type(network)), None)
            if own is None:
                raise self.of_another(run.training.model, title_of(network))
            states[own] = states.pop(name)
        return replace(self.start, states=states)

    def of_another(self, wanted: str, found: str) -> BadInputError:
        """Return the error for weights of another model."""
        return BadInputError(
            f"expected weights of {wanted} to start from, found those of a {found} in {self.start.source}: give "
            "weights of the same model."
        )


def read(adapter: BaseAdapter, given: str) -> Source:
    """Return the weights of a file, of a folder (a run's newest snapshot, or official files), or of a published name.

    Args:
        adapter: of the model to train.
        given: path of a file or folder, ``hf://OWNER/REPO/FILE``, or a name such as ``stylegan3:ffhq-1024-t``.

    Raises:
        BadInputError: they cannot be read, or the name is of another model.
        MissingWeightsError: the published file is not on this machine and cannot be fetched.
    """
    paths = _files(_path(adapter, given))
    sums = [file_sha256(path) for path in paths]
    sha256 = sums[0] if len(sums) == 1 else hashlib.sha256("".join(sums).encode()).hexdigest()
    header = header_of(paths[0])
    if "step" in header and "settings" in header:
        states = _of_snapshot(paths[0])
        return Source(Start(states, name_of(given), sha256), str(header["model"]), {})
    networks = {name: it for path in paths for name, it in _loaded(path).items()}
    states = {name: network.state_dict() for name, network in networks.items()}
    return Source(Start(states, name_of(given), sha256), "", networks)


def name_of(given: str) -> str:
    """Return what a run calls its source: a published name, or the last part of a path."""
    return given if is_published(given) else Path(given).name


def is_published(given: str) -> bool:
    """Return whether a source is named as ``MODEL:NAME``, as published weights are."""
    return given.partition(":")[0] in registry.names("models") and ":" in given


def begin(run: PreparedRun[Any], source: Source) -> None:
    """Copy weights into a run's networks, and say on stderr what was copied.

    Raises:
        BadInputError: they are of another model.
        TrainingError: none of them fits.
    """
    found = run.begin_from(source.fitted(run))
    if processes.rank() == 0:
        lines = [f"start from {source.start.source} (sha256 {source.start.sha256[:12]}):", *map(str, found)]
        print("\n  ".join(lines), file=sys.stderr)


def check_resumed(run_dir: Path, given: str) -> None:
    """Check that a run to resume started from these weights, which are not read again.

    Raises:
        BadInputError: it started from others, or from none.
    """
    began = noted(run_dir).get(NOTE, {}).get("source")
    if snapshots.listed(run_dir) and began != name_of(given):
        raise BadInputError(
            f"expected the run in {run_dir} to have started from {name_of(given)}, found {began or 'new weights'}: "
            "resume as it was started, or start in another folder."
        )


def _path(adapter: BaseAdapter, given: str) -> Path:
    """Return the path of the weights, which are fetched if they are published ones."""
    if expanded(given).exists() or not is_published(given):
        return local(given)
    model, _, short = given.partition(":")
    if registry.load("models", model) is not adapter:
        raise BadInputError(f"expected weights of the model to train, found those of {model}: give others.")
    if short not in adapter.published:
        raise registry.unknown("checkpoints", short, adapter.published)
    return fetch_weights(adapter.published[short].weights)


def _files(path: Path) -> list[Path]:
    """Return the file, or in a folder the newest snapshot of a run, or official files of one network each.

    Raises:
        BadInputError: there is nothing, or a folder has neither.
    """
    if not path.exists():
        raise BadInputError(
            f"expected weights to start from, found none at {path}: check the name, or give a file, a run folder or a "
            "published name."
        )
    if not path.is_dir():
        return [path]
    found = snapshots.listed(path)[-1:] or sorted(path.glob(IN_FOLDER))
    if not found:
        raise BadInputError(
            f"expected a snapshot or {IN_FOLDER} to start from, found neither in {path}: give a file of weights."
        )
    return found


def _of_snapshot(path: Path) -> dict[str, dict[str, Any]]:
    """Return the tensors of all networks in our own snapshot, by network."""
    states: dict[str, dict[str, Any]] = {}
    try:
        tensors = load_state(path)
    except ValueError as error:  # already a sentence
        raise BadInputError(str(error)) from error
    for name, tensor in tensors.items():
        kind, network, key = name.split("/", 2)
        if kind == "networks":
            states.setdefault(network, {})[key] = tensor
    return states


def _loaded(path: Path) -> dict[str, nn.Module]:
    """Return the networks in a file, or in the files of a zip, by the names that a run has for them."""
    with ExitStack() as opened:
        inside = [file for ending in IN_ZIP if (file := opened.enter_context(unpacked(path, ending))) != path]
        return {NAMES.get(name, name): it for file in inside or [path] for name, it in load(file).items()}
