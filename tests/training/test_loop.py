import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from baselines.errors import DivergenceError, TrainingError
from baselines.training import log, loop, snapshots
from baselines.training.folder import check
from baselines.training.weights import read_header
from tests.training.runs import IMAGES
from tests.training.short import SHORT
from tests.training.tiny import train

ROOT = Path(__file__).resolve().parents[2]


def outcome(run_dir):
    newest = snapshots.latest(run_dir)
    return newest.step, {name: tensor.clone() for name, tensor in newest.tensors.items()}


def same(first, second):
    assert first[0] == second[0]
    assert first[1].keys() == second[1].keys()
    for name, tensor in first[1].items():
        assert torch.equal(tensor, second[1][name]), name


def test_it_learns_and_writes_weights_log_and_snapshots(tmp_path):
    ticks = []
    tiny = train(tmp_path, 20, on_tick=ticks.append)
    assert [tick["step"] for tick in ticks] == list(range(2, 21, 2))
    assert [tick["weights"] is not None for tick in ticks] == [step % 4 == 0 for step in range(2, 21, 2)]
    assert {"G/total", "D/total", "Dreg/total"} >= ticks[0]["losses"].keys()
    logged = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [entry["kimg"] for entry in logged] == pytest.approx([tick["kimg"] for tick in ticks])
    assert [path.name for path in snapshots.listed(tmp_path)] == [f"snapshot-0000000{n}.safetensors" for n in (16, 20)]
    assert not torch.equal(tiny.G.weight, tiny.G_ema.weight)


def test_every_step_is_prepared_once(tmp_path):
    assert train(tmp_path, 3).prepared == [0, 1, 2]
    assert train(tmp_path, 8, resume=True).prepared == [3, 4, 5, 6, 7]


@pytest.mark.parametrize("stopped_at", [4, 10, 12])
def test_a_resumed_run_ends_in_the_same_bits(tmp_path, stopped_at):
    train(tmp_path / "whole", 20)
    train(tmp_path / "parts", stopped_at)
    train(tmp_path / "parts", 20, resume=True)
    same(outcome(tmp_path / "whole"), outcome(tmp_path / "parts"))


def test_the_seed_decides(tmp_path):
    for name, seed in [("a", 0), ("b", 0), ("c", 1)]:
        train(tmp_path / name, 6, seed=seed)
    same(outcome(tmp_path / "a"), outcome(tmp_path / "b"))
    assert not torch.equal(
        outcome(tmp_path / "a")[1]["networks/G/weight"], outcome(tmp_path / "c")[1]["networks/G/weight"]
    )


def test_the_global_random_state_is_left_alone(tmp_path):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    train(tmp_path, 6)
    assert torch.equal(before, torch.get_rng_state())


def test_lazy_phases_run_at_their_interval_with_their_gradient_multiplied(tmp_path):
    ticks = []
    train(tmp_path, 8, on_tick=ticks.append)
    assert ["Dreg/total" in tick["losses"] for tick in ticks] == [True, True, False, True]  # steps 0, 3, 6


def test_a_damaged_newest_snapshot_falls_back_to_the_one_before(tmp_path):
    train(tmp_path / "whole", 20)
    train(tmp_path / "parts", 12)
    newest = snapshots.listed(tmp_path / "parts")[-1]
    newest.write_bytes(newest.read_bytes()[:-100])
    assert snapshots.latest(tmp_path / "parts").step == 8
    train(tmp_path / "parts", 20, resume=True)
    same(outcome(tmp_path / "whole"), outcome(tmp_path / "parts"))


def edited(path, header, tensors):
    """Write a snapshot with other entries of its header and other tensors, and no checksum."""
    with safe_open(path, "pt") as file:
        about = {name: text for name, text in file.metadata().items() if name != "sha256"}
    save_file({**load_file(path), **tensors}, path, {**about, **header})


@pytest.mark.parametrize(
    "header",
    [{"step": text} for text in ('"x"', "-5", "2.5", "1e400", "true", "9" * 5000, "[" * 100000)]
    + [{"settings": "[]"}, {"settings": "{"}, {"changes": "3"}, {"changes": "[1]"}],
)  # fmt: skip
def test_a_snapshot_whose_header_is_odd_falls_back_to_the_one_before(trained, header, capsys):
    edited(snapshots.listed(trained)[-1], header, {})
    assert snapshots.latest(trained).step == 4
    assert "resuming from snapshot-000000004.safetensors, an older snapshot: expected step" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name",
    ["optimizers/G/0/exp_avg", "optimizers/G/99/exp_avg", "optimizers/G/x/exp_avg", "optimizers/G/0/more", "junk"],
)
def test_a_snapshot_whose_tensors_are_others_is_refused(trained, name):
    edited(snapshots.listed(trained)[-1], {}, {name: torch.zeros(7)})
    with pytest.raises(TrainingError, match=r"found another in the snapshot's (optimiser of G|junk): resume with"):
        train(trained, 12, resume=True)


