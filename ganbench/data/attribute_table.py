"""Tables of yes-or-no attributes of images, one row per image.

Two layouts are read. CelebA's ``list_attr_celeba.txt`` has the number of images, the names of the attributes, and rows
such as ``000001.jpg  -1 1 1``. Comma- or tab-separated values have a header: the name of the first column, then the
attributes. Yes is written as 1, and no as either -1 or 0 throughout the table.
"""

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.printable import printable

Line = tuple[int, list[str]]  # its number in the file, and its fields

MAX_BYTES = 128 * 2**20  # of a table; CelebA's has 26 MB
MAX_LINE = 2**20
VALUES = {"1": 1.0, "+1": 1.0, "0": 0.0, "-1": 0.0}


@dataclass(frozen=True)
class AttributeTable:
    """The content of a table.

    Attributes:
        path: of its file.
        attributes: their names.
        rows: name of an image -> its answers, 0 and 1.
    """

    path: Path
    attributes: tuple[str, ...]
    rows: dict[str, list[float]]

    def of(self, names: Sequence[str], where: str, *, subset: bool = False) -> tuple[list[int], Tensor]:
        """Return which of the named images have a row, and their answers, ``[n, attributes]`` float32.

        The suffix of a file need not be the one in the table.

        Args:
            names: of the images, with forward slashes.
            where: the images are, for messages.
            subset: whether to leave out images without a row, and rows without an image.

        Raises:
            BadInputError: an image has no row or a row has no image, unless ``subset``; or no image has a row; or all
                answers of an attribute are the same.
        """
        known = {**{_stem(name): name for name in self.rows}, **{name: name for name in self.rows}}
        found = [known.get(name) or known.get(_stem(name)) for name in names]
        without = next((name for name, row in zip(names, found, strict=True) if row is None), None)
        unused = next(iter(self.rows.keys() - set(found)), None) if without is None else None
        if not any(found):
            raise BadInputError(
                f"expected rows for the images in {where}, such as {names[0]}, found none: {self.path}; give the table "
                "of these images."
            )
        if not subset and without is not None:
            raise BadInputError(
                f"expected a row for each image, found none for {without}: {self.path}; add one, or leave such images "
                "out by --subset."
            )
        if not subset and unused is not None:
            raise BadInputError(
                f"expected an image for each row, found none for {unused} in {where}: {self.path}; leave such rows out "
                "by --subset."
            )
        chosen = [(index, self.rows[name]) for index, name in enumerate(found) if name is not None]
        answers = torch.tensor([row for _, row in chosen])
        self._check_both(answers)
        return [index for index, _ in chosen], answers

    def _check_both(self, answers: Tensor) -> None:
        for name, column in zip(self.attributes, answers.T, strict=True):
            if (share := float(column.mean())) in (0, 1):
                raise BadInputError(
                    f"expected both answers for {name}, found only {'yes' if share else 'no'} for all {len(column)} "
                    f"images: {self.path}; leave the attribute out."
                )


def read_attribute_table(path: Path | str) -> AttributeTable:
    """Return the table in a file.

    Raises:
        BadInputError: naming the line; the file cannot be read, is too large, or has another layout.
    """
    path = Path(path)
    lines = _lines(path)
    celeba = bool(lines) and lines[0].strip().isdecimal()
    names, rows = (_celeba if celeba else _separated)(path, lines)
    attributes = [printable(name) for name in names]  # they are written to the file of classifiers and to terminals
    answers = _answers(path, attributes, rows)
    if celeba and lines[0].strip().lstrip("0") != str(len(answers) or ""):
        raise BadInputError(
            f"expected {_short(lines[0])} rows, as the first line says, found {len(answers)}: {path}; fetch it again."
        )
    if not attributes or not answers or len(set(attributes)) < len(attributes) or not all(attributes):
        raise BadInputError(
            f"expected rows of attributes with different names, found {len(answers)} rows of {len(attributes)} "
            f"attributes: {path}; give a header with a name for each attribute, and a row for each image."
        )
    return AttributeTable(path, tuple(attributes), answers)


def _lines(path: Path) -> list[str]:
    try:
        if path.exists() and not path.is_file():
            raise ValueError("it is not a regular file")  # reading a pipe would wait for ever
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it is larger than {MAX_BYTES // 2**20} MiB")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise BadInputError(f"{path} cannot be read as a table of attributes ({reason}): give a text file.") from error
    long = next((number for number, line in enumerate(lines, 1) if len(line) > MAX_LINE), None)
    if long is not None:
        raise BadInputError(
            f"expected lines of at most {MAX_LINE:,} characters, found line {long} longer: {path}; write a row for "
            "each image."
        )
    return lines


def _celeba(path: Path, lines: list[str]) -> tuple[list[str], Iterator[Line]]:
    fields = ((number, line.split()) for number, line in enumerate(lines[1:], 2) if line.strip())
    _, attributes = next(fields, (0, []))
    return attributes, fields


def _separated(path: Path, lines: list[str]) -> tuple[list[str], Iterator[Line]]:
    fields = _csv_fields(path, lines)
    _, header = next(fields, (0, []))
    return header[1:], fields


def _csv_fields(path: Path, lines: list[str]) -> Iterator[Line]:
    reader = csv.reader(lines, delimiter="\t" if lines and "\t" in lines[0] else ",", strict=True)
    try:
        yield from ((reader.line_num, [field.strip() for field in row]) for row in reader if any(row))
    except csv.Error as error:
        raise BadInputError(f"{path} line {reader.line_num} cannot be read ({error}): correct the line.") from error


def _answers(path: Path, attributes: list[str], rows: Iterator[Line]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    noes: set[str] = set()
    for number, (name, *values) in rows:
        noes |= {"0", "-1"} & set(values)
        if problem := next(_problems(name, values, attributes, name in found, noes), None):
            raise BadInputError(f"{path} line {number}: {problem}.")
        found[name] = [VALUES[value] for value in values]
    return found


def _problems(name: str, values: list[str], attributes: list[str], again: bool, noes: set[str]) -> Iterator[str]:
    if len(values) != len(attributes):
        yield f"expected {len(attributes)} values, one per attribute, found {len(values)}: give one for each"
    for attribute, value in zip(attributes, values, strict=False):
        if value not in VALUES:
            yield f"expected 1, 0 or -1 for {_short(attribute)}, found {value[:40]!r}: write 1 for yes, 0 or -1 for no"
    if not name:
        yield "expected the name of an image, found none: begin each row with one"
    if again:
        yield f"expected one row for each image, found a second for {_short(name)}: keep one"
    if len(noes) > 1:
        yield "expected either 0 or -1 for no, found both: choose one, and leave out images with unknown answers"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}..."


def _stem(name: str) -> str:
    return os.path.splitext(name)[0]
