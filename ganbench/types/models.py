"""What a model can be asked for: images from latents, with styles, moved; images translated from domain to domain."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol, _ProtocolMeta, runtime_checkable

from torch import Tensor

NoiseMode = Literal["const", "random", "none"]


class ByAttributes(_ProtocolMeta):
    """Makes ``isinstance`` ask an object for its attributes, as Python 3.11 does, and a network for its parts.

    From Python 3.12 on, a protocol looks into the ``__dict__`` of an object and its classes alone, where the parts of a
    ``torch.nn.Module``, such as ``mapping`` and ``synthesis``, are not.
    """

    def __instancecheck__(cls, instance: Any) -> bool:  # noqa: N805  # of a metaclass
        """Return whether the object has all members of the protocol, and its methods are not None."""
        if super().__instancecheck__(instance):
            return True
        members = vars(cls).get("__protocol_attrs__", ())  # which Python 3.11, whose answer is final, does not note
        return bool(members) and all(
            hasattr(instance, name) and (getattr(instance, name) is not None or not callable(getattr(cls, name, None)))
            for name in members
        )


@runtime_checkable
class Noise(Protocol, metaclass=ByAttributes):
    """Per-image random numbers, as ``ganbench.rng.Streams`` gives them; ``baselines`` only sees this shape."""

    def normal(self, purpose: str, shape: Sequence[int] = ()) -> Tensor:
        """Return standard normal draws, ``[N, *shape]`` float32."""
        ...


@runtime_checkable
class Generator(Protocol, metaclass=ByAttributes):
    """Latents ``z [N, z_dim]`` and labels ``c [N, c_dim]`` (or None) to images ``[N, C, H, W]``, nominally -1..1."""

    z_dim: int
    c_dim: int
    img_resolution: int
    img_channels: int

    def __call__(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Return the images of latents and labels."""
        ...


@runtime_checkable
class FixedSamples(Protocol, metaclass=ByAttributes):
    """Images that stand in for a generator, such as a folder of samples: sample ``i`` is image ``i``."""

    img_resolution: int
    img_channels: int

    def __len__(self) -> int: ...

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, C, H, W]`` float32 in -1..1, which ``ganbench.images`` quantises to exactly the stored bytes."""
        ...


@runtime_checkable
class ClassedSamples(FixedSamples, Protocol):
    """Images with class labels that stand in for a conditional generator."""

    def members(self, label: int) -> Sequence[int]:
        """Return the numbers of the samples of a class, in order; none where there is no such class."""
        ...


@runtime_checkable
class StyleGenerator(Generator, Protocol):
    """A generator with an intermediate latent space W."""

    w_dim: int
    num_ws: int

    def mapping(
        self, z: Tensor, c: Tensor | None = None, *, truncation_psi: float = 1.0, truncation_cutoff: int | None = None
    ) -> Tensor:
        """Return ``ws [N, num_ws, w_dim]``; truncation interpolates from w_avg, in the first ``cutoff`` layers."""
        ...

    def synthesis(
        self, ws: Tensor, *, noise_mode: NoiseMode = "const", streams: Noise | None = None, force_fp32: bool = False
    ) -> Tensor:
        """Return images; ``"random"`` noise draws from ``streams``, one stream an image."""
        ...


@runtime_checkable
class EquivariantGenerator(StyleGenerator, Protocol):
    """A style generator whose output can be moved by transforming its input."""

    def set_transform(self, matrix: Tensor) -> None:
        """Set the inverse transform of the image, ``[3, 3]`` or one an image ``[N, 3, 3]``, in image widths."""
        ...


@runtime_checkable
class Translator(Protocol, metaclass=ByAttributes):
    """Images of one domain to images of another."""

    domains: tuple[str, ...]

    def translate(self, x: Tensor, target: Any, style: Tensor | None = None) -> Tensor:
        """Return ``x [N, C, H, W]`` in -1..1 translated to the target domain (a name or an index)."""
        ...


@runtime_checkable
class StyleTranslator(Translator, Protocol):
    """A translator with a style code."""

    latent_dim: int
    style_dim: int

    def style_from_latent(self, z: Tensor, target: Any) -> Tensor:
        """Return ``[N, style_dim]`` from ``z [N, latent_dim]``."""
        ...

    def style_from_reference(self, x: Tensor, target: Any) -> Tensor:
        """Return ``[N, style_dim]`` from reference images."""
        ...


@runtime_checkable
class PartialTranslator(Translator, Protocol):
    """A translator to some of its domains alone, such as one direction of a CycleGAN.

    Attributes:
        targets: names of the domains that it translates to.
    """

    targets: tuple[str, ...]


@runtime_checkable
class AttributeTranslator(Translator, Protocol):
    """A translator whose domains are combinations of attributes, such as a hair colour with a gender.

    Attributes:
        attributes: their names; empty where these weights have none.
    """

    attributes: tuple[str, ...]

    def domain_after(self, domain: Any, attribute: str) -> int:
        """Return the index of the domain that a domain (a name or an index) becomes by a change of one attribute."""
        ...


@runtime_checkable
class MaskedTranslator(Translator, Protocol):
    """A translator that may have been trained with masks of faces.

    Attributes:
        needs_masks: whether it was; without masks it does not make what its paper measured.
    """

    needs_masks: bool


@runtime_checkable
class Sized(Protocol, metaclass=ByAttributes):
    """A model that says what images it makes or takes.

    Attributes:
        img_resolution: height and width in pixels; None for any.
        img_channels: 1 or 3; None for any.
    """

    @property
    def img_resolution(self) -> int | None:
        """Height and width in pixels; None for any."""
        ...

    @property
    def img_channels(self) -> int | None:
        """1 or 3; None for any."""
        ...


class FirstBatch(Protocol):
    """What the first images of a foreign model showed.

    Attributes:
        digest: sha256 of what was returned: another program or other weights give another.
        warnings: sentences for the record on what its numbers depend on.
    """

    @property
    def digest(self) -> str:
        """The sha256 of what was returned."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the record."""
        ...

    @property
    def remark(self) -> str:
        """One line on what the images were taken for."""
        ...

    def about(self) -> dict[str, Any]:
        """Return range and size, as JSON values for the record."""
        ...


@runtime_checkable
class Foreign(Protocol, metaclass=ByAttributes):
    """A foreign model, which is known by its first batch.

    Attributes:
        trial: what that showed; None before it, as of a translator that has seen no images.
    """

    trial: FirstBatch | None

    def try_on(self, x: Tensor) -> FirstBatch:
        """Return what it makes of up to four images ``[N, C, H, W]`` in -1..1; a generator looks at none."""
        ...


@runtime_checkable
class WithProvenance(Protocol, metaclass=ByAttributes):
    """A model that has something for the record besides its weights, such as the prompts of its samples."""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """JSON values by name."""
        ...


@runtime_checkable
class Fingerprinted(Protocol, metaclass=ByAttributes):
    """A model that knows the checksum of what it is made of, such as a folder of samples."""

    @property
    def sha256(self) -> str:
        """64 hexadecimal digits."""
        ...
