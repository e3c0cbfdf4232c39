"""CycleGAN: the embedded translator of threes and eights, official files, and networks trained here."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import baselines.cyclegan
from baselines.cyclegan.networks import ResnetGenerator, UnetGenerator
from baselines.cyclegan.options import OPTIONS
from baselines.cyclegan.own_data import OWN
from baselines.cyclegan.recipes import RECIPES
from baselines.cyclegan.recipes import Recipe as Settings
from baselines.training.frame import PreparedRun
from baselines.training.settings import recipe_of
from baselines.translation.variants import VariantResnetGenerator
from ganbench.checkpoints import load
from ganbench.data import at_size
from ganbench.data.labels import classes_of
from ganbench.errors import BadInputError
from ganbench.models.domains import check_targets, domain_index
from ganbench.models.networks import checked_for, domains_in
from ganbench.models.training import Pictures, TrainableAdapter, always_by_domain, fingerprint_of, recipes_of
from ganbench.types import Checkpoint, Dataset, Embedded, Recipe, WithDomains

Generator = ResnetGenerator | UnetGenerator | VariantResnetGenerator

UNNAMED = ("A", "B")
TARGETS = {"G_A": 1, "G": 1, "G_B": 0}  # generator -> index of its target domain
OFFICIAL_NAME = re.compile(r".+_net_(?P<name>[GD](_[AB])?)\.pth", re.DOTALL)
BERKELEY = "http://efrosgans.eecs.berkeley.edu/cyclegan/pretrained_models"
PUBLISHED = (
    "apple2orange orange2apple summer2winter_yosemite winter2summer_yosemite horse2zebra zebra2horse monet2photo "
    "style_monet style_cezanne style_ukiyoe style_vangogh sat2map map2sat cityscapes_photo2label "
    "cityscapes_label2photo facades_photo2label facades_label2photo iphone2dslr_flower"
)


class CycleGANTranslator(nn.Module):
    """One or both directions of a CycleGAN; a ``Translator``.

    Attributes:
        domains: names of the first and the second domain; ``("A", "B")`` if the file has none.
        targets: names of the domains that these weights translate to.
        img_channels: channels of the input images.
        img_resolution: resolution of the training images in pixels, or None if unknown.
    """

    def __init__(
        self, generators: Mapping[int, Generator], domains: tuple[str, ...] = UNNAMED, resolution: int | None = None
    ) -> None:
        super().__init__()
        self.domains = domains
        self.targets = tuple(domains[target] for target in sorted(generators))
        self.generators = nn.ModuleDict({str(target): network for target, network in generators.items()})
        self.img_channels = next(iter(generators.values())).input_nc
        self.img_resolution = resolution

    @torch.no_grad()
    def translate(self, x: Tensor, target: str | int | Tensor, style: Tensor | None = None) -> Tensor:
        """Return images translated to a domain, ``[N, C, H, W]`` float32, nominally -1..1.

        Args:
            x: images of the other domain, ``[N, C, H, W]`` float32, -1..1; H and W of any size the network takes.
            target: name or index (0 or 1) of the domain, or ``[N]`` int64, an index for each image.
            style: must be None, because CycleGAN has no styles.

        Raises:
            UnknownNameError: there is no such domain.
            BadInputError: these weights do not translate to the domain, the network does not take such images, or a
                style is given.
        """
        if style is not None:
            raise BadInputError("expected no style, which CycleGAN does not have, found one: leave it out.")
        if not isinstance(target, Tensor):
            network: Any = self._direction(target)
            translated: Tensor = network(checked_for(network, x))
            return translated
        check_targets(target, len(x))
        made = {index: self.translate(x[target == index], index) for index in sorted(set(target.tolist()))}
        translated = x.new_empty(len(x), *next(iter(made.values())).shape[1:])
        for index, images in made.items():
            translated[target == index] = images
        return translated

    def _direction(self, target: str | int) -> nn.Module:
        index = domain_index(self.domains, target)
        if str(index) not in self.generators:
            raise BadInputError(
                f"expected the target {', '.join(self.targets)} of these weights, found {self.domains[index]}: give "
                "weights of the other direction, or a folder with both."
            )
        return self.generators[str(index)]


class CycleGANAdapter(TrainableAdapter):
    """Adapter of CycleGAN; for attributes see ``ganbench.models.stylegan.StyleGANAdapter``."""

    title = "CycleGAN"
    settings = Settings
    options = OPTIONS
    recipes: Mapping[str, Recipe] = recipes_of(RECIPES, OWN)
    # No checksums are published with these files; the first download reports its own.
    published: Mapping[str, Checkpoint] = {
        name: Checkpoint(f"{BERKELEY}/{name}.pth", "", "cyclegan", f"CycleGAN {name} by its authors, one direction")
        for name in PUBLISHED.split()
    }
    benchmark = "cyclegan"
    embedded = Embedded(
        weights=Path(baselines.cyclegan.__path__[0]) / "weights" / "digits32.safetensors",
        note=(
            "cyclegan is the embedded digits32 pair of generators, a small CycleGAN between the threes and eights of "
            "scikit-learn's digits at 32x32: its numbers are not comparable with published ones."
        ),
        benchmark="digits-3-8",
        data="digit-domains:3,8",
    )

    def load(self, weights: Path | None, device: str, entry: str | None = None) -> CycleGANTranslator:
        """Return the translator in a file or folder.

        Args:
            weights: our safetensors, an official file of one generator, or a folder with both,
                ``latest_net_G_A.pth`` and ``latest_net_G_B.pth``; None for the embedded weights.
            device: device of the model.
            entry: name or key of one network in the file; None for all generators.

        Raises:
            BadInputError: the file cannot be read, or holds another architecture.
        """
        path = self.embedded.weights if weights is None else weights
        files = official_files(path) if path.is_dir() else [path]
        generators = {target: network for file in files for target, network in generators_of(file, entry).items()}
        domains, resolution = domains_in(path, UNNAMED)
        return CycleGANTranslator(generators, domains, resolution).eval().to(device)

    def load_entry(self, weights: Path, device: str, entry: str) -> CycleGANTranslator:
        """Return the translator in one entry of a file; for arguments and errors see ``load``."""
        return self.load(weights, device, entry)

    def prepare(self, data: Dataset, settings: dict[str, Any], run_dir: Path, **options: Any) -> PreparedRun[Any]:
        """Return a run that is ready to start, on data with two domains; see ``TrainableAdapter``."""
        from baselines.cyclegan.train import prepare

        always_by_domain(settings, "cyclegan")
        recipe = recipe_of(Settings, settings)
        data = at_size(data, recipe.size_of_data)
        names, (images_A, images_B) = two_domains(data)
        return prepare(
            images_A, images_B, recipe, run_dir, domains=names, data_fingerprint=fingerprint_of(data), **options
        )

    def model_in(self, training: Any, data: Dataset) -> CycleGANTranslator:
        """Return both generators as a translator."""
        names = training.output.notes["domains"]
        generators = {TARGETS["G_A"]: training.G.G_A, TARGETS["G_B"]: training.G.G_B}
        return CycleGANTranslator(generators, tuple(names), training.output.notes["img_resolution"]).eval()


def two_domains(data: Dataset) -> tuple[tuple[str, str], tuple[Pictures, Pictures]]:
    """Return the names and the images of a data set's two domains.

    Raises:
        BadInputError: the data set does not have two domains, or one of them has no images.
    """
    if not isinstance(data, WithDomains):
        raise BadInputError(
            f"expected data with two domains, found none in {data.name}: give a folder with trainA and trainB."
        )
    if len(data.domains) != 2:
        shown = ", ".join(data.domains)
        raise BadInputError(
            f"expected data with two domains, found {len(data.domains)} in {data.name} ({shown}): choose two."
        )
    place = classes_of(data)
    pictures = [Pictures(data, (place == domain).nonzero().flatten().tolist()) for domain in range(2)]
    for name, images in zip(data.domains, pictures, strict=True):
        if not len(images):
            raise BadInputError(
                f"expected training images of every domain, found none of {name} in {data.name}: add some."
            )
    return (data.domains[0], data.domains[1]), (pictures[0], pictures[1])


def generators_of(path: Path, entry: str | None = None) -> dict[int, Generator]:
    """Return the generators in a file, by the index of their target domain; a single one translates to the second.

    Args:
        path: the file.
        entry: name or key of one network; None for all.

    Raises:
        BadInputError: the file cannot be read, holds no generators, or holds several that cannot be told apart.
    """
    networks = load(path, entry)
    found = {name: it for name, it in networks.items() if isinstance(it, Generator)}
    if not found:
        held = ", ".join(networks)
        raise BadInputError(
            f"expected a CycleGAN generator in {path}, found {held}: give a file such as latest_net_G_A.pth."
        )
    if found.keys() <= TARGETS.keys():
        return {TARGETS[name]: network for name, network in found.items()}
    if len(found) > 1:
        raise BadInputError(f"expected one generator in {path}, found {', '.join(found)}: choose one with --entry.")
    return dict(enumerate(found.values(), start=1))


def official_files(folder: Path) -> list[Path]:
    """Return the files of the generators in a folder: the ``latest_`` one of each, or the only one.

    Raises:
        BadInputError: there are none, or several epochs of one generator and no ``latest_`` file.
    """
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if (named := OFFICIAL_NAME.fullmatch(path.name)) and named["name"] in TARGETS:
            found.setdefault(named["name"], []).append(path)
    chosen = {
        name: [path for path in paths if path.name.startswith("latest_")] or paths for name, paths in found.items()
    }
    if not chosen:
        raise BadInputError(
            f"expected latest_net_G_A.pth and latest_net_G_B.pth in {folder}, found neither: give another folder."
        )
    for name, paths in chosen.items():
        if len(paths) > 1:
            raise BadInputError(
                f"expected latest_net_{name}.pth in {folder}, found {len(paths)} other epochs: give one file."
            )
    directions = [name for name in chosen if name != "G"] or ["G"]
    return [chosen[name][0] for name in directions]


adapter = CycleGANAdapter()
