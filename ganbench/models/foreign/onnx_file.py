"""External files of an ONNX file, found in its bytes before any program loads it.

An ONNX file is a protocol buffer: fields, each with a number and a type of content. Only messages that may contain
tensors are read; everything else is skipped.

Source: ``onnx.proto`` of the ONNX specification, for the numbers of fields.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

from ganbench.errors import BadInputError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # kinds of content
DEEPEST = 32  # graphs within graphs

# Message -> number of a field -> message that it holds.
HOLDS: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {13: "entry"},
    "entry": {},
}


def check_external_data(path: Path) -> None:
    """Check that all external weights of an ONNX file are in its folder; nothing is loaded.

    Raises:
        BadInputError: some are outside it or missing, or the file is damaged.
    """
    for location in external_files(path):
        outside = (
            PurePosixPath(location).is_absolute()
            or bool(PureWindowsPath(location).anchor)
            or ".." in PureWindowsPath(location).parts
            or not (path.parent / location).resolve().is_relative_to(path.parent.resolve())
        )
        if outside:
            raise BadInputError(
                f"expected an ONNX file whose weights lie in its own folder, found that it reads {location[:200]!r}: "
                f"{path}; nothing was loaded, save it with its weights inside."
            )
        if not (path.parent / location).is_file():
            raise BadInputError(
                f"expected the weights {location[:200]!r} beside {path}, found no such file: copy them there."
            )


def external_files(path: Path) -> list[str]:
    """Return the paths of an ONNX file's external weights, as written in it, each once.

    Raises:
        BadInputError: its bytes are no protocol buffer.
    """
    try:
        content = memoryview(path.read_bytes())
        return list(dict.fromkeys(_locations(content, "model", DEEPEST)))
    except (ValueError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"expected a whole ONNX file, found a damaged one ({error}): {path}; copy it again."
        ) from error


def _locations(message: memoryview, kind: str, depth: int) -> Iterator[str]:
    if not depth:
        raise ValueError("graphs within graphs without end")
    entry: dict[int, bytes] = {}
    for number, content in fields(message):
        if kind == "entry":
            entry[number] = bytes(content)
        elif held := HOLDS[kind].get(number):
            yield from _locations(content, held, depth - (held == "graph"))
    if entry.get(1) == b"location":
        yield entry.get(2, b"").decode()


def fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield number and content of each length-delimited field of a message.

    Raises:
        ValueError: the message is cut short or no protocol buffer.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == BYTES:
            length, at = _varint(message, at)
            yield number, message[at : at + length]
        elif kind == VARINT:
            _, at = _varint(message, at)
            length = 0
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise ValueError(f"a field of the unknown kind {kind}")
        at += length
        if at > len(message) or not number:
            raise ValueError("it ends too early" if number else "a field without a number")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise ValueError("it ends too early")
        byte = message[at]
        value, at = value | (byte & 0x7F) << shift, at + 1
        if byte < 0x80:
            return value, at
    raise ValueError("a number without end")
