"""From official snapshots to this project's safetensors."""

from pathlib import Path

from torch import nn

from baselines.training.weights import save_weights
from ganbench.checkpoints.architectures import filled
from ganbench.checkpoints.building import OWN_MODELS, blueprint
from ganbench.checkpoints.digest import file_sha256
from ganbench.checkpoints.loading import AVERAGED, chosen, networks_of
from ganbench.checkpoints.naming import about
from ganbench.checkpoints.pickles import read_pickle


def convert(source: Path | str, target: Path | str, entry: str | None = None) -> nn.Module:
    """Return one network of an official snapshot, once it is written as safetensors that ``load`` reads.

    The same snapshot always gives the same bytes. Their header says what the network is and what it was made with, and
    under ``source``, ``source_sha256`` and ``entry`` which network of which file it was.

    Args:
        source: an official PyTorch or TensorFlow pickle; nothing in it is executed.
        target: file to write or replace; its folder is made where it is missing.
        entry: official name of the network, such as ``"D"``; None for the averaged generator.

    Raises:
        UnsafeFileError, BadInputError: as for ``load_one``.
        OSError: the target cannot be written; an older file is as it was.
    """
    source, target = Path(source), Path(target)
    content = read_pickle(source)
    with about(source):
        networks = networks_of(content)
        ((entry, record),) = chosen(networks, *([entry] if entry else AVERAGED)).items()
        plan = blueprint(record, source.stat().st_size)
        network = filled(*plan)
    model = next(model for model, (name, _) in OWN_MODELS.items() if name == plan.architecture.name)
    origin = {"source": source.name, "source_sha256": file_sha256(source), "entry": entry}
    target.parent.mkdir(parents=True, exist_ok=True)
    save_weights(target, network, model=model, config=plan.config, **origin)
    return network
