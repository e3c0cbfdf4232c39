"""Conversion of other programs' files to safetensors of ganbench, and of any file to those of official programs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from torch import nn

from baselines.training.weights import save_weights
from ganbench.checkpoints.contents import OwnFile, contents
from ganbench.checkpoints.digest import file_sha256
from ganbench.checkpoints.download import local
from ganbench.checkpoints.format import BaseFormat, Format, Header, NetworkSpec, Snapshot, Tensors
from ganbench.checkpoints.loading import Found, found_of
from ganbench.checkpoints.naming import errors_about
from ganbench.checkpoints.networks import check_weights, instantiate, state_of
from ganbench.checkpoints.recognition import AVERAGED, formats
from ganbench.errors import BadInputError

STATE_OF_A_RUN = ("step", "settings", "changes", "weights")  # in the header of a snapshot of a training run


def convert(
    source: Path | str, target: Path | str, entry: str | None = None, domains: Sequence[str] = ()
) -> dict[str, nn.Module]:
    """Return networks by their official names, once they are written as safetensors that ``load`` reads.

    It is one network, or those that are of no use alone, such as StarGAN v2's. The same file always gives the same
    bytes. Their header says what the network is and what it was made with, and under ``source``, ``source_sha256`` and
    ``entry`` which network of which file it was.

    Args:
        source: an official PyTorch or TensorFlow pickle, a file of state dicts, or a snapshot of a training run here,
            also as ``hf://OWNER/REPO/FILE``; nothing in it is executed.
        target: file to write or replace; its folder is made where it is missing.
        entry: which network, by its official name, such as ``"D"``, or by the key that it lies under; None for the
            averaged generator, the only network, or those that belong together.
        domains: names of a translator's domains, for a file that does not say them.

    Raises:
        UnsafeFileError, BadInputError: as for ``load_one``.
        OSError: the target cannot be written; an older file is as it was.
    """
    source, target = local(source), Path(target)
    content = contents(source)
    found = found_of(source, content, *(AVERAGED if isinstance(content, Snapshot) else ()), entry=entry)
    averaged = [name for name in AVERAGED if name in found]
    found = {name: found[name] for name in averaged[:1]} or found
    with errors_about(source):
        networks = {name: instantiate(it.spec) for name, it in found.items()}
        header = _header(found)
    written = next(iter(networks.values())) if len(networks) == 1 else nn.ModuleDict(dict(networks))
    target.parent.mkdir(parents=True, exist_ok=True)
    told = _notes(content) | header | {"source": source.name, "source_sha256": file_sha256(source)}
    told |= {"domains": list(domains)} if domains else {}
    save_weights(target, written, model=told.pop("model"), config=told.pop("config"), **told)
    return networks


def official_files(source: Path | str, entry: str | None = None) -> dict[str, bytes]:
    """Return the files, by their official names, from which the official program of a model loads its networks.

    They are all networks of the file, and draw the same images up to rounding. The same file always gives the same
    bytes.

    Args:
        source, entry: as for ``convert``.

    Raises:
        UnsafeFileError, BadInputError: as for ``load_one``, or the official program has no such networks.
    """
    source = local(source)
    found = found_of(source, contents(source), entry=entry)
    with errors_about(source):
        specs = {name: _checked(it.spec) for name, it in found.items()}
        first = next((specs[name] for name in AVERAGED if name in specs), next(iter(specs.values())))
        return _official_format(first).to_official(specs)


def _checked(spec: NetworkSpec) -> NetworkSpec:
    """Return a network that can be built, with its tensors in the order in which the network has them.

    Raises:
        BadInputError: as for ``check_weights``.
    """
    check_weights(spec)
    return replace(spec, tensors={name: spec.tensors[name] for name in state_of(spec.architecture, spec.config)})


def _official_format(spec: NetworkSpec) -> Format:
    """Return the format that an architecture belongs to; the one that read a file may be of another program's."""
    owners = (known for known in formats() if any(each is spec.architecture for each in known.architectures))
    return next(owners, BaseFormat())


def _notes(content: Snapshot | Tensors | OwnFile) -> Header:
    """Return the notes of a file that ganbench wrote, such as names of domains; empty for other files."""
    if not isinstance(content, OwnFile):
        return {}
    return {name: value for name, value in content.header.items() if name not in STATE_OF_A_RUN}


def _header(found: Mapping[str, Found]) -> Header:
    """Return the header of the written file.

    Raises:
        BadInputError: they are of several models, or cannot be written together.
    """
    formats = {id(it.format): it.format for it in found.values()}
    if len(formats) > 1:
        raise BadInputError(f"holds {', '.join(found)}, of several models: choose one with --entry")
    (known,) = formats.values()
    header = known.to_header({name: it.spec for name, it in found.items()})
    return {**header, "entry": next(iter(found))} if len(found) == 1 else header
