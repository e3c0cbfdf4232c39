"""StarGAN: the embedded translator of digits, official checkpoints, and networks trained here.

A domain is a whole label, so that the target alone says what to translate to: a one-hot domain, such as an expression
of RaFD, or for CelebA a combination of attributes such as ``Black_Hair+Male-Young``.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

import baselines.stargan
from baselines.stargan.labels import CELEBA, changed, combinations, label_of, name_of
from baselines.stargan.networks import Generator, check_size
from baselines.stargan.recipes import RECIPES
from baselines.stargan.recipes import Recipe as Settings
from baselines.training.frame import PreparedRun
from baselines.training.settings import Count, check_value, recipe_of
from ganbench.checkpoints import header_of, load
from ganbench.checkpoints.fields import Number
from ganbench.checkpoints.recognition import title_of
from ganbench.data import at_size
from ganbench.data.labels import classes_of
from ganbench.errors import BadInputError
from ganbench.models.archives import unpacked
from ganbench.models.domains import check_targets, domain_index, labelled
from ganbench.models.training import Pictures, TrainableAdapter, always_by_domain
from ganbench.types import Checkpoint, Dataset, Embedded, Recipe, WithDomains

Target = str | int | Tensor

MOST_PIXELS = 2**14  # of width and height of training images
IMG_SIZES = {"celeba-128": 128, "rafd-128": 128}  # to which a recipe's images are brought; others are as they are
DROPBOX = "https://www.dropbox.com/s"
PUBLISHED = {"celeba-128": "7e966qq0nlxwte4", "celeba-256": "zdq6roqf63m0v5f"}  # short name -> key of the address


def _file(short: str) -> str:
    """Return the name of a published file, a zip with the generator and the discriminator."""
    size = short.rpartition("-")[2]
    return f"celeba-{size}x{size}-5attrs.zip"


class Domains(NamedTuple):
    """What a file says of its labels, or what stands for it.

    Attributes:
        names: of the domains.
        labels: of each domain, ``[D, c_dim]`` float32, of 0 and 1.
        attributes: names of the numbers of a label; empty where a label is one-hot.
        resolution: that the networks were trained on, or None where it is not known.
    """

    names: tuple[str, ...]
    labels: Tensor
    attributes: tuple[str, ...] = ()
    resolution: int | None = None


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
    recipes: Mapping[str, Recipe] = {
        name: Recipe(
            name,
            {
                **asdict(settings),
                "img_size": IMG_SIZES.get(name),
                "attributes": list(CELEBA) if settings.labels == "attributes" else [],
            },
        )
        for name, settings in RECIPES.items()
    }
    # No checksums are published with these files; the first download reports its own.
    published: Mapping[str, Checkpoint] = {
        short: Checkpoint(
            f"{DROPBOX}/{key}/{_file(short)}?dl=1", "", "stargan", "StarGAN of CelebA's attributes by its authors (MIT)"
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
                embedded weights.
            device: where to put it.
            entry: which network of the file, by its key; None for the only one.

        Raises:
            BadInputError: the file cannot be read, or holds another architecture.
        """
        path = self.embedded.weights if weights is None else weights
        with unpacked(path, "-G.ckpt") as file:
            networks = load(file, entry)
        found = [network for network in networks.values() if isinstance(network, Generator)]
        if len(found) != 1:
            held = ", ".join(map(title_of, networks.values()))
            raise BadInputError(f"expected one StarGAN generator in {path}, found {held}: give a file such as G.ckpt.")
        return StarGANTranslator(found[0], domains_in(path, found[0].c_dim)).eval().to(device)

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
        return prepare(Pictures(data), labels, recipe, run_dir, data_fingerprint=data.fingerprint, **options)

    def model_in(self, training: Any, data: Dataset) -> StarGANTranslator:
        """Return the generator as a translator."""
        notes = training.output.notes
        names, attributes = tuple(notes["domains"]), tuple(notes["attributes"])
        domains = Domains(names, torch.tensor(notes["labels"]).float(), attributes, notes["img_resolution"])
        return StarGANTranslator(training.G, domains).eval()


