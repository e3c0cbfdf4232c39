"""What tells the rows of a table apart: labels of models."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ganbench.errors import BadInputError, UnknownNameError
from ganbench.printable import one_line, quoted
from ganbench.records.keys import nearest
from ganbench.records.record import RunRecord

SHORTEST = 6  # hexadecimal digits that name weights by their sha256
RowKey = tuple[str, str, int]  # model, sha256 of its weights, seed


def row_key(record: RunRecord) -> RowKey:
    """Return the row that a record's numbers are in."""
    return record.model["name"], record.model["sha256"], record.seed


def given(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Return names and labels of texts such as ``runs/a=ours``.

    Raises:
        BadInputError: a text is not a name and a label.
    """
    pairs = []
    for text in texts:
        name, equals, label = text.partition("=")
        if not (equals and name.strip() and label.strip()):
            raise BadInputError(f"expected NAME=TEXT for --label, found {quoted(text)}: write, say, run-1=ours.")
        pairs.append((name.strip(), label.strip()))
    return pairs


def bases(records: Sequence[RunRecord], labels: Sequence[tuple[str, str]] = ()) -> dict[RowKey, str]:
    """Return the first part of each row's label: the model's name, or the label that was given to it.

    Args:
        records: of the rows.
        labels: pairs of a name and a label; the name is a model's, its weights' or their folder's, or the beginning of
            their sha256. Later pairs win.

    Raises:
        UnknownNameError: a name fits no row.
    """
    found = {row_key(record): record.model["name"] for record in records}
    for name, label in labels:
        rows = [row_key(record) for record in records if _fits(name, record)]
        if not rows:
            known = sorted({each for record in records for each in _names(record)})
            raise UnknownNameError(f"expected a model to label, found {quoted(name)}: {nearest(name, known)}")
        found |= dict.fromkeys(rows, one_line(label))
    return found


def labels_of(records: Sequence[RunRecord], base: Mapping[RowKey, str]) -> dict[RowKey, str]:
    """Return a label for each row: its base, with what distinguishes rows of one base.

    That is the file of the weights, with its folder where files have one name, the beginning of the sha256 where that
    is not enough either, and the seed.
    """
    rows = {row_key(record): record for record in records}
    labels = {}
    for row, record in rows.items():
        others = [other for key, other in rows.items() if base[key] == base[row]]
        extra = []
        if record.model["embedded"] or len({other.model["sha256"] for other in others}) > 1:
            extra.append(_weights(record, others))
        if len({other.seed for other in others}) > 1:
            extra.append(f"seed {record.seed}")
        labels[row] = f"{base[row]} ({', '.join(extra)})" if extra else base[row]
    return labels


def _weights(record: RunRecord, others: Sequence[RunRecord]) -> str:
    """Return the shortest end of the weights' path that no other weights have, or else the sha256, too."""
    name, sha256 = record.model["weights"], record.model["sha256"]
    for parts in (1, 2):
        end = _end(name, parts)
        if end and {other.model["sha256"] for other in others if _end(other.model["weights"], parts) == end} == {
            sha256
        }:
            return end
    return f"{_end(name, 1)} {sha256[:8]}".strip()


def _end(path: str, parts: int) -> str:
    return "/".join(Path(path).parts[-parts:])


def _names(record: RunRecord) -> list[str]:
    weights = record.model["weights"]
    folder = _end(weights, 2).rpartition("/")[0]
    return [name for name in (record.model["name"], weights, _end(weights, 1), folder) if name]


def _fits(name: str, record: RunRecord) -> bool:
    ends = (name.rstrip("/"), name)
    by_sha256 = len(name) >= SHORTEST and record.model["sha256"].startswith(name)
    return by_sha256 or any(each in ends for each in (*_names(record), str(Path(record.model["weights"]).parent)))
