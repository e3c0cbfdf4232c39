"""The pictures of a record's model, where its weights are at hand."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ganbench.checkpoints import file_sha256
from ganbench.checkpoints.download import without_fetching
from ganbench.data import open_data
from ganbench.errors import BadInputError, GanbenchError
from ganbench.extractors.opening import open_extractor
from ganbench.models.base import adapter_of, open_model
from ganbench.models.foreign.imported import ImportedAdapter
from ganbench.pictures import of_generators, of_translators
from ganbench.pictures.easel import Easel
from ganbench.pictures.sampler import Sampler
from ganbench.pictures.training_neighbours import neighbours, neighbours_by_features
from ganbench.pictures.translations import Translations
from ganbench.pictures.user_images import open_user_images
from ganbench.records.record import RunRecord
from ganbench.report import Figure, Portrait
from ganbench.types import Extractor, Translator


def portrait(record: RunRecord, label: str, scale: int | None = None, device: str = "cpu") -> Portrait:
    """Return the pictures of a record's model, or the reason why there are none.

    Weights are used if they are embedded, or a file of the recorded sha256. Programs are not run.

    Args:
        record: of the model.
        label: of the model.
        scale: enlargement of images; None for one that makes small images large enough to see.
        device: that the model runs on.
    """
    easel, figures, html, missing = Easel(scale), list[Figure](), "", list[str]()
    try:
        model = _model(record, device)
        if isinstance(model, Translator):
            figures += _of_translator(model, record, device, easel)
        else:
            sampler = Sampler(model, label, device, label=0 if model.c_dim else None)
            figures += of_generators.figures(sampler, easel)
            reals = _reals(record, sampler)
            figure, html = neighbours(sampler, reals, easel)
            figures.append(figure)
            with without_fetching():  # a page is written from what is here
                figures += [neighbours_by_features(sampler, reals, each, easel) for each in _extractors(record)]
    except GanbenchError as error:
        missing.append(f"Left out{' here' if figures else ''}: {error}")
    return Portrait(label, figures, html, missing)


def fitting(portraits: Sequence[Portrait], most: int) -> list[Portrait]:
    """Return portraits without the figures beyond a total number of bytes, and a sentence for those left out."""
    found, left = [], most
    for each in portraits:
        kept: list[Figure] = []
        for figure in each.figures:
            if len(figure.png) <= left:
                kept.append(figure)
                left -= len(figure.png)
        dropped = [figure.title for figure in each.figures if figure not in kept]
        said = f"Left out, as pictures are bounded to {most / 1e6:g} MB: {', '.join(dropped)}."
        found.append(Portrait(each.label, kept, each.html, [*each.missing, *([said] if dropped else [])]))
    return found


def _model(record: RunRecord, device: str) -> Any:
    """Return the model with the recorded weights.

    Raises:
        GanbenchError: it is a program or a folder of samples, or the weights are gone or others.
    """
    name, weights, sha256 = (record.model[key] for key in ("name", "weights", "sha256"))
    adapter = adapter_of(name)
    if adapter.takes_path or isinstance(adapter, ImportedAdapter) or record.model.get("provenance"):
        raise BadInputError(
            f"expected weights of a built-in model, found {name}, which is not drawn: use its own tools."
        )
    path, _, entry = weights.partition("#")
    if not record.model["embedded"]:
        if not Path(path).is_file():
            raise BadInputError(f"expected the weights of {name}, found none at {path}: put them there.")
        if not entry and file_sha256(Path(path)) != sha256:
            raise BadInputError(f"expected weights of sha256 {sha256[:8]}, found others at {path}: put them there.")
    opened = open_model(name, None if record.model["embedded"] else path, device, entry or None)
    if opened.sha256 != sha256:
        raise BadInputError(f"expected weights of sha256 {sha256[:8]}, found {opened.sha256[:8]}: measure again.")
    return opened.model


def _extractors(record: RunRecord) -> Iterator[Extractor]:
    """Yield the extractor of a record's FID, where there is one, with the recorded weights.

    Raises:
        GanbenchError: its weights are missing, or others.
    """
    of_fid = next((each for each in record.results if each.key.startswith("fid") and each.extractor), None)
    if of_fid and of_fid.extractor:
        extractor = open_extractor(of_fid.extractor)
        if extractor.sha256 != of_fid.extractor_sha256:
            raise BadInputError(
                f"expected {of_fid.extractor} of sha256 {str(of_fid.extractor_sha256)[:8]} for nearest neighbours by "
                f"features, found {extractor.sha256[:8]}: measure again."
            )
        yield extractor


def _reals(record: RunRecord, sampler: Sampler) -> Any:
    """Return the recorded real images.

    Raises:
        GanbenchError: there were none, or they are gone, others, or of another size than samples.
    """
    if record.data is None:
        raise BadInputError("expected real images for nearest neighbours, found a record without: measure FID, too.")
    reals = open_data(record.data["name"])
    if reals.fingerprint != record.data["fingerprint"]:
        raise BadInputError(f"expected the real images of the record, found others: {record.data['name']}.")
    model = sampler.model
    if (model.img_channels, model.img_resolution) != (reals.channels, reals.resolution):
        raise BadInputError(f"expected real images of the size of samples, found {reals.resolution}: {reals.name}.")
    return reals


def _of_translator(model: Any, record: RunRecord, device: str, easel: Easel) -> list[Figure]:
    if record.data is None:
        raise BadInputError("expected images to translate, found a record without data: measure FID, too.")
    translations = Translations(model, record.model["name"], device)
    images = open_user_images(record.data["name"], translations.domains, translations.channels)
    return list(of_translators.figures(translations, images, easel))
