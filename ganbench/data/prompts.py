"""The prompts of a text-to-image model, in a file beside its images: ``metadata.jsonl`` or ``prompts.txt``."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, TypedDict

from ganbench.errors import BadInputError
from ganbench.printable import quoted

BY_NAME, IN_ORDER = "metadata.jsonl", "prompts.txt"
KEYS = ("text", "prompt", "caption")  # of the text in a line of metadata, the first that is there
MAX_BYTES = 2**28
SHOWN = 200  # characters of a prompt


class Prompts(TypedDict):
    """What a record says of prompts: file, its sha256, how many, and the first."""

    file: str
    sha256: str
    count: int
    first: str


def prompts_beside(folder: Path, names: Sequence[str]) -> Prompts | None:
    """Return the prompts in a folder of images, one an image, or None where there are none.

    ``metadata.jsonl`` has a line an image, ``{"file_name": "0001.png", "text": "a red cube"}``, as in image folders of
    Hugging Face datasets; ``prompts.txt`` a line an image, in the order of the images' names.

    Args:
        folder: of the images.
        names: of the images, in order.

    Raises:
        BadInputError: the file cannot be read, or its prompts are not one an image.
    """
    for file, read in ((BY_NAME, _by_name), (IN_ORDER, _in_order)):
        path = folder / file
        if path.is_file() and (found := read(path, _lines(path), names)):
            return {
                "file": file,
                "sha256": sha256(path.read_bytes()).hexdigest(),
                "count": len(found),
                "first": found[0][:SHOWN],
            }
    return None


def _lines(path: Path) -> list[str]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadInputError(f"expected prompts of at most {MAX_BYTES // 2**20} MiB, found more: {path}; split it.")
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(f"expected lines of text, found none that can be read ({error!s:.100}): {path}.") from error


def _by_name(path: Path, lines: Sequence[str], names: Sequence[str]) -> list[str]:
    texts: dict[str, Any] = {}
    for number, line in enumerate(filter(str.strip, lines), start=1):
        try:
            entry = json.loads(line)
            texts[str(entry["file_name"])] = next((entry[key] for key in KEYS if key in entry), None)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise BadInputError(
                f'expected {{"file_name": ..., "text": ...}} in line {number}, found {quoted(line)}: {path}; correct '
                "it."
            ) from error
    if all(text is None for text in texts.values()):  # of labels alone
        return []
    lacking = next((name for name in names if not isinstance(texts.get(name), str)), None)
    if lacking is not None:
        raise BadInputError(f"expected a prompt for {lacking}, found none: {path}; add it, or remove the file.")
    return [texts[name] for name in names]


def _in_order(path: Path, lines: Sequence[str], names: Sequence[str]) -> list[str]:
    if len(lines) != len(names):
        raise BadInputError(
            f"expected {len(names):,} prompts, one an image in the order of their names, found {len(lines):,}: {path}; "
            "correct or remove it."
        )
    return list(lines)
