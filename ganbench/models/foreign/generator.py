"""A foreign generator of images from latents, with or without classes; a ``Generator``."""

import math
from typing import Any

from torch import Tensor, nn

from ganbench.data.labels import class_indices, one_hot
from ganbench.errors import BadInputError
from ganbench.models.foreign.program import Program, missing_arguments
from ganbench.models.foreign.trial import BATCH, Trial, tried
from ganbench.rng import Streams
from ganbench.types import Interface


class ForeignGenerator(nn.Module):
    """A program that turns latents, and for a conditional one classes, into images.

    Args:
        name: of the model, for messages.
        body: a network or a function of ``z [N, *shape]`` float32 and, where there are classes, labels.
        interface: its interface, with the shape of a latent.
        device: device such as ``cpu`` or ``cuda``.

    Attributes:
        z_dim, c_dim, img_resolution, img_channels: as of ``ganbench.types.Generator``.
        height_and_width: of its images, which need not be square.
        trial: findings from a first batch.

    Raises:
        BadInputError: it does not take these arguments, or does not return images.
    """

    def __init__(self, name: str, body: Any, interface: Interface, device: str) -> None:
        super().__init__()
        _check_arguments(name, body, interface)
        self.shape, self.z_dim, self.c_dim = interface.z_dim, math.prod(interface.z_dim), interface.classes or 0
        self.by_index = interface.label_format == "index"
        self.program = Program(name, body, _remedy(interface))
        self.eval()
        streams = Streams(0, tuple(range(BATCH)))
        z = streams.normal("z", (self.z_dim,)).to(device)
        c = one_hot(streams.integers("label", self.c_dim), self.c_dim).to(device) if self.c_dim else None
        self.trial: Trial = tried(self.program, self._inputs(z, c), interface)
        self.pictures = self.trial.pictures
        self.img_channels, *size = self.trial.measured
        self.height_and_width, self.img_resolution = (size[0], size[1]), max(size)

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Return images ``[N, C, H, W]`` float32 in -1..1.

        Args:
            z: ``[N, z_dim]`` float32.
            c: ``[N, c_dim]`` one-hot; None for a model without classes.

        Raises:
            BadInputError: the program raised an exception, or did not return images.
        """
        return self.pictures.of(self.program(*self._inputs(z, c)), len(z))

    def try_on(self, x: Tensor) -> Trial:
        """Return the findings from its own first batch; ``x`` is not used."""
        return self.trial

    def _inputs(self, z: Tensor, c: Tensor | None) -> tuple[Tensor, ...]:
        z = z.reshape(len(z), *self.shape)
        if not self.c_dim:
            return (z,)
        assert c is not None, "a conditional model gets labels"
        return z, class_indices(c) if self.by_index else c


def _remedy(interface: Interface) -> str:
    if interface.classes and interface.label_format is None:
        return ", or pass --label-format index if it takes numbers of classes"
    alone = len(interface.z_dim) == 1
    return f", or pass --z-dim {interface.z_dim[0]}x1x1 if it begins with a convolution" if alone else ""


def _check_arguments(name: str, body: Any, interface: Interface) -> None:
    if interface.classes is None and (lacks := missing_arguments(body, 1)):
        raise BadInputError(
            f"expected {name} to take latents alone, found that its code does not ({lacks}): pass --classes N if it "
            "takes classes, or give it defaults."
        )
    if interface.classes is not None and (lacks := missing_arguments(body, 2)):
        raise BadInputError(
            f"expected {name} to take latents and classes, found that its code does not ({lacks}): leave the classes "
            "out, or let it take them."
        )
