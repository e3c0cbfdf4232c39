"""From a checkpoint of any known kind to networks. Files are read first, and torch imported only for sound ones."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ganbench.checkpoints.contents import OwnFile, contents
from ganbench.checkpoints.download import local
from ganbench.checkpoints.format import Format, MisfitError, NetworkSpec, Snapshot, Tensors
from ganbench.checkpoints.naming import errors_about
from ganbench.errors import BadInputError, UnsafeFileError

if TYPE_CHECKING:
    from torch import nn

    from ganbench.checkpoints.recognition import Claim

    Networks = dict[str, nn.Module]

T = TypeVar("T")

WAYS = "name its code with --model MODULE:CLASS, or measure samples with --model images:FOLDER"
SHOWN = 4  # names in a message


class Found(NamedTuple):
    """One network in a file.

    Attributes:
        format: that recognised it.
        spec: what it is built from.
    """

    format: Format
    spec: NetworkSpec


def load(path: Path | str, entry: str | None = None, *, auxiliary: bool = False) -> "Networks":
    """Return the networks in a checkpoint by their official names, such as ``G``, ``D`` and ``G_ema``.

    They are modules of ``baselines``, in eval mode, float32, on the CPU, without gradients. Nothing in the file is
    executed. Read are official snapshots and state dicts, in whatever dictionaries and with whatever prefixes, this
    project's safetensors, and what formats of third parties recognise.

    Args:
        path: of the file, or ``hf://OWNER/REPO/FILE``, which is fetched.
        entry: which of its networks, by name, or which part of it, by key; None for all.
        auxiliary: whether to load those, too, that only serve the others, such as StarGAN v2's of landmarks.

    Raises:
        UnsafeFileError: the file asks for code to be run, or for memory that its size does not justify.
        BadInputError: it is missing, cut short, of another kind, or holds networks that cannot be built.
    """
    path = local(path)
    found = found_in(path, entry=entry)
    return _instantiated(path, {name: it for name, it in found.items() if auxiliary or not it.spec.auxiliary})


def load_one(path: Path | str, *names: str, entry: str | None = None) -> "nn.Module":
    """Return one network of a checkpoint: the ``entry``, or else the first of the official names that is there.

    The others need not be of a kind that can be built.

    Raises:
        UnsafeFileError: as for ``load``.
        BadInputError: as for ``load``, or there is no network of such a name, or there are several.
    """
    path = local(path)
    found = found_in(path, *names, entry=entry)
    with errors_about(path):
        if len(found) > 1:
            raise BadInputError(f"holds {_shown(found)}: choose one with --entry")
    (network,) = _instantiated(path, found).values()
    return network


def _instantiated(path: Path, found: Mapping[str, Found]) -> "Networks":
    from ganbench.checkpoints.networks import instantiate

    with errors_about(path):
        return {name: instantiate(it.spec) for name, it in found.items()}


def found_in(path: Path, *names: str, entry: str | None = None) -> dict[str, Found]:
    """Return what the networks in a file are built from; arguments and errors are those of ``found_of``."""
    return found_of(path, contents(path), *names, entry=entry)


def found_of(
    path: Path, content: Snapshot | Tensors | OwnFile, *names: str, entry: str | None = None
) -> dict[str, Found]:
    """Return what the networks in a file are built from.

    Args:
        path: of the file.
        content: of the file.
        names: official ones, of which the first that is there is meant; none for all networks.
        entry: as for ``load``; goes before ``names``.

    Raises:
        UnsafeFileError, BadInputError: as for ``load_one``.
    """
    with errors_about(path):
        if isinstance(content, Snapshot):
            return _in_snapshot(content, (entry,) if entry else names)
        claims = _claims(content)
        if entry is not None:
            return _entry(claims, entry)
        found = _named(claims)
        return chosen(found, *names) if names else found


def _in_snapshot(snapshot: Snapshot, names: tuple[str, ...]) -> dict[str, Found]:
    from ganbench.checkpoints.recognition import claims_on_snapshot

    networks = chosen(snapshot.networks, *names) if names else snapshot.networks
    return _named(claims_on_snapshot(Snapshot(networks, snapshot.file_size)))


def _claims(content: Tensors | OwnFile) -> "list[Claim]":
    from ganbench.checkpoints.recognition import MAX_TRIALS, claim_on_own, claims_on_tensors

    if isinstance(content, OwnFile):
        return [claim_on_own(content.header, content.tensors)]
    misfits: list[BadInputError] = []
    claims = list(islice(claims_on_tensors(content, misfits), MAX_TRIALS + 1))
    if len(claims) > MAX_TRIALS:
        raise UnsafeFileError(f"holds more than {MAX_TRIALS} networks, unlike any checkpoint")
    if claims:
        return claims
    raise _unrecognised(content, misfits)


def _unrecognised(tensors: Tensors, misfits: list[BadInputError]) -> BadInputError:
    """Return the error for tensors that no format recognises: what was found, the nearest layout, and what to do."""
    from ganbench.checkpoints.recognition import nearest

    if tensors.unread:
        name, kind = next(iter(tensors.unread.items()))
        return BadInputError(
            f"holds the tensor {name[:100]} as {kind}, which is not read, and no known network beside it: save it as "
            "plain float32"
        )
    if not tensors:
        return BadInputError("holds no networks and no tensors: give an official snapshot or a state dict")
    misfit = nearest(misfits) if misfits else None
    if isinstance(misfit, MisfitError) and misfit.agreeing == 1:  # all but its name agrees
        return misfit
    parts = list(dict.fromkeys(name.partition(".")[0] for name in tensors))
    seen = f"{len(tensors)} tensors, such as {', '.join(name[:30] for name in list(tensors)[:2])}"
    if 1 < len(parts) < len(tensors) and misfit is None:
        seen += f", under {', '.join(part[:15] for part in parts[:SHOWN])}"
    difference = misfit.difference if isinstance(misfit, MisfitError) else misfit
    compared = "" if misfit is None else f"; compared with the nearest layout, it {difference}"
    return BadInputError(f"holds weights of no known network ({seen}){compared}: {WAYS}")


def _named(claims: "list[Claim]") -> dict[str, Found]:
    """Return networks by the names that their formats give them; if two names are equal, by their places."""
    names = [name for claim in claims for name in claim.specs]
    alike = len(set(names)) < len(names)
    return {
        (_placed(claim, name) if alike else name): Found(claim.format, spec)
        for claim in claims
        for name, spec in claim.specs.items()
    }


def _placed(claim: "Claim", name: str) -> str:
    return claim.place if len(claim.specs) == 1 else f"{claim.place}.{name}"


def _entry(claims: "list[Claim]", entry: str) -> dict[str, Found]:
    """Return the network of that name, or those in that place."""
    named = _named(claims)
    if entry in named:
        inside = [claim for claim in claims if claim.place == entry]
        return _named(inside) if inside else {entry: named[entry]}
    inside = [claim for claim in claims if f".{claim.place}.".find(f".{entry}.") >= 0]
    return _named(inside) if inside else chosen(named, entry)


def chosen(networks: Mapping[str, T], *names: str) -> dict[str, T]:
    """Return the first of the names that there is a network of, with the network.

    Raises:
        BadInputError: there is none.
    """
    for name in names:
        if name in networks:
            return {name: networks[name]}
    one = next(iter(networks), "")
    raise BadInputError(
        f"holds no network {names[0][:60]}, only {_shown(networks)}: choose one of those with --entry {one[:60]}, or "
        "give another file"
    )


def _shown(networks: Mapping[str, T]) -> str:
    return ", ".join(key[:60] for key in list(networks)[:SHOWN])
