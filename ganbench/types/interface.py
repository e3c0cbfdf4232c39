"""What a foreign model takes and returns, as its user describes it."""

from dataclasses import dataclass, fields
from typing import Literal

Kind = Literal["generator", "translator"]
LabelFormat = Literal["one-hot", "index"]


@dataclass(frozen=True)
class Interface:
    """How to call a foreign model, and what its images are; None or () for what the model's attributes say.

    Attributes:
        kind: generator of images from latents, or translator of images.
        z_dim: shape of one latent: ``(128,)``, or ``(100, 1, 1)`` for a generator that begins with a convolution.
        classes: number of classes of a class-conditional generator.
        label_format: how classes and target domains are passed: ``[N, classes]`` float32 or ``[N]`` int64.
        domains: names of a translator's domains; of two, it translates the first to the second.
        range: of the values of its images, lowest and highest.
        resize: size to which images are brought, and the filter, such as ``256:box``.
    """

    kind: Kind | None = None
    z_dim: tuple[int, ...] = ()
    classes: int | None = None
    label_format: LabelFormat | None = None
    domains: tuple[str, ...] = ()
    range: tuple[float, float] | None = None
    resize: str | None = None

    @property
    def flags(self) -> str:
        """The given fields as options of the command line, for messages; "" if there are none."""
        return ", ".join(f"--{name.replace('_', '-')}" for name in self.given())

    def given(self) -> dict[str, object]:
        """Return the given fields by name, as JSON values."""
        said = {f.name: getattr(self, f.name) for f in fields(self)}  # fields of this class
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in said.items()
            if value not in (None, ())
        }


NAMES = tuple(f.name for f in fields(Interface))
