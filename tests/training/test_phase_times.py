"""What a tick tells about time: seconds a thousand images, time left, and the time of each phase."""

import time
from pathlib import Path

import pytest
import torch

from baselines.training import log
from baselines.training.phase_times import PhaseTimes
from tests.training import stylegans, tiny


class Clock:
    """A clock that tells the time that the test lets pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(time, "perf_counter", found)
    loss = tiny.Tiny.generator_loss
    penalty = tiny.Tiny.penalty

    def slow(self, at):
        found.now += tiny.BATCH  # a second an image
        return loss(self, at)

    def slow_penalty(self, at):
        found.now += 0.0 if at.step % 3 else 0.3
        return penalty(self, at)

    monkeypatch.setattr(tiny.Tiny, "generator_loss", slow)
    monkeypatch.setattr(tiny.Tiny, "penalty", slow_penalty)
    return found


def test_speed_and_time_left_are_without_the_time_of_snapshots_and_metrics(tmp_path: Path, clock: Clock) -> None:
    export = tiny.Tiny.export

    def metrics(tick):
        clock.now += 5000 if tick["weights"] else 0

    def slow_export(self, kimg, changes):
        clock.now += 1000
        return export(self, kimg, changes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiny.Tiny, "export", slow_export)
        tiny.train(tmp_path, 9, tick=3, snapshot=3, on_tick=metrics)
    entries = log.read(tmp_path / "log.jsonl")
    assert [entry["sec_per_kimg"] for entry in entries] == pytest.approx([1000 * (12 + 0.3) / 12] * 3)
    assert [entry["eta"] for entry in entries] == pytest.approx([24.6, 12.3, 0])


def test_the_first_tick_after_a_resume_counts_its_own_steps(tmp_path: Path, clock: Clock) -> None:
    tiny.train(tmp_path, 6, tick=3, snapshot=6)
    clock.now += 10**6
    tiny.train(tmp_path, 12, tick=3, snapshot=6, resume=True)
    assert [entry["sec_per_kimg"] for entry in log.read(tmp_path / "log.jsonl")] == pytest.approx([1025] * 4)


def test_phases_add_up_to_the_time_of_a_step(tmp_path: Path, clock: Clock) -> None:
    tiny.train(tmp_path, 6, tick=3, snapshot=6)
    for entry in log.read(tmp_path / "log.jsonl"):
        assert entry["phases"] == pytest.approx({"G": 4, "D": 0, "Dreg": 0.1})  # the last in every third step
        assert sum(entry["phases"].values()) == pytest.approx(entry["sec_per_kimg"] * tiny.BATCH / 1000)


def test_a_tick_tells_when_the_next_snapshot_is_due(tmp_path: Path) -> None:
    seen: list[float] = []
    tiny.train(tmp_path, 7, on_tick=lambda tick: seen.append(tick["next_snapshot"]))  # at steps 2, 4, 6 and 7
    assert seen == [0.016, 0.028, 0.028, 0.028]


class Event:
    """An event of a device that computes beside the host: its time is known only after waiting for it."""

    reached, waited = 0.0, 0  # milliseconds; how often the host waited for the device

    def __init__(self, enable_timing: bool = False) -> None:
        assert enable_timing  # without it, an event has no time

    def record(self) -> None:
        Event.reached += 10
        self.at = Event.reached

    def synchronize(self) -> None:
        Event.waited += 1

    def elapsed_time(self, end: "Event") -> float:
        assert Event.waited
        return end.at - self.at


def test_events_of_a_gpu_are_read_at_ticks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(Event, "waited", 0)
    times = PhaseTimes("cuda:1")
    for step in range(4):
        for phase in ("G", "Dreg") if step == 0 else ("G",):
            with times.measured(phase):
                pass
    assert Event.waited == 0
    assert times.tick(4) == pytest.approx({"G": 0.010, "Dreg": 0.0025})
    assert Event.waited == 1
    assert times.tick(4) == {}  # nothing is counted twice


def test_the_augmentation_probability_is_logged_beside_the_losses(tmp_path: Path) -> None:
    stylegans.train("stylegan2", tmp_path)
    for entry in log.read(tmp_path / "log.jsonl"):
        assert 0 <= entry["augment_p"] <= 1
        assert not [name for name in entry["losses"] if "augment" in name]
