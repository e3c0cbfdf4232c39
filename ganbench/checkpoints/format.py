"""The types of a reader of one layout of weights; see ``ganbench.formats``."""

import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from ganbench.checkpoints.fields import Fields
from ganbench.checkpoints.inert import Instance, PersistentObject
from ganbench.errors import BadInputError

if TYPE_CHECKING:
    from torch import Tensor, nn

Config = dict[str, Any]
Header = dict[str, Any]


@dataclass(frozen=True)
class Architecture:
    """One network's class, which is imported only when a network of it is made.

    Attributes:
        title: what people call it, such as ``"StyleGAN3 generator"``.
        network: where the class lies, as ``"module:attribute"``.
        fields: what kinds and ranges its constructor's arguments have.
        check: refuses arguments with which building would take more than the weights justify.
    """

    title: str
    network: str
    fields: Fields = field(default_factory=dict, repr=False)
    check: Callable[[Config], None] = lambda config: None

    @property
    def build(self) -> "Callable[..., nn.Module]":
        """The class."""
        found: Callable[..., nn.Module] = pkgutil.resolve_name(self.network)
        return found

    def bound(self, args: list[Any], kwargs: Config) -> Config:
        """Return positional and keyword arguments of the constructor as keyword arguments.

        Raises:
            BadInputError: the constructor does not take them.
        """
        signature = inspect.signature(self.build)
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise BadInputError(f"has arguments that do not make a {self.title}: {one_line(error)}") from error
        extra = {name for name, p in signature.parameters.items() if p.kind is inspect.Parameter.VAR_KEYWORD}
        return {
            name: value
            for key, found in bound.arguments.items()
            for name, value in (found.items() if key in extra else [(key, found)])
        }


@dataclass(frozen=True)
class NetworkSpec:
    """What a network is built from.

    Attributes:
        architecture: of the network.
        config: keyword arguments of its constructor, plain Python values.
        tensors: its weights, by their names in ``state_dict``.
        auxiliary: whether it only serves the others of its file; it is then loaded if asked for alone.
    """

    architecture: Architecture
    config: Config
    tensors: "Mapping[str, Tensor]" = field(repr=False)
    auxiliary: bool = False


class Tensors(Mapping[str, "Tensor"]):
    """Tensors by name: all of a file, or a part of it whose names have a common beginning, which is cut off.

    Attributes:
        place: the beginning, in pieces, such as ``("state_dict", "netG_A")``; empty for the whole file.
        file: name of the file.
        unread: kinds of the tensors in the file that are not read, such as sparse ones, by name; those of the whole
            file have them.
    """

    def __init__(
        self,
        tensors: "Mapping[str, Tensor]",
        place: tuple[str, ...] = (),
        file: str = "",
        unread: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._tensors, self.place, self.file, self.unread = tensors, place, file, unread

    def __getitem__(self, name: str) -> "Tensor":
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def parts(self) -> "Iterator[Tensors]":
        """Yield the tensors by the first piece of their names, which is up to a dot."""
        found: dict[str, dict[str, Tensor]] = {}
        for name, tensor in self._tensors.items():
            first, _, rest = name.partition(".")
            if rest:
                found.setdefault(first, {})[rest] = tensor
        for first, tensors in found.items():
            yield Tensors(tensors, (*self.place, first), self.file)


@dataclass(frozen=True)
class Snapshot:
    """Networks of an official snapshot, which are records of classes that are only named.

    Attributes:
        networks: by their official names, such as ``G_ema``.
        file_size: in bytes; weights may not unfold to much more.
    """

    networks: Mapping[str, PersistentObject | Instance]
    file_size: int


Content = Tensors | Snapshot


class MisfitError(BadInputError):
    """A file that nearly has a known layout.

    Attributes:
        difference: where it differs, a predicate to follow the path.
        agreeing: share of the tensors that agree with the layout, 0..1.
    """

    def __init__(self, difference: str, agreeing: float, remedy: str = "") -> None:
        super().__init__(difference + remedy)
        self.difference, self.agreeing = difference, agreeing


class Format(Protocol):
    """A reader of one layout of weights, registered in the entry-point group ``ganbench.formats``.

    Its module should import a network's class only once a file is known to hold one: it is asked about every file.
    """

    architectures: tuple[Architecture, ...]
    strangers: Mapping[str, str]  # class in pickles of a program whose networks are not built here -> what they are

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return the networks in a file or a part of it, by their official names; None if it has another layout.

        Raises:
            MisfitError: it is nearly of this layout; says where it differs.
            UnsafeFileError: building it would take more than the file justifies.
        """
        ...

    def from_header(self, header: Header, tensors: "Mapping[str, Tensor]") -> dict[str, NetworkSpec] | None:
        """Return the networks of a file that ``ganbench`` wrote, by name; None if its ``model`` belongs to another "
        "format."""
        ...

    def to_header(self, specs: Mapping[str, NetworkSpec]) -> Header:
        """Return ``model`` and ``config``, from which ``from_header`` makes the same networks.

        Raises:
            BadInputError: they cannot be written in one file.
        """
        ...

    def to_official(self, specs: Mapping[str, NetworkSpec]) -> dict[str, bytes]:
        """Return files by name, from which the official program of the networks loads them.

        Raises:
            BadInputError: it has no such networks, or they cannot be written together.
        """
        ...


class BaseFormat:
    """Defaults of a format: nothing is recognised, and nothing can be written. See ``Format``."""

    architectures: tuple[Architecture, ...] = ()
    strangers: Mapping[str, str] = MappingProxyType({})

    def recognise(self, content: Content) -> dict[str, NetworkSpec] | None:
        """Return None."""
        return None

    def from_header(self, header: Header, tensors: "Mapping[str, Tensor]") -> dict[str, NetworkSpec] | None:
        """Return None."""
        return None

    def to_header(self, specs: Mapping[str, NetworkSpec]) -> Header:
        """Refuse.

        Raises:
            BadInputError: always.
        """
        titles = " and a ".join(spec.architecture.title for spec in specs.values())
        raise BadInputError(f"holds a {titles}, which cannot be written as safetensors: use the file as it is")

    def to_official(self, specs: Mapping[str, NetworkSpec]) -> dict[str, bytes]:
        """Refuse.

        Raises:
            BadInputError: always.
        """
        titles = " and a ".join(spec.architecture.title for spec in specs.values())
        raise BadInputError(f"holds a {titles}, which cannot be written for an official program: leave out --to")


def one_line(error: Exception) -> str:
    """Return an error's message on one line of at most 200 characters, without a full stop."""
    return " ".join(str(error).split())[:200].rstrip(".")
