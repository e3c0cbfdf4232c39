"""The kind of a file, judged by its first bytes, because its suffix proves nothing."""

from pathlib import Path

from ganbench.errors import BadInputError

PICKLE, ZIP, TORCH_LEGACY, SAFETENSORS = "pickle", "zip", "torch-legacy", "safetensors"

HEAD = 512  # bytes looked at

# First bytes -> what it is and what to do, to follow "PATH is ".
STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file it points to: run 'git lfs pull'"),
    (b"\x1f\x8b", "compressed by gzip: unpack it with gunzip first"),
    (b"BZh", "compressed by bzip2: unpack it with bunzip2 first"),
    (b"\xfd7zXZ", "compressed by xz: unpack it with unxz first"),
    (b"\x28\xb5\x2f\xfd", "compressed by zstd: unpack it with unzstd first"),
    (b"\x89PNG", "a PNG image, not a checkpoint: give the file of weights"),
    (b"\xff\xd8\xff", "a JPEG image, not a checkpoint: give the file of weights"),
    (b"GIF8", "a GIF image, not a checkpoint: give the file of weights"),
    (b"\x89HDF", "an HDF5 file, which is not read: give an official .pkl snapshot or a .safetensors file"),
    (b"\x93NUMPY", "a numpy array, not a checkpoint: give the file of weights"),
    (b"<", "a web page, not a checkpoint: the download went wrong, so download it again"),
)


def check_readable(path: Path) -> None:
    """Check that a path names a regular file that is not empty.

    Raises:
        BadInputError: it does not.
    """
    try:
        if path.is_dir():
            raise BadInputError(f"{path} is a folder, not a checkpoint: give the file in it.")
        if not path.exists():
            raise BadInputError(f"{path} does not exist: check the spelling of the path.")
        if not path.is_file():
            raise BadInputError(f"{path} is not a regular file: give the path of a checkpoint.")
        if path.stat().st_size == 0:
            raise BadInputError(f"{path} is empty: copy or download it again.")
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path} cannot be read: {error}.") from error


def kind_of(path: Path) -> str:
    """Return ``PICKLE``, ``ZIP``, ``TORCH_LEGACY`` or ``SAFETENSORS``.

    Raises:
        BadInputError: it is none of them, or cannot be read; the sentence says what it looks like and what to do.
    """
    check_readable(path)
    head = _head(path)
    if head[:2] == b"\x80\x02" and head[2:14] == b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19":
        return TORCH_LEGACY
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return PICKLE
    if head[:4] == b"PK\x03\x04":
        return ZIP
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < 2**32:
        return SAFETENSORS
    raise BadInputError(f"{path} is {_description(head)}.")


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error}.") from error


def _description(head: bytes) -> str:
    for start, what in STRANGERS:
        if head.lstrip().startswith(start):
            return what
    if _is_text(head):
        return "text, not a checkpoint: give an official .pkl snapshot or a .safetensors file"
    return "not a checkpoint of a known kind: give an official .pkl snapshot or a .safetensors file"


def _is_text(head: bytes) -> bool:
    whole = head if len(head) < HEAD else head[:-3]  # the last character may be cut
    try:
        return "".join(whole.decode().split()).isprintable()
    except UnicodeDecodeError as error:
        return len(head) == HEAD and error.start >= len(whole) - 3
