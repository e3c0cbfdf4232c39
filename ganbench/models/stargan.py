"""StarGAN: the embedded translator of digits, official checkpoints, and networks trained here.

A domain is a whole label, so that the target alone says what to translate to: a one-hot domain, such as an expression
of RaFD, or for CelebA a combination of attributes such as ``Black_Hair+Male-Young``.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

import baselines.stargan
from baselines.stargan.labels import CELEBA, changed, name_of
from baselines.stargan.networks import Discriminator, Generator
from baselines.stargan.options import OPTIONS
from baselines.stargan.own_data import OWN
from baselines.stargan.recipes import RECIPES
from baselines.stargan.recipes import Recipe as Settings
from baselines.training.frame import PreparedRun
from baselines.training.settings import Count, check_value, recipe_of
from baselines.translation.sizes import check_size
from ganbench.checkpoints import load
from ganbench.checkpoints.recognition import title_of
from ganbench.data import at_size
from ganbench.errors import BadInputError
from ganbench.models.archives import unpacked
from ganbench.models.domains import check_targets, domain_index, labelled
from ganbench.models.label_domains import PUBLISHED, Domains, domains_in, published_file, with_attributes
from ganbench.models.training import Pictures, TrainableAdapter, always_by_domain, fingerprint_of
from ganbench.types import Checkpoint, Dataset, Embedded, Recipe

Target = str | int | Tensor

G_FILE, D_FILE = "-G.ckpt", "-D.ckpt"  # endings of official files
IMG_SIZES = {
    "celeba-128": 128,
    "rafd-128": 128,
    "small32": 32,
    "small64": 64,
}  # to which a recipe's images are brought; others are as they are
DROPBOX = "https://www.dropbox.com/s"


class StarGANTranslator(nn.Module):
    """A StarGAN's generator; an ``AttributeTranslator``.

    Attributes:
        domains: names; "0", "1" and so on where the file has none and it is not of attributes.
        attributes: names of the numbers of a label, such as ``Male``; empty where a domain is one number.
        img_channels: of the images taken.
        img_resolution: that the networks were trained on, or None where it is not known.
        labels: of each domain, ``[D, c_dim]`` float32.
    """

    labels: Tensor

    def __init__(self, generator: Generator, domains: Domains) -> None:
        super().__init__()
        self.generator = generator
        self.domains, self.attributes, self.img_resolution = domains.names, domains.attributes, domains.resolution
        self.img_channels = generator.img_channels
        self.register_buffer("labels", domains.labels)

    @torch.no_grad()
    def translate(self, x: Tensor, target: Target, style: Tensor | None = None) -> Tensor:
        """Return images translated to a domain; any size that the network takes will do.

        Args:
            x: ``[N, C, H, W]`` float32, -1..1, of any domain.
            target: name or index of the domain, or ``[N]`` int64, an index for each image.
            style: None; there is none.

        Raises:
            UnknownNameError: no such domain.
            BadInputError: images that the network does not take, or a style.
        """
        if style is not None:
            raise BadInputError("expected no style, which StarGAN does not have, found one: leave it out.")
        translated: Tensor = self.generator(self._checked(x), self.labels[self._indices(target, len(x))])
        return translated

    def domain_after(self, domain: str | int, attribute: str) -> int:
        """Return the index of the domain that the authors' code translates a domain's images to for an attribute.

        A hair colour takes the place of any other; another attribute is flipped.

        Raises:
            UnknownNameError: no such domain, or no such attribute.
            BadInputError: these weights do not translate to it.
        """
        label = [int(has) for has in self.labels[domain_index(self.domains, domain)].tolist()]
        wanted = changed(label, domain_index(self.attributes, attribute), self.attributes)
        labels = [tuple(map(int, each)) for each in self.labels.tolist()]
        if wanted not in labels:
            name = name_of(wanted, self.attributes)
            raise BadInputError(f"expected a target among {', '.join(self.domains)}, found {name}: name another.")
        return labels.index(wanted)

    def _indices(self, target: Target, count: int) -> Tensor:
        """Return indices ``[count]`` int64 of the target of each image."""
        if not isinstance(target, Tensor):
            return torch.full([count], domain_index(self.domains, target), device=self.labels.device)
        check_targets(target, count)
        for index in set(target.tolist()):
            domain_index(self.domains, index)
        return target.to(self.labels.device)

    def _checked(self, x: Tensor) -> Tensor:
        if x.ndim != 4 or x.shape[1] != self.img_channels:
            raise BadInputError(f"expected images [N, {self.img_channels}, H, W], found {list(x.shape)}: convert them.")
        try:
            check_size(self.generator, x.shape[2], x.shape[3])
        except ValueError as error:
            raise BadInputError(str(error)) from error
        return x


class StarGANAdapter(TrainableAdapter):
    """The way in for StarGAN; attributes are those of ``ganbench.models.stylegan.StyleGANAdapter``."""

    title = "StarGAN"
    settings = Settings
    options = OPTIONS
    own_settings: ClassVar[Mapping[str, Any]] = {"img_size": Count | None, "attributes": list[str] | None}
    recipes: Mapping[str, Recipe] = {
        name: Recipe(
            name,
            {
                **asdict(settings),
                "img_size": IMG_SIZES.get(name),
                "attributes": list(CELEBA) if settings.labels == "attributes" else [],
            },
        )
        for name, settings in {**RECIPES, **OWN}.items()
    }
    # No checksums are published with these files; the first download reports its own.
    published: Mapping[str, Checkpoint] = {
        short: Checkpoint(
            f"{DROPBOX}/{key}/{published_file(short)}?dl=1",
            "",
            "stargan",
            "StarGAN of CelebA's attributes by its authors (MIT)",
        )
        for short, key in PUBLISHED.items()
    }
    benchmark = "stargan"
    embedded = Embedded(
        weights=Path(baselines.stargan.__path__[0]) / "weights" / "digits32.safetensors",
        note=(
            "stargan is the embedded digits32 translator, a small StarGAN between the ten digits of scikit-learn at "
            "32x32: its numbers are not comparable with published ones."
        ),
        benchmark="digit-domains-plain",
        data="digit-domains",
    )

    def load(self, weights: Path | None, device: str, entry: str | None = None) -> StarGANTranslator:
        """Return the translator of a file.

        Args:
            weights: safetensors written here, an official ``200000-G.ckpt``, or the authors' zip with one; None for the
                embedded weights. An official discriminator in the same folder says the size of the images.
            device: where to put it.
            entry: which network of the file, by its key; None for the only one.

        Raises:
            BadInputError: the file cannot be read, or holds another architecture.
        """
        path = self.embedded.weights if weights is None else weights
        with unpacked(path, G_FILE) as file:
            networks = load(file, entry)
        found = [network for network in networks.values() if isinstance(network, Generator)]
        if len(found) != 1:
            held = ", ".join(map(title_of, networks.values()))
            raise BadInputError(f"expected one StarGAN generator in {path}, found {held}: give a file such as G.ckpt.")
        domains = domains_in(path, found[0].c_dim)
        if domains.resolution is None:
            domains = domains._replace(resolution=size_beside(path, found[0].c_dim))
        return StarGANTranslator(found[0], domains).eval().to(device)

    def load_entry(self, weights: Path, device: str, entry: str) -> StarGANTranslator:
        """Return what one part of a file holds; arguments and errors are those of ``load``."""
        return self.load(weights, device, entry)

    def prepare(self, data: Dataset, settings: dict[str, Any], run_dir: Path, **options: Any) -> PreparedRun[Any]:
        """Return a run that can begin, on data with domains or attributes as labels; see ``TrainableAdapter``.

        The settings may also have ``img_size``, to which the images of a folder of domains are brought, default theirs,
        and ``attributes``, what the numbers of labels are called, default CelebA's five.
        """
        from baselines.stargan.train import prepare

        always_by_domain(settings, "stargan")
        size, attributes = settings.pop("img_size", None), settings.pop("attributes", None) or list(CELEBA)
        check_value("img_size", size, Count | None)
        check_value("attributes", attributes, list[str])
        data, recipe = at_size(data, size), recipe_of(Settings, settings)
        if recipe.labels == "domain":
            labels, names = labelled(data)
            options["domains"] = names
        else:
            labels, domains = with_attributes(data, attributes)
            options |= {"domains": domains.names, "domain_labels": domains.labels, "attributes": domains.attributes}
        return prepare(Pictures(data), labels, recipe, run_dir, data_fingerprint=fingerprint_of(data), **options)

    def model_in(self, training: Any, data: Dataset) -> StarGANTranslator:
        """Return the generator as a translator."""
        notes = training.output.notes
        names, attributes = tuple(notes["domains"]), tuple(notes["attributes"])
        domains = Domains(names, torch.tensor(notes["labels"]).float(), attributes, notes["img_resolution"])
        return StarGANTranslator(training.G, domains).eval()


def size_beside(path: Path, c_dim: int) -> int | None:
    """Return the size of the images of an official generator's discriminator in the same folder; None where none is.

    Raises:
        BadInputError: the discriminator cannot be read, or belongs to another generator.
    """
    beside = path.with_name(path.name.removesuffix(G_FILE) + D_FILE)
    if not path.name.endswith(G_FILE) or not beside.is_file():
        return None
    network = load(beside).get("D")
    if not isinstance(network, Discriminator) or network.conv2.out_channels != c_dim:
        raise BadInputError(f"expected the discriminator of {path} in {beside}, found another network: move it away.")
    return network.img_size


adapter = StarGANAdapter()
