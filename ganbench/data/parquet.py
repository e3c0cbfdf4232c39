"""Data of the Hugging Face library ``datasets``: parquet files with a column of images, perhaps also of classes."""

import io
import json
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from ganbench.data import labels
from ganbench.data.fingerprints import Stamp
from ganbench.data.row_images import extended, image_in, separate_files
from ganbench.errors import BadInputError

SUFFIX = ".parquet"
MAX_GROUP = 2**31
"""Limit on the decompressed bytes of a row group, two of which are held in memory."""

IMAGES = ("image", "img", "images", "pixel_values")
LABELS = ("label", "labels", "class", "fine_label")
_SPLIT = re.compile(r"(.+?)-(\d+)-of-(\d+)(?:-[0-9a-f]+)?")


def parquet_files(path: Path) -> list[Path]:
    """Return the parquet files in a folder or its subfolders, sorted; or the file itself."""
    if path.is_file():
        return [path] if path.suffix == SUFFIX else []
    return sorted(
        file for pattern in (f"*{SUFFIX}", f"*/*{SUFFIX}") for file in path.glob(pattern) if file.name[0] != "."
    )


class Parquet:
    """The images of one split, in the order of files and rows; a ``Container``.

    Args:
        path: of the folder or file.
        split: its name, such as ``train``; "" if there is only one.

    Raises:
        BadInputError: a file is damaged or has no images, a split has to be named, or ``pyarrow`` is not installed.
    """

    misplaced_labels = ""

    def __init__(self, path: Path, split: str = "") -> None:
        if find_spec("pyarrow") is None:
            raise BadInputError(
                f"expected the package pyarrow to read {path}, found that it is not installed: "
                "pip install 'ganbench[parquet]'."
            )
        self.path, self._split = path, split
        self._files, self._separate = _of_split(path, split), list[Path]()
        self.opened = self.stamp()
        self._lock = threading.Lock()
        self._group = lru_cache(maxsize=2)(self._read)  # neighbouring images are usually read in order
        self._rows: dict[str, tuple[Path, int, int]] = {}  # name -> file, row group, row in it
        for file in self._files:
            self._rows |= _rows_of(file, path)
        self.names = list(self._rows)
        self._image, self._label = columns(_schema(self._files[0]), self._files[0])
        self.has_labels = self._label is not None
        for file in self._files[1:]:
            check_columns(_schema(file), self._image, self._label, file)
        self._separate = separate_files(self._without_bytes(), self._root)
        self.opened = extended(self.opened, self._separate)

    def open(self, name: str) -> IO[bytes]:
        """Return an open image; for ``dataset.json``, the classes of all images in its layout."""
        if name == labels.FILE:
            return io.BytesIO(json.dumps({"labels": self._classes()}).encode())
        file, group, row = self._rows[name]
        with self._lock:
            value = self._group(file, group)[row]
        return image_in(value, self._root, name)

    def stamp(self) -> Stamp:
        """Return the stamps of all files of the split, and of those that its rows name."""
        return Stamp.of(self.path, [*self._files, *self._separate])

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how another process opens it: locks and open files cannot be pickled."""
        return Parquet, (self.path, self._split)

    @property
    def _root(self) -> Path:
        """The folder below which separate files lie."""
        return self.path if self.path.is_dir() else self.path.parent

    def _without_bytes(self) -> Iterator[tuple[str, Any]]:
        """Yield names and values of the rows of groups that may lack bytes; others are not read."""
        whole = {(file, group) for file in self._files for group in _groups_of_bytes(file, self._image)}
        for name, (file, group, row) in self._rows.items():
            if (file, group) not in whole:
                yield name, self._group(file, group)[row]

    def _read(self, file: Path, group: int) -> list[Any]:
        """Return the images of a row group."""
        with told(file):
            opened = _opened(file)
            values, nbytes = [], opened.metadata.row_group(group).total_byte_size
            if nbytes <= MAX_GROUP:
                nbytes = 0
                # One by one, because dictionary encoding stores a value once that a million rows may repeat.
                for batch in opened.iter_batches(1, row_groups=[group], columns=[self._image]):
                    if (nbytes := nbytes + batch.nbytes) > MAX_GROUP:
                        break
                    values += batch.column(0).to_pylist()
            if nbytes > MAX_GROUP:
                raise ValueError(f"a row group has {nbytes:,} bytes, and at most {MAX_GROUP:,} are read")
            return values

    def _classes(self) -> list[tuple[str, int | None]]:
        found: list[int | None] = []
        for file in self._files:
            with told(file):
                found += _opened(file).read(columns=[self._label]).column(self._label).to_pylist()
        return list(zip(self.names, found, strict=True))


def _of_split(path: Path, split: str) -> list[Path]:
    by_split: dict[str, list[Path]] = {}
    for file in parquet_files(path):
        found = _SPLIT.fullmatch(file.stem)
        by_split.setdefault(found[1] if found else file.stem if path.is_dir() else "", []).append(file)
    if not by_split:
        raise BadInputError(
            f"expected parquet files, found none: {path}; check the path {str(path)[:150]}:{split[:60]}."
        )
    if not split and len(by_split) == 1:
        (split,) = by_split
    if split in by_split:
        check_complete(by_split[split] if path.is_dir() else [])  # one file may be named by itself
        return by_split[split]
    listed = ", ".join(sorted(by_split))[:200]
    asked = f"no split {split[:60]!r}" if split else "several splits"
    raise BadInputError(f"expected one split of {listed}, found {asked} in {path}: write {path}:NAME.")


def check_complete(files: Iterable[Path]) -> None:
    """Check that of files that count themselves (``train-00000-of-00003``) all are there.

    Raises:
        BadInputError: one is missing; it names the first.
    """
    numbers: dict[tuple[Path, str], set[int]] = {}
    for file in files:
        if found := _SPLIT.fullmatch(file.stem):
            numbers.setdefault((file.parent, found[3]), set()).add(int(found[2]))
    for (folder, count), present in numbers.items():
        if len(present) < int(count):
            first = next(number for number in range(int(count)) if number not in present)
            raise BadInputError(
                f"expected {int(count)} files of a split, found {len(present)}, and none of number {first:05d}: "
                f"{folder}; download the missing ones, or name a single file."
            )


@contextmanager
def told(file: Path, kind: str = "parquet") -> Iterator[None]:
    """Turn pyarrow's errors about a damaged file into ``BadInputError``."""
    from pyarrow import ArrowException

    try:
        yield
    except (ArrowException, OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:100]
        raise BadInputError(
            f"expected a complete {kind} file, found damage ({reason}): {file}; download it again."
        ) from error


