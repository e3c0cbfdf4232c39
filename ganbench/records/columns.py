"""The columns of a table: one for the numbers of each protocol, with a mark where two would be called alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ganbench.records.names import factor, headed
from ganbench.records.protocol import Protocol, differences
from ganbench.records.record import Result, RunRecord

LETTERS = "abcdefghijklmnoprstuvwxyz"  # for marks; Unicode has no superscript q


@dataclass(frozen=True)
class Column:
    """The numbers of one protocol.

    Attributes:
        protocol: that the numbers share.
        higher_is_better: None where neither direction is better.
        unit: such as ``"dB"``; empty where there is none.
        mark: letters that distinguish columns of one name; empty where the name is unique.
        difference: what the mark stands for.
        name: in place of the one that papers print; empty for that.
        data: name of the real images, where they alone tell columns of one name apart.
    """

    protocol: Protocol
    higher_is_better: bool | None
    unit: str
    mark: str = ""
    difference: str = ""
    name: str = ""
    data: str = ""

    @property
    def title(self) -> str:
        """The name as papers print it, with the factor of its numbers, and its unit."""
        name = self.name or headed(self.protocol.key)
        return name + (f" ({self.unit})" if self.unit else "") + (f", {self.data}" if self.data else "")

    @property
    def factor(self) -> int:
        """What its numbers are multiplied by as text: 1000 for KID."""
        return factor(self.protocol.key)


def columns_of(
    results: Mapping[Protocol, Result],
    shown: Sequence[str],
    records: Sequence[RunRecord],
    titles: Mapping[str, str],
) -> tuple[Column, ...]:
    """Return a column for each protocol, and one for each metric without any number.

    Args:
        results: one of each protocol.
        shown: keys of the numbers, in order.
        records: that they are from, with the metrics that are missing.
        titles: names of keys in place of those that papers print.
    """
    found: list[Column] = []
    for key in shown:
        group = [one for one in results if one.key == key]
        name = titles.get(key, "")
        found += [Column(one, results[one].higher_is_better, results[one].unit, name=name) for one in group]
        if not group:
            benchmark = next(record.benchmark for record in records if key in record.missing)
            found.append(Column(Protocol(key, None, None, None, None, benchmark, 0, "{}"), None, "", name=name))
    return _marked(_with_data(found))


def _alike(columns: Sequence[Column]) -> list[list[Column]]:
    """Return the columns of each title."""
    alike: dict[str, list[Column]] = {}
    for column in columns:
        alike.setdefault(column.title, []).append(column)
    return [*alike.values()]


def _with_data(columns: Sequence[Column]) -> list[Column]:
    """Return columns with the name of their data, where columns of one title differ in their data alone."""
    named: dict[Column, Column] = {}
    for group in _alike(columns):
        protocols = {replace(column.protocol, data=None) for column in group}
        data = [column.protocol.data_name.rpartition(" of ")[0] or column.protocol.data_name for column in group]
        if len(group) > 1 == len(protocols) and len({*data}) == len(group) and all(data):
            named |= {column: replace(column, data=name) for column, name in zip(group, data, strict=True)}
    return [named.get(column, column) for column in columns]


def _marked(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Return columns with a mark on each of those that are called alike, and the differences of their protocols."""
    told = {
        column: words
        for group in _alike(columns)
        if len(group) > 1
        for column, words in zip(group, differences([column.protocol for column in group]), strict=True)
    }
    marks = {column: mark(place) for place, column in enumerate(column for column in columns if column in told)}
    return tuple(
        replace(column, mark=marks[column], difference=told[column]) if column in told else column for column in columns
    )


def mark(number: int) -> str:
    """Return the mark of a number: a, b, ... z, aa, ab, ..., of letters that have a superscript."""
    more, letter = divmod(number, len(LETTERS))
    return (mark(more - 1) if more else "") + LETTERS[letter]
