"""StarGAN v2: the embedded translator of digits, official checkpoints, and networks trained here."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

import baselines.starganv2
from baselines.starganv2.masks import FaceMasks
from baselines.starganv2.networks import Generator, MappingNetwork, Masks, StyleEncoder
from baselines.starganv2.options import OPTIONS
from baselines.starganv2.own_data import OWN
from baselines.starganv2.recipes import RECIPES
from baselines.starganv2.recipes import Recipe as Settings
from baselines.training.frame import PreparedRun
from baselines.training.settings import Count, check_value, recipe_of
from ganbench.checkpoints import header_of, load
from ganbench.checkpoints.recognition import title_of
from ganbench.data import at_size
from ganbench.errors import BadInputError
from ganbench.models.domains import check_targets, domain_index, labelled
from ganbench.models.face_masks import LANDMARKS, MEAN_FACE, WING, masks_by, published_masks
from ganbench.models.training import Pictures, TrainableAdapter, always_by_domain, fingerprint_of
from ganbench.types import Checkpoint, Dataset, Embedded, Recipe

Target = str | int | Tensor

CLASSES = {"generator": Generator, "mapping_network": MappingNetwork, "style_encoder": StyleEncoder}
IMG_SIZES = {
    "celebahq-256": 256,
    "afhq-256": 256,
    "small32": 32,
    "small64": 64,
}  # recipe -> size that its images are resized to; others are not resized
DROPBOX = "https://www.dropbox.com/s"
DATA = {  # short name -> address, domains in the order of the official folders, title
    "celebahq-256": ("96fmei6c93o8b8t", ("female", "male"), "CelebA-HQ"),
    "afhq-256": ("etwm810v25h42sn", ("cat", "dog", "wild"), "AFHQ"),
}


def _published(short: str, key: str, data: str) -> Checkpoint:
    note = f"StarGAN v2 of {data} by Clova AI, for non-commercial use (CC BY-NC 4.0)"
    url = f"{DROPBOX}/{key}/100000_nets_ema.ckpt?dl=1"
    # No checksums are published with these files; the first download reports its own.
    return Checkpoint(url, "", "starganv2", note, file=_file(short))


def _file(short: str) -> str:
    return f"starganv2-{short}-100000_nets_ema.ckpt"


class StarGANv2Translator(nn.Module):
    """StarGAN v2's averaged networks; a ``StyleTranslator``.

    Attributes:
        domains: names in the order of the networks' heads; "0", "1" and so on if the file has none.
        latent_dim: number of features of z.
        style_dim: number of features of a style.
        img_resolution: height and width of the images in pixels.
        img_channels: channels of the images.
        needs_masks: whether the generator was trained with masks of faces (``w_hpf`` above 0), and what makes them is
            not here.

    Args:
        networks: by their official names.
        domains: see above.
        masks: makes the masks of images, for a generator that was trained with them.
    """

    def __init__(self, networks: Mapping[str, Any], domains: tuple[str, ...], masks: FaceMasks | None = None) -> None:
        super().__init__()
        generator, mapping_network = networks["generator"], networks["mapping_network"]
        self.generator, self.mapping_network = generator, mapping_network
        self.style_encoder = networks["style_encoder"]
        self.domains = domains
        self.latent_dim: int = mapping_network.latent_dim
        self.style_dim: int = generator.style_dim
        self.img_resolution: int = generator.img_size
        self.img_channels: int = generator.img_channels
        self.takes_masks: bool = generator.w_hpf > 0
        self.masks = masks if self.takes_masks else None
        self.needs_masks: bool = self.takes_masks and masks is None

    @torch.no_grad()
    def translate(
        self, x: Tensor, target: Target, style: Tensor | None = None, *, masks: Masks | None = None
    ) -> Tensor:
        """Return images translated to a domain in a style, ``[N, C, R, R]``, nominally -1..1.

        Args:
            x: ``[N, C, R, R]`` float32, -1..1.
            target: name or index of the domain, or ``[N]`` int64, an index for each image. It is only checked, because
                the style determines the domain.
            style: ``[N, style_dim]``, from ``style_from_latent`` or ``style_from_reference``.
            masks: two maps ``[N, 1, H, W]`` in 0..1 of any size, for networks with a high-pass skip: of the face with
                its outline, and without outline and mouth. None for those that the landmark network makes; where
                there is none (``needs_masks``), the skip is left out, as the official generator does, and the images
                keep less of the source than in training.

        Raises:
            UnknownNameError: there is no such domain.
            BadInputError: there is no style, or the network does not take such images or masks.
        """
        self._domain(target, x)
        if style is None:
            raise BadInputError(
                "expected a style, which StarGAN v2 needs, found none: make one by style_from_latent or "
                "style_from_reference."
            )
        if masks is not None and not self.takes_masks:
            raise BadInputError("expected no masks for weights without a high-pass skip, found some: leave them out.")
        if masks is not None and (len(masks) != 2 or any(m.ndim != 4 or m.shape[:2] != (len(x), 1) for m in masks)):
            shapes = ", ".join(str(list(mask.shape)) for mask in masks)
            raise BadInputError(
                f"expected two masks [{len(x)}, 1, H, W] for {len(x)} images, found {shapes}: give two maps."
            )
        if masks is None and self.masks is not None:
            masks = self.masks(self._checked(x))
        translated: Tensor = self.generator(self._checked(x), style, masks=masks)
        return translated

    @torch.no_grad()
    def style_from_latent(self, z: Tensor, target: Target) -> Tensor:
        """Return the styles ``[N, style_dim]`` in a domain of normally distributed latents ``z [N, latent_dim]``."""
        style: Tensor = self.mapping_network(z, self._domain(target, z))
        return style

    @torch.no_grad()
    def style_from_reference(self, x: Tensor, target: Target) -> Tensor:
        """Return the styles ``[N, style_dim]`` of images ``x [N, C, R, R]`` of a domain, -1..1."""
        style: Tensor = self.style_encoder(self._checked(x), self._domain(target, x))
        return style

    def _domain(self, target: Target, like: Tensor) -> Tensor:
        """Return the index of the domain of each input, ``[N]`` int64."""
        if not isinstance(target, Tensor):
            return torch.full([len(like)], domain_index(self.domains, target), device=like.device)
        check_targets(target, len(like))
        for index in set(target.tolist()):
            domain_index(self.domains, index)
        return target.to(like.device)

    def _checked(self, x: Tensor) -> Tensor:
        size = [self.img_channels, self.img_resolution, self.img_resolution]
        if list(x.shape[1:]) != size:
            raise BadInputError(
                f"expected images [N, {', '.join(map(str, size))}], found {list(x.shape)}: resize or convert them."
            )
        return x


class StarGANv2Adapter(TrainableAdapter):
    """Adapter of StarGAN v2; for attributes see ``ganbench.models.stylegan.StyleGANAdapter``."""

    title = "StarGAN v2"
    settings = Settings
    options = OPTIONS
    own_settings: ClassVar[Mapping[str, Any]] = {"img_size": Count | None}
    recipes: Mapping[str, Recipe] = {
        name: Recipe(name, {**asdict(settings), "img_size": IMG_SIZES.get(name)})
        for name, settings in {**RECIPES, **OWN}.items()
    }
    published: Mapping[str, Checkpoint] = {
        short: _published(short, key, data) for short, (key, _, data) in DATA.items()
    }
    needs = (WING, MEAN_FACE)  # for masks of faces, and to align photographs
    benchmark = "starganv2"
    embedded = Embedded(
        weights=Path(baselines.starganv2.__path__[0]) / "weights" / "digits32.safetensors",
        note=(
            "starganv2 is the embedded digits32 translator, a small StarGAN v2 between the ten digits of scikit-learn "
            "at 32x32: its numbers are not comparable with published ones."
        ),
        benchmark="digit-domains",
        data="digit-domains",
    )

    def load(self, weights: Path | None, device: str, entry: str | None = None) -> StarGANv2Translator:
        """Return the translator in a file: an official one (``..._nets_ema.ckpt``), or our safetensors.

        Args:
            weights: the file; None for the embedded weights.
            device: device of the model.
            entry: key of one part of the file, such as ``nets_ema``; None for the whole file.

        Raises:
            BadInputError: the file cannot be read, or holds another architecture.
        """
        path = self.embedded.weights if weights is None else weights
        networks = load(path, entry, auxiliary=True)
        if several := [key.removesuffix(".generator") for key in networks if key.endswith(".generator")]:
            raise BadInputError(
                f"expected one StarGAN v2 in {path}, found {', '.join(several)}: choose one with --entry."
            )
        for name, wanted in CLASSES.items():
            if not isinstance(networks.get(name), wanted):
                held = ", ".join(dict.fromkeys(map(title_of, networks.values())))
                raise BadInputError(f"expected networks of a StarGAN v2 in {path}, found {held}: give its weights.")
        count: Any = networks["mapping_network"].num_domains
        generator: Any = networks["generator"]
        masks = masks_by(networks.get(LANDMARKS)) if generator.w_hpf else None
        return StarGANv2Translator(networks, domains_of(path, count), masks).eval().to(device)

    def load_entry(self, weights: Path, device: str, entry: str) -> StarGANv2Translator:
        """Return the translator in one entry of a file; for arguments and errors see ``load``."""
        return self.load(weights, device, entry)

    def prepare(self, data: Dataset, settings: dict[str, Any], run_dir: Path, **options: Any) -> PreparedRun[Any]:
        """Return a run that is ready to start, on data with domains as labels; see ``TrainableAdapter``.

        The settings may include ``img_size``, the size to which images are resized; by default they are not.
        """
        from baselines.starganv2.train import prepare

        always_by_domain(settings, "starganv2")
        size = settings.pop("img_size", None)
        check_value("img_size", size, Count | None)
        data, recipe = at_size(data, size), recipe_of(Settings, settings)
        labels, names = labelled(data)
        masks = published_masks().to(options.get("device", "cpu")) if recipe.w_hpf else None
        content = fingerprint_of(data)
        return prepare(
            Pictures(data), labels, recipe, run_dir, domains=names, masks=masks, data_fingerprint=content, **options
        )

    def model_in(self, training: Any, data: Dataset) -> StarGANv2Translator:
        """Return the averaged networks as a translator."""
        return StarGANv2Translator(training.averages, tuple(training.output.notes["domains"]), training.mask_of).eval()


def domains_of(path: Path, count: int) -> tuple[str, ...]:
    """Return the names of a file's domains: from its header, those of the published checkpoint, or numbers.

    Raises:
        BadInputError: the header does not have a name for each of the networks' domains.
    """
    header = header_of(path)
    published = {_file(short): domains for short, (_, domains, _) in DATA.items()}
    names = header.get("domains", published.get(str(header.get("source", path.name))))
    if names is None:
        return tuple(map(str, range(count)))
    texts = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    if not texts or len(names) != count or len(set(names)) != count:
        raise BadInputError(
            f"expected {count} domains in the header of {path}, found {str(names)[:60]}: train or convert again."
        )
    return tuple(names)


adapter = StarGANv2Adapter()
