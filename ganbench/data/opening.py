"""From the argument of ``--data`` to a data set."""

import difflib
from pathlib import Path

from ganbench import registry
from ganbench.errors import BadInputError
from ganbench.paths import expanded
from ganbench.types import Dataset, ResizableDataset, Statistics


def open_data(spec: str | Path, *, rectangles: bool = False) -> Dataset:
    """Return a data set.

    Args:
        spec: a registered name, perhaps with a variant after a colon (``digits``, ``digits:test``), or the path of a
            folder of images, of a folder of domains (see ``ganbench.data.domains``) or of pairs (``pairs:FOLDER``, see
            ``ganbench.data.pairs``), of a zip or npz file, or of a parquet file or folder of Hugging Face datasets
            (``FOLDER:SPLIT`` if it has several splits). A name takes precedence over a path: write ``./digits`` for a
            folder of that name.
        rectangles: whether images in files may be other than square.

    Raises:
        UnknownNameError: no data set has that name, but one has a similar name.
        BadInputError: the folder or file does not exist or cannot be used.
    """
    spec = str(spec)
    name, _, variant = spec.partition(":")
    if name in registry.names("data"):
        found: Dataset = registry.load("data", name)(variant)
        return found
    path = existing_path(spec)
    if path and path.is_dir():
        return _open_folder(path, rectangles)
    if path and path.is_file():
        return _open_file(path, rectangles)
    folder, _, split = spec.rpartition(":")
    if split and (path := existing_path(folder)) and path.is_dir():
        return _open_table(path, split, rectangles)
    raise _nothing(spec, name)


def open_reals(spec: str | Path, *, rectangles: bool = False) -> Dataset | Statistics:
    """Return a data set, or statistics of one from a file. Arguments and errors are those of ``open_data``."""
    from ganbench.data.npz import IMAGES, NPZ, Npz, is_npz
    from ganbench.data.statistics import is_pickle, read_statistics, statistics_in

    named = str(spec).partition(":")[0] in registry.names("data")
    path = None if named else existing_path(str(spec))
    if path is None or not path.is_file():
        return open_data(spec, rectangles=rectangles)
    if is_pickle(path):
        return read_statistics(path)
    if path.suffix.lower() == NPZ or (path.suffix.lower() != ".zip" and is_npz(path)):  # a large zip is listed once
        from ganbench.data.array_images import ArrayDataset

        arrays = Npz(path)
        images = any(name in arrays for name in IMAGES)
        return ArrayDataset(path, arrays, rectangles) if images else statistics_in(arrays)
    return open_data(spec, rectangles=rectangles)


def is_there(spec: str | Path) -> bool:
    """Return whether ``open_data`` has something to open: a registered name, or a path that exists."""
    name, before = str(spec).partition(":")[0], str(spec).rpartition(":")[0]
    return name in registry.names("data") or expanded(spec).exists() or bool(before and expanded(before).exists())


def existing_path(spec: str) -> Path | None:
    """Return the path that a text names, or None if it does not exist.

    Raises:
        BadInputError: the text cannot be a path, or access is denied.
    """
    try:
        path = expanded(spec)
        return path if spec and path.exists() else None
    except OSError as error:
        raise BadInputError(f"{spec[:200]!r} cannot be opened ({error.strerror}): check the path.") from error


def _open_folder(path: Path, rectangles: bool) -> Dataset:
    from ganbench.data.arrow import is_saved
    from ganbench.data.domains import DomainFolder, layout_of
    from ganbench.data.folder import Folder
    from ganbench.data.image_files import ImageFiles
    from ganbench.data.parquet import parquet_files

    if is_saved(path):
        return _open_table(path, rectangles=rectangles)
    layout = layout_of(path)
    if layout is not None:
        return DomainFolder(path, layout)
    folder = Folder(path)
    if folder.names or not parquet_files(path):
        return ImageFiles(folder, rectangles)
    return _open_table(path, rectangles=rectangles)


def _open_file(path: Path, rectangles: bool) -> Dataset:
    from ganbench.data.npz import is_npz
    from ganbench.data.nvlabs_zip import open_zip
    from ganbench.data.parquet import SUFFIX

    if is_npz(path):
        from ganbench.data.array_images import ArrayDataset

        return ArrayDataset(path, None, rectangles)
    return _open_table(path, rectangles=rectangles) if path.suffix == SUFFIX else open_zip(path, rectangles)


def _open_table(path: Path, split: str = "", rectangles: bool = False) -> Dataset:
    from ganbench.data.arrow import ArrowFolder, is_saved
    from ganbench.data.image_files import ImageFiles
    from ganbench.data.parquet import Parquet

    return ImageFiles(ArrowFolder(path, split) if is_saved(path) else Parquet(path, split), rectangles)


def at_size(data: Dataset, resolution: int | None = None, channels: int | None = None) -> Dataset:
    """Return a data set as a translator takes it: resized if it can be.

    The official programs resize images of domains to the size of the network. Other data sets are returned as they are.

    Args:
        data: as ``open_data`` returns it.
        resolution: width and height; None for the size that all images share.
        channels: 1 or 3; None for any.

    Raises:
        BadInputError: the images have another colour mode, or, if no size is given, several sizes.
    """
    return data.at(resolution, channels) if isinstance(data, ResizableDataset) else data


def _nothing(spec: str, name: str) -> Exception:
    known = registry.names("data")
    if difflib.get_close_matches(name, known, cutoff=0.6):
        return registry.unknown("data", name, known)
    return BadInputError(
        f"expected a folder, zip file or data set, found no {spec[:200]!r}: check the path, or name one of "
        f"{', '.join(known)}."
    )
