"""What ``ganbench train --tensorboard`` writes, read back by TensorBoard itself."""

import sys
from pathlib import Path
from typing import Any

import pytest

from baselines.training import log
from tests.cli.command_line import complaint, ganbench
from tests.cli.test_train_goes_on import length_of, line

METRIC = "fid@20"


def train(run_dir: Path, steps: int, *more: str) -> None:
    words = line("stylegan3", run_dir, *length_of("stylegan3", steps), "--metrics", METRIC, "--tensorboard", *more)
    done = ganbench(*("snapshot_ticks=2" if word == "snapshot_ticks=1" else word for word in words))
    assert done.exit_code == 0, done.stderr


def events_of(run_dir: Path) -> Any:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(run_dir / "tensorboard"), size_guidance={"images": 0}).Reload()


def points(events: Any, tag: str) -> list[tuple[int, float]]:
    return [(each.step, each.value) for each in events.Scalars(tag)]


def expected(run_dir: Path, tag: str) -> list[tuple[int, float]]:
    """Return the points of a curve that the log has; a lazy penalty is not in every entry."""
    part, _, name = tag.partition("/")
    rows = [(entry["kimg"], entry[part] if name else entry) for entry in log.read(run_dir / "log.jsonl")]
    values = [(kimg, row[name or tag]) for kimg, row in rows if (name or tag) in row]
    return [(round(kimg * 1000), pytest.approx(value, rel=1e-6)) for kimg, value in values]


def check(run_dir: Path, ticks: int) -> None:
    events = events_of(run_dir)
    tags = events.Tags()["scalars"]
    assert {"sec_per_kimg", "memory/cpu", f"metrics/{METRIC}"} <= set(tags)
    assert any(tag.startswith("losses/") for tag in tags)
    assert not {"step", "kimg", "eta"} & set(tags)
    for tag in tags:
        if tag.startswith(("losses/", "memory/", "sec_per_kimg")):
            assert points(events, tag) == expected(run_dir, tag)
    assert len(points(events, "sec_per_kimg")) == ticks
    numbers = [(round(each["kimg"] * 1000), each[METRIC]) for each in log.read(run_dir / "metrics.jsonl")]
    assert points(events, f"metrics/{METRIC}") == [(at, pytest.approx(value, rel=1e-6)) for at, value in numbers]
    images = events.Images("samples")
    assert [each.step for each in images] == [at for at, _ in numbers]
    for each in images:
        grid = run_dir / f"samples-{each.step / 1000:010.3f}.png"
        assert each.encoded_image_string == grid.read_bytes()
        assert (each.width, each.height) == (320, 320)


def test_a_run_and_its_continuation_are_one_run_of_tensorboard(tmp_path: Path) -> None:
    train(tmp_path, 4)
    check(tmp_path, 4)
    train(tmp_path, 6, "--resume")
    check(tmp_path, 6)
    assert len(list((tmp_path / "tensorboard").iterdir())) == 2


def test_a_run_killed_after_its_snapshot_repeats_nothing(tmp_path: Path) -> None:
    """It was killed after a tick that followed the last snapshot, and before that snapshot was measured."""
    train(tmp_path, 5)
    for path in tmp_path.glob("*0.020.*"):
        path.unlink()
    for path in tmp_path.glob("snapshot-*5.safetensors"):
        path.unlink()
    metrics = tmp_path / "metrics.jsonl"
    metrics.write_text("".join(metrics.read_text().splitlines(keepends=True)[:-1]))
    train(tmp_path, 6, "--resume")
    check(tmp_path, 6)


def test_a_missing_package_is_named_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    told = complaint(*line("stylegan3", tmp_path / "run"), "--tensorboard")
    assert told.startswith("ganbench: expected the package tensorboard for --tensorboard, found that it cannot be")
    assert told.endswith("pip install 'ganbench[tensorboard]'.")
    assert not (tmp_path / "run").exists()


def test_a_run_killed_before_its_first_snapshot_can_be_started_again(tmp_path: Path) -> None:
    train(tmp_path, 2)
    for path in tmp_path.iterdir():
        if path.suffix == ".safetensors" or path.name in ("metrics.jsonl", "metrics.png", "losses.png", "best.json"):
            path.unlink()
    train(tmp_path, 2)
    check(tmp_path, 2)
