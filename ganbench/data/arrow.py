"""Folders that ``save_to_disk`` of the Hugging Face library ``datasets`` writes: Arrow streams and ``state.json``."""

import io
import json
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from ganbench.data import labels
from ganbench.data.fingerprints import Stamp
from ganbench.data.parquet import check_complete, columns, told
from ganbench.data.row_images import extended, image_in, separate_files
from ganbench.errors import BadInputError

STATE, SPLITS = "state.json", "dataset_dict.json"
MAX_STATE = 2**24  # bytes
END = bytes(4 * [255] + 4 * [0])  # of a stream; one that lacks it was cut between two batches


def is_saved(path: Path) -> bool:
    """Return whether ``save_to_disk`` wrote a folder: of one split, or of several."""
    return (path / STATE).is_file() or (path / SPLITS).is_file()


class ArrowFolder:
    """The images of one split, in the order of files and rows; a ``Container``.

    Files are mapped into memory, so that only the images that are asked for are read.

    Args:
        path: of the folder.
        split: its name, such as ``train``; "" if there is only one.

    Raises:
        BadInputError: a file is missing, damaged or compressed, or has no images, a split has to be named, or
            ``pyarrow`` is not installed.
    """

    misplaced_labels = ""

    def __init__(self, path: Path, split: str = "") -> None:
        if find_spec("pyarrow") is None:
            raise BadInputError(
                f"expected the package pyarrow to read {path}, found that it is not installed: "
                "pip install 'ganbench[parquet]'."
            )
        self.path, self._split = path, split
        self._files, self._separate = _files_of(_of_split(path, split)), list[Path]()
        self.opened = self.stamp()
        check_complete(self._files)
        schema = _schema(self._files[0])
        self._batches = [batch for file in self._files for batch in _batches(file, schema)]
        places = [(at, row) for at, batch in enumerate(self._batches) for row in range(batch.num_rows)]
        self._rows = {f"{number:08d}": place for number, place in enumerate(places)}
        self.names = list(self._rows)
        self._image, self._label = columns(schema, self._files[0])
        self.has_labels = self._label is not None
        self._separate = separate_files(self._without_bytes(), self._files[0].parent)
        self.opened = extended(self.opened, self._separate)

    def open(self, name: str) -> IO[bytes]:
        """Return an open image; for ``dataset.json``, the classes of all images in its layout."""
        if name == labels.FILE:
            return io.BytesIO(json.dumps({"labels": self._classes()}).encode())
        return image_in(self._value(name), self._files[0].parent, name)

    def stamp(self) -> Stamp:
        """Return the stamps of all files of the split, and of those that its rows name."""
        return Stamp.of(self.path, [*self._files, *self._separate])

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how another process opens it: mapped files cannot be pickled."""
        return ArrowFolder, (self.path, self._split)

    def _value(self, name: str) -> Any:
        batch, row = self._rows[name]
        return self._batches[batch].column(self._image)[row].as_py()

    def _without_bytes(self) -> Iterator[tuple[str, Any]]:
        """Yield names and values of the rows of batches that may lack bytes; others are not read."""
        lacking = [_lacks_bytes(batch.column(self._image)) for batch in self._batches]
        yield from ((name, self._value(name)) for name, (batch, _) in self._rows.items() if lacking[batch])

    def _classes(self) -> list[tuple[str, int | None]]:
        found = [value for batch in self._batches for value in batch.column(self._label).to_pylist()]
        return list(zip(self.names, found, strict=True))


def _lacks_bytes(column: Any) -> bool:
    from pyarrow import types

    inside = column.field("bytes") if types.is_struct(column.type) else column
    return bool(column.null_count or inside.null_count)


def _of_split(path: Path, split: str) -> Path:
    """Return the folder of a split."""
    if not (path / SPLITS).is_file():
        if split:
            raise BadInputError(f"expected several splits, found one: {path}; leave :{split[:60]} out.")
        return path
    listed = _json(path / SPLITS).get("splits")
    if not isinstance(listed, list) or not all(isinstance(it, str) and _is_plain(it) for it in listed) or not listed:
        raise BadInputError(f"expected names of splits, found {listed!r:.60}: {path / SPLITS}; save it again.")
    if not split and len(listed) == 1:
        return path / str(listed[0])
    if split in listed:
        return path / split
    asked = f"no split {split[:60]!r}" if split else "several splits"
    raise BadInputError(
        f"expected one split of {', '.join(sorted(listed))[:200]}, found {asked} in {path}: write {path}:NAME."
    )


def _files_of(folder: Path) -> list[Path]:
    """Return the files that ``state.json`` names."""
    listed = _json(folder / STATE).get("_data_files")
    names = [each.get("filename") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    if not names or not all(isinstance(name, str) and _is_plain(name) for name in names):
        raise BadInputError(f"expected names of Arrow files, found {listed!r:.60}: {folder / STATE}; save it again.")
    return [folder / str(name) for name in names]


def _is_plain(name: str) -> bool:
    unpaired = any("\ud800" <= letter <= "\udfff" for letter in name)  # half a character, which no file system takes
    return bool(name.strip(".")) and not unpaired and not any(mark in name for mark in "/\\:\0")


def _json(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(MAX_STATE))
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:100]
        raise BadInputError(
            f"expected a folder of save_to_disk, found damage ({reason}): {path}; save it again."
        ) from error
    if not isinstance(found, dict):
        raise BadInputError(f"expected a JSON object, found another value: {path}; save it again.")
    return found


def _schema(file: Path) -> Any:
    from pyarrow import ipc

    with told(file, "Arrow"), file.open("rb") as raw:
        schema = ipc.open_stream(raw).schema
        _ = schema.names  # a damaged one cannot be decoded
        return schema


def _batches(file: Path, schema: Any) -> Iterator[Any]:
    """Yield the batches of a file, mapped into memory and checked.

    Compressed ones are refused: ``datasets`` writes none, and a small file could fill the memory.
    """
    import pyarrow as pa

    with told(file, "Arrow"):
        size, nbytes = file.stat().st_size, 0
        with file.open("rb") as raw:
            raw.seek(max(0, size - len(END)))
            if raw.read() != END:
                raise ValueError("it is cut short")
        for batch in pa.ipc.open_stream(pa.memory_map(str(file))):
            batch.validate(full=True)
            if not batch.schema.equals(schema):
                raise ValueError("its columns are not those of the first file")
            nbytes += batch.nbytes
            if nbytes > size:
                raise ValueError(f"{nbytes:,} bytes in a file of {size:,}, which must not be compressed")
            yield batch
