"""pix2pix: the embedded translator from outlines to digits, official files, and networks trained here."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import baselines.pix2pix
from baselines.pix2pix.inference import ImageByImage
from baselines.pix2pix.options import OPTIONS
from baselines.pix2pix.own_data import OWN
from baselines.pix2pix.recipes import RECIPES
from baselines.pix2pix.recipes import Recipe as Settings
from baselines.training.frame import PreparedRun
from baselines.training.settings import recipe_of
from baselines.translation.networks import Generator, ResnetGenerator, UnetGenerator
from ganbench.checkpoints import load
from ganbench.data import at_size
from ganbench.data.labels import classes_of
from ganbench.errors import BadInputError
from ganbench.models.domains import check_targets, domain_index
from ganbench.models.networks import checked_for, domains_in
from ganbench.models.training import Pictures, TrainableAdapter, always_by_domain, fingerprint_of, recipes_of
from ganbench.types import Checkpoint, Dataset, Embedded, Recipe, WithDomains, WithPairs

UNNAMED = ("source", "target")
OFFICIAL_NAME = re.compile(r".+_net_G\.pth", re.DOTALL)
BERKELEY = "http://efrosgans.eecs.berkeley.edu/pix2pix/models-pytorch"
PUBLISHED = {  # and their direction in the authors' data, whose files have A on the left
    "edges2shoes": ("A", "B"),
    "sat2map": ("A", "B"),
    "map2sat": ("B", "A"),
    "facades_label2photo": ("B", "A"),
    "day2night": ("B", "A"),
}


class Pix2PixTranslator(nn.Module):
    """The generator of a pix2pix as a translator from its first domain to its second; a ``PartialTranslator``.

    It translates as the authors' test program does by default, see ``baselines.pix2pix.inference``: batch norm has the
    statistics of the image, and dropout is on, where the generator has these.

    Attributes:
        domains: names of the domains of sources and translations; ``("source", "target")`` if the file has none.
        targets: the second domain alone.
        img_channels: channels of the source images.
        img_resolution: resolution of the training images in pixels, or None if unknown.
    """

    def __init__(self, generator: Generator, domains: tuple[str, ...] = UNNAMED, resolution: int | None = None) -> None:
        super().__init__()
        self.domains = domains
        self.targets = domains[1:]
        self.generator = ImageByImage(generator)
        self.img_channels = generator.input_nc
        self.img_resolution = resolution

    @torch.no_grad()
    def translate(self, x: Tensor, target: str | int | Tensor, style: Tensor | None = None) -> Tensor:
        """Return images translated to the second domain, ``[N, C, H, W]`` float32, -1..1.

        Args:
            x: images of the first domain, ``[N, C, H, W]`` float32, -1..1; H and W of any size the network takes.
            target: name or index (1) of the second domain, or ``[N]`` int64, an index for each image.
            style: must be None, because pix2pix has no styles.

        Raises:
            UnknownNameError: there is no such domain.
            BadInputError: the target is the first domain, the network does not take such images, or a style is given.
        """
        if style is not None:
            raise BadInputError("expected no style, which pix2pix does not have, found one: leave it out.")
        if isinstance(target, Tensor):
            check_targets(target, len(x))
        for each in set(target.tolist()) if isinstance(target, Tensor) else (target,):
            if domain_index(self.domains, each) != 1:
                raise BadInputError(
                    f"expected the target {self.domains[1]} of these weights, found {self.domains[0]}: give weights of "
                    "the other direction."
                )
        translated: Tensor = self.generator(checked_for(self.generator.network, x))
        return translated


class Pix2PixAdapter(TrainableAdapter):
    """Adapter of pix2pix; for attributes see ``ganbench.models.stylegan.StyleGANAdapter``."""

    title = "pix2pix"
    settings = Settings
    options = OPTIONS
    recipes: Mapping[str, Recipe] = recipes_of(RECIPES, OWN)
    # No checksums are published with these files; the first download reports its own. CycleGAN's have the same names.
    published: Mapping[str, Checkpoint] = {
        name: Checkpoint(
            f"{BERKELEY}/{name}.pth", "", "pix2pix", f"pix2pix {name} by its authors", file=f"pix2pix_{name}.pth"
        )
        for name in PUBLISHED
    }
    benchmark = "pix2pix"
    embedded = Embedded(
        weights=Path(baselines.pix2pix.__path__[0]) / "weights" / "digits32.safetensors",
        note=(
            "pix2pix is the embedded digits32 generator, a small U-Net from outlines to scikit-learn's digits at "
            "32x32: its numbers are not comparable with published ones."
        ),
        benchmark="digit-edges",
        data="digit-edges",
    )

    def load(self, weights: Path | None, device: str, entry: str | None = None) -> Pix2PixTranslator:
        """Return the translator in a file or folder.

        Args:
            weights: safetensors written here, an official file of a generator, or a folder with ``latest_net_G.pth``;
                None for the embedded weights.
            device: such as ``cpu`` or ``cuda``.
            entry: name or key of one network in the file; None for the only generator.

        Raises:
            BadInputError: the file cannot be read, or holds another architecture.
        """
        path = self.embedded.weights if weights is None else weights
        file = official_file(path) if path.is_dir() else path
        domains, resolution = domains_in(file, direction_of(file))
        return Pix2PixTranslator(generator_of(file, entry), domains, resolution).eval().to(device)

    def load_entry(self, weights: Path, device: str, entry: str) -> Pix2PixTranslator:
        """Return the translator in one part of a file; for arguments and errors see ``load``."""
        return self.load(weights, device, entry)

    def prepare(self, data: Dataset, settings: dict[str, Any], run_dir: Path, **options: Any) -> PreparedRun[Any]:
        """Return a run that is ready to start, on pairs; see ``TrainableAdapter``."""
        from baselines.pix2pix.train import prepare

        always_by_domain(settings, "pix2pix")
        recipe = recipe_of(Settings, settings)
        data = at_size(data, recipe.size_of_data)
        names, sources, truths = pairs_of(data)
        return prepare(
            sources, truths, recipe, run_dir, domains=names, data_fingerprint=fingerprint_of(data), **options
        )

    def model_in(self, training: Any, data: Dataset) -> Pix2PixTranslator:
        """Return the generator of a run as a translator."""
        names = tuple(training.output.notes["domains"])
        return Pix2PixTranslator(training.G, names, training.output.notes["img_resolution"]).eval()


def pairs_of(data: Dataset) -> tuple[tuple[str, str], Pictures, Pictures]:
    """Return the names of a data set's two domains, the source images, and in the same order their ground truth.

    Raises:
        BadInputError: it has no pairs.
    """
    if not isinstance(data, WithDomains) or not isinstance(data, WithPairs):
        raise BadInputError(
            f"expected data of pairs, found none in {data.name}: give a folder of pairs, as in pairs:FOLDER."
        )
    sources = (classes_of(data) == 0).nonzero().flatten().tolist()
    names = (data.domains[0], data.domains[1])
    return names, Pictures(data, sources), Pictures(data, data.partners(sources))


def generator_of(path: Path, entry: str | None = None) -> Generator:
    """Return the generator in a file.

    Args:
        path: the file.
        entry: name or key of one network; None for the only generator.

    Raises:
        BadInputError: the file cannot be read, or holds no generator, or several.
    """
    networks = load(path, entry)
    found = {name: it for name, it in networks.items() if isinstance(it, ResnetGenerator | UnetGenerator)}
    if not found:
        held = ", ".join(networks)
        raise BadInputError(
            f"expected a pix2pix generator in {path}, found {held}: give a file such as latest_net_G.pth."
        )
    if len(found) > 1:
        raise BadInputError(f"expected one generator in {path}, found {', '.join(found)}: choose one with --entry.")
    return next(iter(found.values()))


def official_file(folder: Path) -> Path:
    """Return the file of the generator in a folder: the ``latest_`` one, or the only one.

    Raises:
        BadInputError: there are none, or several epochs and no ``latest_`` file.
    """
    found = sorted(path for path in folder.iterdir() if OFFICIAL_NAME.fullmatch(path.name))
    latest = [path for path in found if path.name == "latest_net_G.pth"]
    if len(latest or found) != 1:
        told = f"{len(found)} other epochs" if found else "none"
        raise BadInputError(f"expected latest_net_G.pth in {folder}, found {told}: give one file.")
    return (latest or found)[0]


def direction_of(path: Path) -> tuple[str, str]:
    """Return the domains of a published generator by the name of its file or folder; of others, ``UNNAMED``.

    Weights without names translate from the first domain of the data to the second, and ``pairs:FOLDER:BtoA`` turns
    these round.

    Source: the names that the authors' download script gives to folders, and the directions in their README.
    """
    names = (path.stem.removeprefix("pix2pix_"), path.parent.name.removesuffix("_pretrained"))
    return next((PUBLISHED[name] for name in names if name in PUBLISHED), UNNAMED)


adapter = Pix2PixAdapter()
