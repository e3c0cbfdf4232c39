"""The weights that a run keeps, and what it writes at its start."""

import errno
import os
from pathlib import Path

import pytest
import torch

from baselines.training import kept, log, snapshots
from baselines.training.files import link_atomically
from baselines.training.weights import load_state, read_header
from tests.training import tiny
from tests.training.runs import IMAGES
from tests.training.short import SHORT


def names(run_dir: Path) -> list[str]:
    return [path.name for path in kept.kept(run_dir, "tiny")]


def test_every_snapshots_weights_are_kept_and_the_state_of_the_last_two(tmp_path: Path) -> None:
    tiny.train(tmp_path, 6, tick=1, snapshot=1)
    assert names(tmp_path) == [f"tiny-000000.0{n:02}.safetensors" for n in (4, 8, 12, 16, 20, 24)]
    assert [snapshots.read(path).step for path in snapshots.listed(tmp_path)] == [5, 6]
    states = [load_state(path) for path in kept.kept(tmp_path, "tiny")]
    assert len({state["weight"].sum().item() for state in states}) == 6
    assert (tmp_path / "tiny.safetensors").samefile(tmp_path / "tiny-000000.024.safetensors")
    for state, step in zip(states[-2:], snapshots.listed(tmp_path), strict=True):
        assert torch.equal(state["weight"], snapshots.read(step).tensors["networks/G_ema/weight"])


def test_keep_deletes_the_weights_of_older_snapshots_and_nothing_else(tmp_path: Path) -> None:
    others = [tmp_path / name for name in ("tiny-best.safetensors", "other-000000.safetensors", "tiny-1.safetensors")]
    for other in others:
        other.write_text("kept")
    tiny.train(tmp_path, 6, tick=1, snapshot=1, keep=2)
    assert names(tmp_path) == ["tiny-000000.020.safetensors", "tiny-000000.024.safetensors"]
    assert all(other.read_text() == "kept" for other in others)


def test_a_resumed_run_exports_what_a_killed_one_did_not(tmp_path: Path) -> None:
    tiny.train(tmp_path, 4, tick=1, snapshot=1)
    lost = tmp_path / "tiny-000000.016.safetensors", tmp_path / "samples-000000.016.png"
    before = [path.read_bytes() for path in lost]
    for path in lost:
        path.unlink()
    assert tiny.train(tmp_path, 5, tick=1, snapshot=1, resume=True).exports == 2
    assert [path.read_bytes() for path in lost] == before
    assert tiny.train(tmp_path, 6, tick=1, snapshot=1, resume=True).exports == 1


def test_names_sort_as_the_kimg_does() -> None:
    kimgs = [0, 0.016, 4, 4.008, 200, 25000, 999999]
    labels = [kept.label(kimg) for kimg in kimgs]
    assert labels == ["000000", "000000.016", "000004", "000004.008", "000200", "025000", "999999"]
    assert sorted(labels) == labels
    assert kept.KEPT.fullmatch("stylegan3-r-000004.008.safetensors")["model"] == "stylegan3-r"  # type: ignore[index]
    assert not kept.KEPT.fullmatch("stylegan3.safetensors")


def test_without_hard_links_the_newest_weights_are_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    source, target = tmp_path / "a", tmp_path / "b"
    source.write_text("new")
    target.write_text("old")
    monkeypatch.setattr(os, "link", refuse)
    link_atomically(source, target)
    assert (target.read_text(), target.samefile(source)) == ("new", False)
    monkeypatch.undo()
    for _ in range(2):  # the second time it is linked already
        link_atomically(source, target)
        assert target.samefile(source)
    assert sorted(tmp_path.iterdir()) == [source, target]


def test_a_foreign_file_among_the_snapshots_is_left_alone_and_costs_none(tmp_path: Path) -> None:
    foreign = [tmp_path / name for name in ("snapshot-mine.safetensors", "snapshot-000000009.safetensors.bak")]
    for path in foreign:
        path.write_text("mine")
    tiny.train(tmp_path, 5, tick=1, snapshot=1)
    assert [snapshots.read(path).step for path in snapshots.listed(tmp_path)] == [4, 5]
    tiny.train(tmp_path, 6, tick=1, snapshot=1, resume=True)
    assert all(path.read_text() == "mine" for path in foreign)


@pytest.mark.parametrize("name", SHORT)
def test_a_run_shows_its_data_and_its_beginning(name: str, tmp_path: Path) -> None:
    from PIL import Image

    short = SHORT[name]
    short.train(IMAGES, short.recipe, tmp_path)
    with Image.open(tmp_path / "reals.png") as grid:
        assert grid.size == (160, 16)
        shown = [tuple(grid.crop((16 * n, 0, 16 * n + 16, 16)).tobytes()) for n in range(6)]
    assert sorted(shown) == sorted(tuple(image.flatten().tolist()) for image in IMAGES)
    assert (tmp_path / "samples-init.png").is_file()
    newest = kept.kept(tmp_path, name)[-1]
    assert read_header(newest)["kimg"] == pytest.approx(short.recipe.kimg)


def test_a_tick_logs_the_signs_of_the_scores_and_the_memory(tmp_path: Path) -> None:
    short = SHORT["stylegan2"]
    short.train(IMAGES, short.recipe, tmp_path)
    for entry in log.read(tmp_path / "log.jsonl"):
        assert {"Gmain/signs_fake", "Dmain/signs_fake", "Dmain/signs_real"} <= entry["signs"].keys()
        assert all(-1 <= sign <= 1 for sign in entry["signs"].values())
        assert not [name for name in entry["losses"] if "signs" in name]
        assert 0.01 < entry["memory"]["cpu"] < 1000


def test_files_of_weights_sort_as_the_kimg_does(tmp_path: Path) -> None:
    paths = [kept.path_of(tmp_path, "tiny", kimg) for kimg in (0, 0.016, 200, 200.016, 25000)]
    for path in paths:
        path.write_text("")
    assert kept.kept(tmp_path, "tiny") == paths
