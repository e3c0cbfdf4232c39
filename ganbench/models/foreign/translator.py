"""A foreign translator of images, of one direction or between several domains; a ``Translator``."""

from typing import Any

import torch
from torch import Tensor, nn

from ganbench.data.labels import one_hot
from ganbench.errors import BadInputError
from ganbench.models.domains import check_targets, domain_index
from ganbench.models.foreign.interface import resizing
from ganbench.models.foreign.pictures import NOMINAL
from ganbench.models.foreign.program import Program, missing_arguments
from ganbench.models.foreign.trial import BATCH, Trial, tried
from ganbench.types import Interface

UNNAMED = ("source", "target")  # in the order of the data's domains, whatever they are called


class ForeignTranslator(nn.Module):
    """A program that translates images; if there are several domains, it takes the target as well.

    It gets images in the same range as it returns them.

    Args:
        name: of the model, for messages.
        body: a network or a function of ``x [N, C, H, W]`` float32 and, for several domains, targets.
        interface: its interface.
        channels: channels of its input images; None for any.

    Attributes:
        domains: names; of two, the first is translated to the second, unless a ``label_format`` is given.
        targets: domains that it translates to.
        img_resolution: size of its input images; None for any.
        img_channels: channels of its input images; None for any.
        trial: findings from a first batch; None before it.

    Raises:
        BadInputError: it does not take these arguments.
    """

    def __init__(self, name: str, body: Any, interface: Interface, channels: int | None) -> None:
        super().__init__()
        self.domains = interface.domains or UNNAMED
        self.directed = len(self.domains) == 2 and interface.label_format is None
        self.targets = self.domains[1:] if self.directed else self.domains
        self.by_index = interface.label_format == "index"
        self.interface, self.img_channels = interface, channels
        self.img_resolution = _size(interface)
        _check_arguments(name, body, self.directed)
        numbers = (
            "" if self.directed or self.by_index else ", or pass --label-format index if it takes numbers of domains"
        )
        self.program = Program(name, body, numbers)
        self.eval()
        self.trial: Trial | None = None

    def try_on(self, x: Tensor) -> Trial:
        """Return the findings from up to four images ``[N, C, H, W]`` in -1..1, translated to the first target.

        Raises:
            BadInputError: it raised an exception, or did not return images.
        """
        interface = Interface(range=self.interface.range)
        first = domain_index(self.domains, self.targets[0])
        self.trial = tried(self.program, self._inputs(x[:BATCH], first), interface)
        return self.trial

    @torch.no_grad()
    def translate(self, x: Tensor, target: str | int | Tensor, style: Tensor | None = None) -> Tensor:
        """Return images translated to a domain, ``[N, C, H, W]`` float32 in -1..1.

        Args:
            x: ``[N, C, H, W]`` float32, -1..1.
            target: name or index of the domain, or ``[N]`` int64, an index for each image.
            style: None; there is none.

        Raises:
            UnknownNameError: no such domain.
            BadInputError: a style is given, or the program raised an exception or did not return images.
        """
        if style is not None:
            raise BadInputError(f"{self.program.name} translates without a style: leave the style out.")
        pictures = (self.trial or self.try_on(x)).pictures
        return pictures.of(self.program(*self._inputs(x, target)), len(x))

    def _inputs(self, x: Tensor, target: str | int | Tensor) -> tuple[Tensor, ...]:
        if isinstance(target, Tensor):
            check_targets(target, len(x))
            indices = target.to(x.device)
        else:
            indices = torch.full([len(x)], domain_index(self.domains, target), device=x.device)
        for index in set(indices.tolist()):
            if self.domains[domain_index(self.domains, index)] not in self.targets:
                raise BadInputError(
                    f"{self.program.name} translates to {', '.join(self.targets)} alone, not to {self.domains[index]}: "
                    "choose another target."
                )
        low, high = self.interface.range or NOMINAL
        if (low, high) != NOMINAL:
            x = (x + 1) * ((high - low) / 2) + low
        if self.directed:
            return (x,)
        return x, indices if self.by_index else one_hot(indices, len(self.domains))


def _size(interface: Interface) -> int | None:
    if interface.resize is None:
        return None
    size, _ = resizing(interface.resize)
    if ":" in interface.resize:
        raise BadInputError(
            f"expected a size alone for resize of a translator, found {interface.resize!r}: its images are resized as "
            f"those of the papers are, so write {size}."
        )
    return size


def _check_arguments(name: str, body: Any, directed: bool) -> None:
    if lacks := missing_arguments(body, 1 if directed else 2):
        takes = "images alone" if directed else "images and targets"
        raise BadInputError(
            f"expected {name} to take {takes}, found that its code does not ({lacks}): name its domains with "
            "--domains, two for one direction, or more where it is told the target."
        )
