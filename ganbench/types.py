"""What the parts of ganbench promise each other: protocols of models, data and extractors, and the subject of a run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

from torch import Tensor

NoiseMode = Literal["const", "random", "none"]


@runtime_checkable
class Noise(Protocol):
    """Per-image random numbers, as ``ganbench.rng.Streams`` gives them; ``baselines`` only sees this shape."""

    def normal(self, purpose: str, shape: Sequence[int] = ()) -> Tensor:
        """Return standard normal draws, ``[N, *shape]`` float32."""
        ...


@runtime_checkable
class Generator(Protocol):
    """Latents ``z [N, z_dim]`` and labels ``c [N, c_dim]`` (or None) to images ``[N, C, H, W]``, nominally -1..1."""

    z_dim: int
    c_dim: int
    img_resolution: int
    img_channels: int

    def __call__(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Return the images of latents and labels."""
        ...


@runtime_checkable
class FixedSamples(Protocol):
    """Images that stand in for a generator, such as a folder of samples: sample ``i`` is image ``i``."""

    img_resolution: int
    img_channels: int

    def __len__(self) -> int: ...

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, C, H, W]`` float32 in -1..1, which ``ganbench.images`` quantises to exactly the stored bytes."""
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
class Translator(Protocol):
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
class Dataset(Protocol):
    """Real images, in a fixed order, with a fingerprint of their content."""

    name: str
    label_dim: int  # 0 without labels

    @property
    def resolution(self) -> int:
        """Width and height in pixels."""
        ...

    @property
    def channels(self) -> int:
        """1 or 3."""
        ...

    @property
    def fingerprint(self) -> str:
        """The sha256 over pixels and labels, whatever the files are called."""
        ...

    def __len__(self) -> int: ...

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, C, H, W]`` uint8, 0..255."""
        ...

    def labels(self, indices: Sequence[int]) -> Tensor:
        """Return one-hot labels, ``[N, label_dim]`` float32."""
        ...


@runtime_checkable
class DomainDataset(Dataset, Protocol):
    """Images of several domains: the training images, labelled by domain, and with them validation images.

    ``label_dim`` is the number of domains, a label is the one-hot of the image's domain in the order of ``domains``.
    """

    domains: tuple[str, ...]

    @property
    def validation(self) -> Dataset:
        """The validation images, labelled like the training images."""
        ...


@runtime_checkable
class Extractor(Protocol):
    """A network that features are taken from."""

    name: str
    sha256: str  # of the weights
    layers: Mapping[str, int]  # layer name -> number of features
    resolution: int | None  # the only size of image that it takes; None for any

    def to(self, device: str, double: bool = False) -> "Extractor":
        """Return the extractor on a device, in float64 where asked."""
        ...

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """Return every layer's features ``[N, D]`` of ``[N, C, H, W]`` uint8 images, C 1 or 3."""
        ...


@runtime_checkable
class PerceptualExtractor(Extractor, Protocol):
    """An extractor that also measures perceptual distance."""

    def embed(self, images: Tensor) -> Tensor:
        """Return ``[N, E]`` of ``[N, C, H, W]`` float images in 0..255.

        The squared Euclidean distance of two embeddings is the perceptual distance of the two images.
        """
        ...


@runtime_checkable
class AttributeExtractor(Extractor, Protocol):
    """An extractor that also says which of some yes-or-no attributes an image has."""

    attributes: tuple[str, ...]

    def attribute_logits(self, images: Tensor) -> Tensor:
        """Return ``[N, attributes]`` of float images ``[N, C, H, W]`` in -1..1, not quantised nor clipped.

        An attribute's probability is ``softmax([logit, -logit])[0]``: half of its log-odds, above 0 where it is there.
        """
        ...


@runtime_checkable
class ClassExtractor(Extractor, Protocol):
    """An extractor that also says which of some classes an image shows, in its layer ``probabilities``.

    The columns of that layer are ``classes``, by their names.
    """

    classes: tuple[str, ...]


@runtime_checkable
class SegmentationExtractor(Extractor, Protocol):
    """An extractor that says which class each pixel of an image shows, and how label maps are coloured.

    ``palette [K or more, 3]`` uint8 has the colour of each class, in the order of ``classes``, and after them colours
    of pixels that are not counted.
    """

    classes: tuple[str, ...]
    palette: Tensor

    def segment(self, images: Tensor) -> Tensor:
        """Return ``[N, H, W]`` int64, a class for each pixel of ``[N, 3, H, W]`` uint8 images."""
        ...


@dataclass(frozen=True)
class Checkpoint:
    """A published file of weights; ``file`` is its name where the address does not end in one."""

    url: str
    sha256: str
    benchmark: str
    note: str = ""
    file: str = ""


@dataclass(frozen=True)
class Recipe:
    """How a model is trained: plain values, written into the run folder and into the record of the weights."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


@runtime_checkable
class Adapter(Protocol):
    """One model's way in: wraps reference training and generation."""

    recipes: Mapping[str, Recipe]
    published: Mapping[str, Checkpoint]
    benchmark: str  # its paper's, by name

    def load(self, weights: Path | None, device: str) -> Any:
        """Return a Generator or a Translator; without weights, the embedded default."""
        ...

    def train(
        self, data: Dataset, recipe: Recipe, run_dir: Path, resume: bool, progress: Callable[[Mapping[str, Any]], None]
    ) -> Path:
        """Train into ``run_dir`` and return the path of the final weights."""
        ...


@dataclass(frozen=True, eq=False)
class Subject:
    """What is measured: a loaded model and where it came from.

    Attributes:
        name: as typed, such as ``stylegan3`` or ``stylegan3:ffhq-1024-t``.
        model: follows one of the protocols above.
        weights: short description or path of the weights.
        sha256: of the weights.
        embedded: whether this is the embedded default, whose numbers compare with no published one.
        benchmark: the model's own, by name; used where no other is asked for.
    """

    name: str
    model: Any
    weights: str
    sha256: str
    embedded: bool = False
    benchmark: str = "digits"
