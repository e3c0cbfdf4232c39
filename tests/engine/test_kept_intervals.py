"""Intervals come from the cache the second time, the same to the last bit, and only where all they rest on is equal."""

import dataclasses
import math
from pathlib import Path
from typing import Any

import pytest
from safetensors.numpy import load

import ganbench
from ganbench.engine import kept_intervals
from ganbench.engine.cache import Cache
from ganbench.engine.intervals import StoredGroups
from ganbench.engine.kept_intervals import Kept, intervals_key
from ganbench.engine.results import numbers_of
from ganbench.engine.run import Silence, fill
from ganbench.errors import CacheError
from ganbench.metrics import Interval, Number
from ganbench.records.record import RunRecord
from tests.subjects import plan

METRICS = ["fid@60", "kid@60", "is@60", "eqt_int@60", "ppl_wend@60", "lpips@60", "lpips_real@40"]


def measured(tmp_path: Path, **options: Any) -> RunRecord:
    return ganbench.run("waves", METRICS, benchmark="toy", results_dir=tmp_path, **options)[0]


def files() -> list[Path]:
    """Return the cache's files of intervals, which hold one array of JSON."""
    return [path for path in sorted(Cache().folder.rglob("*.safetensors")) if b'"json"' in path.read_bytes()[:2000]]


def text_of(content: bytes) -> bytes:
    """Return the JSON in a file; what is before it may be in any order."""
    return load(content)["json"].tobytes()


def test_the_record_is_the_same_and_no_interval_is_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = measured(tmp_path)
    assert len(files()) == len(METRICS)
    monkeypatch.setattr(kept_intervals, "with_intervals", lambda *_: pytest.fail("an interval was computed again"))
    again = measured(tmp_path)
    assert again.results == first.results
    assert again.warnings == first.warnings
    assert all(result.interval for result in again.results if result.key.startswith(("fid", "is", "ppl", "lpips")))


@pytest.mark.parametrize("damage", ["cut", "flip", "swap"])
def test_damaged_intervals_are_computed_again(tmp_path: Path, damage: str) -> None:
    first, paths = measured(tmp_path), files()
    contents = [path.read_bytes() for path in paths]
    for number, path in enumerate(paths):
        text = contents[number]
        flipped = text[:-9] + bytes([text[-9] ^ 1]) + text[-8:]
        path.write_bytes({"cut": text[:-7], "flip": flipped, "swap": contents[number - 1]}[damage])
    assert measured(tmp_path).results == first.results
    assert [text_of(path.read_bytes()) for path in paths] == [*map(text_of, contents)], "each was stored again"


def test_intervals_of_other_samples_are_not_taken(tmp_path: Path) -> None:
    first, other = measured(tmp_path), measured(tmp_path, seed=1)
    assert len(files()) == 2 * len(METRICS)
    pairs = zip(first.results, other.results, strict=True)
    assert all(a.interval != b.interval for a, b in pairs if a.interval)


def test_a_cache_that_cannot_be_written_to_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = measured(tmp_path)
    for path in files():
        path.unlink()

    def refused(*_: Any) -> None:
        raise CacheError("no room")

    monkeypatch.setattr(Cache, "write", refused)
    assert measured(tmp_path).results == first.results


def test_every_field_that_changes_an_interval_changes_the_key(tmp_path: Path) -> None:
    made, cache = plan(["fid@60"]), Cache(tmp_path)
    filled, _, _ = fill(made, 16, cache, Silence())
    (metric,) = made.metrics
    numbers, stored = numbers_of(metric, made, filled), StoredGroups(made, 16, cache)
    (name,) = numbers
    of_class = type(metric)

    class Newer(of_class):  # type: ignore[misc, valid-type]  # the class is only known now
        version = of_class.version + 1

    class Fewer(of_class):  # type: ignore[misc, valid-type]  # as above
        replicates = 5

    fields = {each.name: getattr(metric, each.name) for each in dataclasses.fields(metric)}  # type: ignore[arg-type]
    keys = {
        intervals_key(changed, made, value, filled, groups)
        for changed, value, groups in [
            (metric, numbers, stored),
            (dataclasses.replace(metric, ddof=1), numbers, stored),  # type: ignore[type-var]  # it is a dataclass
            (Newer(**fields), numbers, stored),
            (Fewer(**fields), numbers, stored),
            (metric, {name: Number(math.nextafter(numbers[name].value, math.inf), None)}, stored),
            (metric, numbers, StoredGroups(made, 8, cache)),
        ]
    }
    assert len(keys) == 6
    assert None not in keys


def test_floats_come_back_as_they_were() -> None:
    ends = Interval(-math.inf, 0.1 + 0.2, 0.95, "of some kind")
    number = Number(1.0, None, interval=ends, errors={"samples": 1e-300, "reals": math.inf}, bias=1 / 3)
    kept = Kept.from_state(Kept.of({"a": number, "b": Number(2.0, True)}).state())
    assert kept.added_to({"a": Number(1.0, None), "b": Number(2.0, True)}) == {"a": number, "b": Number(2.0, True)}