def with_attributes(data: Dataset, attributes: list[str]) -> tuple[Tensor, Domains]:
    """Return the labels ``[N, c_dim]`` of the images of a data set, and its domains.

    Attributes are the numbers of the data's labels, or the names of its domains say them; see ``label_of``.

    Raises:
        BadInputError: the labels are not of these attributes.
    """
    if isinstance(data, WithDomains):
        try:
            known = torch.tensor([label_of(name, attributes) for name in data.domains]).float()
        except ValueError as error:
            raise BadInputError(str(error)) from error
        return known[classes_of(data)], Domains(tuple(data.domains), known, tuple(attributes))
    labels = data.labels(range(len(data))) if data.label_dim else torch.empty(0)
    if data.label_dim != len(attributes) or not bool(((labels == 0) | (labels == 1)).all()):
        raise BadInputError(
            f"expected {data.name} to have a label of {len(attributes)} numbers, each 0 or 1, for every image "
            f"({', '.join(attributes)}), found labels of {data.label_dim}: write them into its dataset.json."
        )
    found = sorted({tuple(map(int, label)) for label in labels.tolist()}, reverse=True)
    names = tuple(name_of(label, attributes) for label in found)
    return labels, Domains(names, torch.tensor(found).float(), tuple(attributes))


def domains_in(path: Path, c_dim: int) -> Domains:
    """Return the domains in a file's header, or what stands for them.

    An official file says nothing of its labels. Five numbers are taken for CelebA's attributes, which is what the
    authors' code trains on unless told otherwise; any other count for one-hot domains, numbered from 0.

    Raises:
        BadInputError: the header has something else there.
    """
    header = header_of(path)
    resolution = header.get("img_resolution", published_size(path, header))
    if resolution is not None and not Number(1, MOST_PIXELS, whole=True).holds(resolution):
        raise BadInputError(
            f"expected img_resolution from 1 to {MOST_PIXELS} in the header of {path}, found {str(resolution)[:40]}: "
            "convert again."
        )
    if "domains" not in header:
        return official_domains(c_dim)._replace(resolution=resolution)
    names, attributes = texts(path, header, "domains"), texts(path, header, "attributes")
    labels = header.get("labels", torch.eye(c_dim).int().tolist())
    rows = isinstance(labels, list) and all(isinstance(row, list) and len(row) == c_dim for row in labels)
    bits = rows and all(type(bit) is int and bit in (0, 1) for row in labels for bit in row)
    if not bits or len(labels) != len(names) or len(names) < 2 or len(attributes) not in (0, c_dim):
        raise BadInputError(
            f"expected domains in the header of {path} with a label of {c_dim} numbers each, found "
            f"{str(names)[:60]} with {str(labels)[:60]}: convert again."
        )
    return Domains(names, torch.tensor(labels).float(), attributes, resolution)


def official_domains(c_dim: int) -> Domains:
    """Return the domains of an official file."""
    if c_dim != len(CELEBA):
        return Domains(tuple(map(str, range(c_dim))), torch.eye(c_dim))
    labels = combinations(CELEBA)
    return Domains(tuple(name_of(label, CELEBA) for label in labels), torch.tensor(labels).float(), CELEBA)


def published_size(path: Path, header: Mapping[str, Any]) -> int | None:
    """Return the size of the images of a published file, known by its name, or None."""
    sizes = {_file(short): int(short.rpartition("-")[2]) for short in PUBLISHED}
    return sizes.get(str(header.get("source", path.name)))


def texts(path: Path, header: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return a list of different names in a header; none where it is not there.

    Raises:
        BadInputError: it is something else.
    """
    names = header.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise BadInputError(
            f"expected different names as {key} in the header of {path}, found {str(names)[:60]}: convert again."
        )
    return tuple(names)


adapter = StarGANAdapter()
