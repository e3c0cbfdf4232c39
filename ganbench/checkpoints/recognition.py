"""Which networks a file holds, by asking every installed format."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ganbench import registry
from ganbench.checkpoints.format import (
    BaseFormat,
    Format,
    Header,
    MisfitError,
    NetworkSpec,
    Snapshot,
    Tensors,
    one_line,
)
from ganbench.checkpoints.inert import Instance, PersistentObject
from ganbench.checkpoints.pickles import StrangersError
from ganbench.errors import BadInputError, UnsafeFileError
from ganbench.plugins import completed

MAX_DEPTH = 8  # pieces of names that are cut off in search of a network
MAX_WORK = (
    100_000  # tensors in all parts that are asked about, a part counting as ten more; checkpoints take some thousand
)
MAX_TRIALS = 64  # networks, and parts that nearly are, for each may have to be built to be told
INSTEAD = ": draw images with its own program and measure them with --model images:FOLDER"
AVERAGED = ("G_ema", "Gs")  # the averaged generator in PyTorch and in TensorFlow snapshots


@dataclass(frozen=True)
class Claim:
    """Networks that a format recognised in one place of a file.

    Attributes:
        place: the beginning that their tensors' names have in common, "" for none.
        format: that recognised them.
        specs: the networks by the names that it gives them.
    """

    place: str
    format: Format
    specs: Mapping[str, NetworkSpec]


def formats() -> list[Format]:
    """Return every installed format, ours and third parties'."""
    found: list[Any] = [completed(registry.load("formats", name), BaseFormat) for name in registry.names("formats")]
    return found


def title_of(network: Any) -> str:
    """Return the title of a network's architecture, for people."""
    where = f"{type(network).__module__}:{type(network).__qualname__}"
    titles = (it.title for known in formats() for it in known.architectures if it.network == where)
    return next(titles, type(network).__name__)


def claims_on_snapshot(snapshot: Snapshot) -> list[Claim]:
    """Return the formats' claims on the networks of an official snapshot, one by one.

    Raises:
        BadInputError: no format recognises one of them.
    """
    return [_claim_on(name, snapshot) for name in snapshot.networks]


def _claim_on(name: str, snapshot: Snapshot) -> Claim:
    alone = Snapshot({name: snapshot.networks[name]}, snapshot.file_size)
    misfits: list[BadInputError] = []
    for known in formats():
        if specs := _asked(known, alone, misfits):
            return Claim("", known, specs)
    if misfits:
        raise nearest(misfits)
    raise BadInputError(f"{unknown_class(snapshot.networks[name])}: give an official snapshot of a known model")


def claims_on_tensors(tensors: Tensors, misfits: list[BadInputError]) -> Iterator[Claim]:
    """Yield the networks in a file of tensors: all of it, or else those in its parts.

    Args:
        tensors: of the file.
        misfits: gets what keeps a part from being of a layout that it is nearly of.

    Raises:
        UnsafeFileError: there are so many parts that trying them all would take long.
    """
    yield from _claims_within(tensors, _Search(formats(), misfits), MAX_DEPTH)


@dataclass
class _Search:
    """What is shared by the search in all parts of a file.

    Attributes:
        known: the formats to ask.
        misfits: gets what keeps a part from being of a layout that it is nearly of.
        work: tensors in all parts that were looked at, a part counting as ten more.
    """

    known: list[Format]
    misfits: list[BadInputError]
    work: int = 0


def _claims_within(tensors: Tensors, search: _Search, depth: int) -> Iterator[Claim]:
    """Yield the networks in a part of a file, which may still be parted ``depth`` times."""
    search.work += len(tensors) + 10
    if search.work > MAX_WORK:
        raise UnsafeFileError("holds more tensors in parts that may be networks than any checkpoint")
    for one in search.known:
        if specs := _asked(one, tensors, search.misfits):
            yield Claim(".".join(tensors.place), one, specs)
            return
        if len(search.misfits) > MAX_TRIALS:
            raise UnsafeFileError(f"holds more than {MAX_TRIALS} parts that are nearly networks, unlike any checkpoint")
    for part in tensors.parts() if depth else ():
        if len(part) > 1:
            yield from _claims_within(part, search, depth - 1)


def claim_on_own(header: Header, tensors: Mapping[str, Tensor]) -> Claim:
    """Return the networks of a file that ``ganbench`` wrote.

    Raises:
        BadInputError: no format knows its model, or its header has no arguments that the networks take.
    """
    for known in formats():
        if specs := known.from_header(header, tensors):
            return Claim("", known, specs)
    model = header["model"]
    shown = f"{model[:60]!r}" if isinstance(model, str) else "without a name"
    raise BadInputError(f"holds the weights of a model {shown}, which no installed package can build")


def _asked(known: Format, content: Tensors | Snapshot, misfits: list[BadInputError]) -> dict[str, NetworkSpec] | None:
    try:
        return known.recognise(content)
    except UnsafeFileError:
        raise
    except BadInputError as error:
        misfits.append(error)
        return None
    except Exception as error:  # a third party's code may raise anything
        where = type(known).__module__
        if where.startswith("ganbench."):
            raise
        raise BadInputError(
            f"cannot be compared with the format of {where}, not part of ganbench ({type(error).__name__}: "
            f"{one_line(error)}): tell its authors, or uninstall it"
        ) from error


def told_by_classes(error: StrangersError) -> BadInputError:
    """Return the error for a pickle with classes that are not on the list, naming the program if it is known."""
    for known in formats():
        for name in error.names:
            if name in known.strangers:
                return BadInputError(f"holds {known.strangers[name]}, which ganbench does not support{INSTEAD}")
    return error


def nearest(misfits: Iterable[BadInputError]) -> BadInputError:
    """Return the error that describes the difference from the nearest layout."""
    return max(misfits, key=lambda error: error.agreeing if isinstance(error, MisfitError) else 0.0)


def unknown_class(record: PersistentObject | Instance) -> str:
    """Return the message for a network that no format recognises."""
    if isinstance(record, PersistentObject):
        return f"holds a network of the unknown class {record.class_name[:60]!r}"
    functions = " with ".join(map(str, _functions(record)))
    return f"holds a network made by the TensorFlow function {functions[:90]!r}, which no installed package can build"


def _functions(record: Instance) -> Iterator[Any]:
    """Yield the functions that made a TensorFlow network and its synthesis part."""
    state = record.state if isinstance(record.state, dict) else {}
    yield state.get("build_func_name")
    components = state.get("components")
    synthesis = components.get("synthesis") if isinstance(components, dict) else None
    if isinstance(synthesis, Instance) and isinstance(synthesis.state, dict):
        yield synthesis.state.get("build_func_name")
