"""What lies in the cache, what of it can go, and that runs leave no more than they need."""

import os
from pathlib import Path

import pytest
import torch

import ganbench
from ganbench.engine import cache_usage, cuts, shards
from ganbench.engine.cache import Cache
from ganbench.engine.cache_usage import beyond, entries, parse_size, remove, trim
from ganbench.errors import BadInputError
from ganbench.inputs import Rows
from tests.cli.command_line import ganbench as command
from tests.subjects import measure, plan


def stored(folder: Path, number: int, size: int = 10, **about: str) -> Path:
    rows = Rows()
    rows.update(torch.zeros(size, 25))
    Cache(folder).write(f"{number:064x}", rows, about)
    path = next(folder.rglob(f"{number:064x}.safetensors"))
    os.utime(path, (1000 + number, 1000 + number))
    return path


def test_entries_say_whose_they_are(tmp_path: Path) -> None:
    stored(tmp_path, 1, model="waves"), stored(tmp_path, 2, data="stripes")
    assert [(entry.model, entry.data, entry.stale) for entry in entries(tmp_path)] == [
        ("waves", "", ""),
        ("", "stripes", ""),
    ]


def test_what_no_run_can_use_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = stored(tmp_path, 1)
    damaged.write_bytes(b"cut")
    partial = tmp_path / ".0123.partial"
    partial.write_bytes(b"half")
    assert [entry.stale for entry in entries(tmp_path)] == ["damaged"], "what is being written now is nobody else's"
    os.utime(partial, (0, 0))
    assert sorted(entry.stale for entry in entries(tmp_path)) == ["damaged", "left over"]
    stored(tmp_path, 2)
    monkeypatch.setattr(cache_usage, "LAYOUT", -1)
    assert sorted(entry.stale for entry in entries(tmp_path)) == ["damaged", "left over", "of another version"]


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    paths = [stored(tmp_path, number) for number in range(4)]
    size = paths[0].stat().st_size
    found = entries(tmp_path)
    assert [entry.path for entry in beyond(found, 2 * size)] == paths[:2]
    assert beyond(found, 4 * size) == []
    assert remove(beyond(found, 0)) == 4 * size
    assert entries(tmp_path) == []


def test_reading_counts_as_use(tmp_path: Path) -> None:
    first, second = stored(tmp_path, 1), stored(tmp_path, 2)
    assert Cache(tmp_path).read(f"{1:064x}", Rows) is not None
    assert [entry.path for entry in beyond(entries(tmp_path), first.stat().st_size)] == [second]


def test_a_run_trims_the_cache_to_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = stored(tmp_path, 1), stored(tmp_path, 2)
    partial = tmp_path / ".0123.partial"
    partial.write_bytes(b"half")
    os.utime(partial, (0, 0))
    monkeypatch.setenv("GANBENCH_CACHE_MAX", str(new.stat().st_size))
    trim(tmp_path)
    assert (old.exists(), new.exists(), partial.exists()) == (False, True, False)


@pytest.mark.parametrize(("text", "size"), [("0", 0), ("500", 500), ("2k", 2048), ("3M", 3 << 20), ("20GiB", 20 << 30)])
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1", "1.5G", "ten", "9" * 5000])
def test_what_is_not_a_size_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="expected a size for the cache"):
        parse_size(text)


def test_a_limit_that_is_not_one_is_told_before_any_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANBENCH_CACHE_MAX", "lots")
    with pytest.raises(BadInputError, match="'lots'"):
        ganbench.run("waves", "fid@20")


def test_a_finished_pass_keeps_twenty_groups_and_the_same_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fifty shards: computed whole, resumed after a stop, read from groups, and with a damaged group."""
    monkeypatch.setattr(cuts, "SHARD", 10)
    before = measure(plan(["fid@500"]), tmp_path / "whole")
    samples = list((tmp_path / "whole").rglob("*.safetensors"))
    assert len(samples) == 20 + 13 + 13, "200 reals; 50 shards of features and of ranges, four in a group"
    assert measure(plan(["fid@500"]), tmp_path / "whole") == before
    for path in samples[::3]:
        path.write_bytes(path.read_bytes()[:-3])
    assert measure(plan(["fid@500"]), tmp_path / "whole") == before
    assert measure(plan(["fid@500"]), tmp_path / "other", batch_size=7) == before


def test_a_stopped_pass_goes_on_from_its_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts, "SHARD", 10)
    whole = measure(plan(["fid@500"]), tmp_path / "whole")

    class Stopped(BaseException):
        pass

    draw, drawn = shards.Worker.blocks, []

    def stopping(self: shards.Worker, *arguments: object) -> object:
        drawn.append(1)
        if len(drawn) == 47:
            raise Stopped
        return draw(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(shards.Worker, "blocks", stopping)
    with pytest.raises(Stopped):
        measure(plan(["fid@500"]), tmp_path / "stopped")
    assert measure(plan(["fid@500"]), tmp_path / "stopped") == whole
    assert len(drawn) == 20 + 50 + 1, "no shard is computed twice"


def test_the_verb_shows_and_prunes(tmp_path: Path) -> None:
    folder = Cache().folder
    kept, other = stored(folder, 1, model="waves"), stored(folder, 2, model="[bold]\x1b[31m")
    damaged = stored(folder, 3)
    damaged.write_bytes(b"cut")
    shown = command("cache")
    assert shown.exit_code == 0
    assert "waves" in shown.stdout
    assert "none: damaged" in shown.stdout
    assert "\x1b" not in shown.stdout
    assert "removed" in command("cache", "--prune").stdout
    assert (kept.exists(), other.exists(), damaged.exists()) == (True, True, False)
    command("cache", "--prune", "--model", "waves")
    assert (kept.exists(), other.exists()) == (False, True)
    assert command("cache", "--max-size", "0").exit_code == 0
    assert not other.exists()
    assert command("cache", "--max-size", "much").exit_code == 2


def test_an_empty_cache_is_shown(tmp_path: Path) -> None:
    assert "0 B" in command("cache").stdout