@pytest.fixture
def trained(tmp_path):
    train(tmp_path, 8)
    return tmp_path


def test_one_flipped_bit_is_noticed(tmp_path):
    train(tmp_path, 8)
    newest = snapshots.listed(tmp_path)[-1]
    content = bytearray(newest.read_bytes())
    content[-5] ^= 1
    newest.write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        snapshots.read(newest)
    assert snapshots.latest(tmp_path).step == 4


def test_nan_stops_with_the_kimg_and_leaves_the_last_good_snapshot(tmp_path):
    with pytest.raises(ValueError, match=r"G/total became nan at 0\.024 kimg"):
        train(tmp_path, 20, spoil_at=6)
    step, tensors = outcome(tmp_path)
    assert step == 4
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())


def test_after_it_diverged_a_run_goes_on_with_changed_settings_and_says_so(tmp_path):
    words = r"G/total became nan at 0\.024 kimg: resume with another value of lr or seed\."
    with pytest.raises(DivergenceError, match=words):
        train(tmp_path, 20, spoil_at=6)
    train(tmp_path, 12, resume=True, lr=0.001, seed=5)
    changes = {"kimg": 0.016, "lr": [0.01, 0.001], "seed": [0, 5]}
    assert read_header(tmp_path / "tiny.safetensors")["changes"] == [changes]
    assert snapshots.latest(tmp_path).changes == (changes,)
    entries = log.read(tmp_path / "log.jsonl")
    assert [entry["step"] for entry in entries] == [2, 4, 7, 4, 6, 8, 10, 12]
    assert (entries[2]["diverged"], entries[3]["changed"]) == ("G/total became nan at 0.024 kimg", changes)
    train(tmp_path, 16, resume=True, lr=0.001, seed=5)
    assert snapshots.latest(tmp_path).changes == (changes,)
    with pytest.raises(TrainingError, match=r"expected lr 0\.001 as in the snapshot .*, found 0\.01"):
        train(tmp_path, 20, resume=True, seed=5)


def test_a_run_that_goes_on_changed_is_the_same_whether_it_is_stopped_or_not(tmp_path):
    for name, stops in (("whole", [12]), ("killed", [6, 12])):
        with pytest.raises(DivergenceError):
            train(tmp_path / name, 20, spoil_at=6)
        for stop in stops:  # the first is before the next snapshot, so that the change is made a second time
            train(tmp_path / name, stop, resume=True, lr=0.001)
            for newer in snapshots.listed(tmp_path / name)[1:] if stop == 6 else []:
                newer.unlink()
    same(outcome(tmp_path / "whole"), outcome(tmp_path / "killed"))
    changed = [entry for entry in log.read(tmp_path / "killed" / "log.jsonl") if "changed" in entry]
    assert len(changed) == 1


def test_without_a_snapshot_a_run_that_diverged_is_started_again(tmp_path):
    with pytest.raises(
        DivergenceError, match=r"became nan at 0\.008 kimg: start again with another value of lr or seed"
    ):
        train(tmp_path, 20, spoil_at=2)
    check(tmp_path, resume=False)
    train(tmp_path, 4, lr=0.001)
    assert [entry["step"] for entry in log.read(tmp_path / "log.jsonl")] == [2, 4]
    assert snapshots.latest(tmp_path).changes == ()


def test_weights_that_are_not_finite_are_a_divergence_too(tmp_path, monkeypatch):
    capture = snapshots.capture

    def spoilt(step, *rest):
        found = capture(step, *rest)
        bad = {name: tensor * float("nan") for name, tensor in found.tensors.items()}
        return found if step < 8 else dataclasses.replace(found, tensors=bad)

    monkeypatch.setattr(snapshots, "capture", spoilt)
    with pytest.raises(DivergenceError, match="is not finite at step 8: resume with"):
        train(tmp_path, 12)
    monkeypatch.undo()
    assert snapshots.latest(tmp_path).step == 4
    train(tmp_path, 12, resume=True, lr=0.001)


def test_resuming_nothing_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no snapshot"):
        train(tmp_path, 4, resume=True)


def test_starting_over_an_existing_run_is_refused(tmp_path):
    train(tmp_path, 4)
    with pytest.raises(ValueError, match="expected an empty folder for a new run"):
        train(tmp_path, 4)


def test_resuming_with_other_settings_is_refused(tmp_path):
    train(tmp_path, 4)
    with pytest.raises(ValueError, match=r"expected seed 0 as in the snapshot .*, found 1"):
        train(tmp_path, 8, resume=True, seed=1)