def _opened(file: Path) -> Any:
    from pyarrow.parquet import ParquetFile

    return ParquetFile(file, page_checksum_verification=True)


def _schema(file: Path) -> Any:
    with told(file):
        schema = _opened(file).schema_arrow
        _ = schema.names  # a damaged one cannot be decoded
        return schema


def _groups_of_bytes(file: Path, image: str) -> Iterator[int]:
    """Yield the row groups of a file whose statistics say that each row has the bytes of an image."""
    with told(file):
        metadata = _opened(file).metadata
        for group in range(metadata.num_row_groups):
            found = [metadata.row_group(group).column(place) for place in range(metadata.num_columns)]
            known = [each.statistics for each in found if each.path_in_schema in (image, f"{image}.bytes")]
            if known and all(each and each.has_null_count and not each.null_count for each in known):
                yield group


def _rows_of(file: Path, path: Path) -> dict[str, tuple[Path, int, int]]:
    name = file.relative_to(path).as_posix() if path.is_dir() else file.name
    with told(file):
        metadata = _opened(file).metadata
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    if sum(sizes) > 2**31 or sum(sizes) > 64 * file.stat().st_size:
        raise BadInputError(f"expected an image in each row, found {sum(sizes):,} rows in {file}: download it again.")
    places = ((group, row) for group, size in enumerate(sizes) for row in range(size))
    return {f"{name}#{number:08d}": (file, *place) for number, place in enumerate(places)}


def columns(schema: Any, file: Path) -> tuple[str, str | None]:
    """Return the names of the columns of images and of classes; None for the latter if there is none.

    Raises:
        BadInputError: there is no column of images.
    """
    from pyarrow import types

    images = [
        field.name for field in schema if types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0
    ]
    images += [field.name for field in schema if types.is_binary(field.type) or types.is_large_binary(field.type)]
    if not images:
        found = ", ".join(schema.names)[:200]
        raise BadInputError(
            f"expected a column of images (bytes, or bytes and path), found {found}: {file}; choose another data set."
        )
    images.sort(key=lambda name: IMAGES.index(name) if name in IMAGES else len(IMAGES))
    classes = [field.name for field in schema if types.is_integer(field.type) and field.name in LABELS]
    classes.sort(key=LABELS.index)
    return images[0], classes[0] if classes else None


def check_columns(schema: Any, image: str, label: str | None, file: Path) -> None:
    """Check that a further file of a split has the columns of the first.

    Raises:
        BadInputError: it lacks one.
    """
    lacking = [name for name in (image, label) if name and name not in schema.names]
    if lacking:
        found = ", ".join(schema.names)[:200]
        raise BadInputError(f"expected the column {lacking[0]}, found {found}: {file}; download it again.")