def test_many_other_settings_are_those_of_another_recipe(tmp_path):
    settings = dict.fromkeys("abcdefg", (10.0, 5))
    message = str(loop.other_settings(tmp_path, settings, {}))
    assert "found 7 others (a, ...): resume with its training_options.json as the recipe." in message
    assert "expected a 10, b 10 as in" in str(loop.other_settings(tmp_path, {"a": (10.0, 5), "b": (10.0, 5)}, {}))


def test_a_run_older_than_a_setting_had_its_default(tmp_path, monkeypatch):
    short = SHORT["stylegan2"]
    newest = short.train(IMAGES, short.change(kimg=0.008), tmp_path).parent
    latest = snapshots.latest

    def before_freeze_d(run_dir):
        found = latest(run_dir)
        older = {name: value for name, value in found.settings.items() if name != "freeze_d"}
        assert older != found.settings
        return dataclasses.replace(found, settings=older)

    monkeypatch.setattr(snapshots, "latest", before_freeze_d)
    with pytest.raises(ValueError, match=r"expected freeze_d 0 as in the snapshot .*, found 1"):
        short.train(IMAGES, short.change(freeze_d=1, kimg=0.016), newest, resume=True)
    short.train(IMAGES, short.change(kimg=0.016), newest, resume=True)


def test_a_run_keeps_another_out_of_its_folder_for_as_long_as_it_lasts(tmp_path):
    def intrude(_tick):
        with pytest.raises(ValueError, match="in use by another process"):
            train(tmp_path, 8, resume=True)

    train(tmp_path, 4, on_tick=intrude)
    train(tmp_path, 8, resume=True)


def test_resuming_in_no_folder_makes_none(tmp_path):
    with pytest.raises(ValueError, match=r"found no folder .*: start without resuming"):
        train(tmp_path / "nowhere", 4, resume=True)
    assert not list(tmp_path.iterdir())


def test_killed_between_snapshot_and_tick_the_log_lacks_no_line(tmp_path):
    class Killed(BaseException):
        pass

    def kill(tick):
        if tick["step"] == 8:
            raise Killed

    with pytest.raises(Killed):
        train(tmp_path, 12, on_tick=kill)
    assert snapshots.latest(tmp_path).step == 8
    train(tmp_path, 12, resume=True)
    assert [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [
        2,
        4,
        6,
        8,
        10,
        12,
    ]


def test_killed_between_log_and_snapshot_the_log_has_no_line_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(snapshots, "write", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train(tmp_path, 12)
    monkeypatch.undo()
    assert not snapshots.listed(tmp_path)
    train(tmp_path, 12)
    assert [json.loads(line)["step"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [
        2,
        4,
        6,
        8,
        10,
        12,
    ]


def test_a_folder_that_cannot_be_written_is_an_oserror(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        train(tmp_path / "file", 4)


def test_a_full_disk_keeps_the_older_snapshots(tmp_path, monkeypatch):
    train(tmp_path, 4)
    good = outcome(tmp_path)

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        train(tmp_path, 8, resume=True)
    same(good, outcome(tmp_path))
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_writes_a_snapshot_and_stops(tmp_path, number):
    def send(tick):
        if tick["step"] == 6:
            signal.raise_signal(number)

    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts", 20, on_tick=send)
    assert signal.getsignal(number) is before
    assert snapshots.latest(tmp_path / "parts").step == 7
    train(tmp_path / "parts", 20, resume=True)
    train(tmp_path / "whole", 20)
    same(outcome(tmp_path / "whole"), outcome(tmp_path / "parts"))


def test_outside_the_main_thread_it_trains_without_signal_handlers(tmp_path):
    thread = threading.Thread(target=train, args=(tmp_path, 4))
    thread.start()
    thread.join()
    assert snapshots.latest(tmp_path).step == 4


def start(run_dir, steps, *words):
    command = [sys.executable, "-m", "tests.training.tiny", str(run_dir), str(steps), *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_killed_at_any_moment_it_goes_on_from_a_whole_snapshot(tmp_path):
    """Kills the process outright, again and again, some milliseconds after a tick, and compares with a quiet run."""
    reached = 0
    for attempt in range(3):
        process = start(tmp_path / "killed", 10**6, *(["resume"] if attempt else []))
        for _ in range(5):
            assert process.stdout is not None
            assert process.stdout.readline().startswith("tick")
        time.sleep(0.017 * attempt)
        process.kill()
        process.communicate()
        newest = snapshots.latest(tmp_path / "killed").step
        assert newest >= reached + 8  # ten steps were seen to be taken, and every fourth is kept
        reached = newest
    train(tmp_path / "killed", reached + 8, resume=True)
    train(tmp_path / "quiet", reached + 8)
    same(outcome(tmp_path / "quiet"), outcome(tmp_path / "killed"))
