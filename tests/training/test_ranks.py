"""Several processes, started as a user starts them, against one."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from baselines.ops import processes
from baselines.training import snapshots
from baselines.training.ranks import WHOLE, RankSlice, device_of_process, rank_slice
from tests.training import stylegans, tiny

ROOT = Path(__file__).resolve().parents[2]
LAUNCHER = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m")


def launched(*words):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*LAUNCHER, *words], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name in stylegans.RUNS:
        stylegans.train(name, folder / "from-one" / name, share=0.5)
    process = launched("tests.training.stylegans", str(folder))
    for name in stylegans.RUNS:
        stylegans.train(name, folder / "one" / name)
    for name in stylegans.ROUNDED:
        stylegans.train(name, folder / "one-float32" / name, float64=False)
    process.communicate(timeout=600)
    assert process.returncode == 0
    return folder


def entries(run_dir):
    return [json.loads(line) for line in (run_dir / "log.jsonl").read_text().splitlines()]


def assert_alike(found, expected):
    """The logged losses and the weights are the same but for float64's rounding, and there are some."""
    assert len(entries(expected)) >= 3
    for one, other in zip(entries(found), entries(expected), strict=True):
        assert (one["step"], one["kimg"]) == (other["step"], other["kimg"])
        assert one["losses"] == pytest.approx(other["losses"], rel=1e-7, abs=1e-9)
    found, expected = (snapshots.latest(run_dir) for run_dir in (found, expected))
    assert found.step == expected.step
    assert found.tensors.keys() == expected.tensors.keys()
    for name, tensor in found.tensors.items():
        # StyleGAN's first layer normalises a constant away: the gradient is 0, and Adam follows its rounding.
        atol = 1e-6 if name.endswith("synthesis.b4.epilogue0.bias") else 1e-8
        torch.testing.assert_close(tensor, expected.tensors[name], rtol=1e-6, atol=atol, msg=lambda m, n=name: n + m)


@pytest.mark.parametrize("name", stylegans.RUNS)
def test_several_processes_give_what_one_gives(runs, name):
    assert_alike(runs / "whole" / name, runs / "one" / name)


def difference(found, expected):
    """Return the largest difference of a trained weight between two runs."""
    found, expected = (snapshots.latest(run_dir).tensors for run_dir in (found, expected))
    kinds = ("networks/G/", "networks/D/")
    names = [name for name in found if name.startswith(kinds) and name.endswith(("weight", "bias"))]
    # Its gradient is 0; see ``assert_alike``.
    names = [name for name in names if not name.endswith("synthesis.b4.epilogue0.bias")]
    return max(float((found[name].double() - expected[name]).abs().max()) for name in names)


@pytest.mark.parametrize("name", stylegans.ROUNDED)
def test_what_several_processes_differ_by_is_rounding_and_has_its_size(runs, name):
    """The size that ``baselines.training.ranks`` states; in float64 it is smaller by as much as the rounding is."""
    single = difference(runs / "several-float32" / name, runs / "one-float32" / name)
    assert 0 < single < 1e-4
    assert difference(runs / "whole" / name, runs / "one" / name) < 1e-10


@pytest.mark.parametrize("name", stylegans.RUNS)
def test_one_process_goes_on_where_several_stopped_and_the_other_way_round(runs, name):
    assert_alike(runs / "from-one" / name, runs / "one" / name)
    stylegans.train(name, runs / "from-several" / name, resume=True)
    assert_alike(runs / "from-several" / name, runs / "one" / name)


def test_what_is_compared_is_exercised(runs):
    before, last = entries(runs / "one" / "stylegan2")[-2:]
    assert before["losses"]["Greg/pl_length"] > 0
    assert last["augment_p"] not in (0, 0.5)
    assert 0 < entries(runs / "one" / "stylegan1")[-1]["losses"]["Gmain/lod"] < 2


def test_all_processes_end_with_the_same_sentence_and_one_is_to_tell(runs):
    first, second = ((runs / f"said-{rank}").read_text().splitlines() for rank in (0, 1))
    assert first[:4] == second[:4]
    assert {first[4], second[4]} == {"True", "False"}
    nan, alone, grouped, folder = first[:4]
    assert nan.startswith("G/total became nan at 0.02 kimg")
    assert "expected one process for this model, whose batch norm or dropout takes a batch as a whole" in alone
    assert "found 2: start it without torchrun" in alone
    assert "divides the 1 groups of a batch (4 images, 4 compared at a time), found 2: start another" in grouped
    assert "cannot write" in folder
    assert snapshots.latest(runs / "nan").step == 4


def ticks(process, count):
    lines = [process.stdout.readline() for _ in range(count)]
    assert all(line.startswith("tick ") for line in lines)
    return int(lines[-1].split()[1])


def alike_when_resumed(run_dir, quiet):
    step = snapshots.latest(run_dir).step + 4
    tiny.train(run_dir, step, resume=True)
    tiny.train(quiet, step)
    found, expected = (snapshots.latest(folder).tensors for folder in (run_dir, quiet))
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-3, atol=1e-4)


def test_a_signal_stops_all_after_one_snapshot(tmp_path):
    process = launched("tests.training.tiny", str(tmp_path / "run"), "1000000")
    ticks(process, 5)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=600)
    assert snapshots.latest(tmp_path / "run").step >= 10
    alike_when_resumed(tmp_path / "run", tmp_path / "quiet")


def test_a_killed_process_ends_the_others_and_the_run_goes_on_from_a_whole_snapshot(tmp_path):
    process = launched("tests.training.tiny", str(tmp_path / "run"), "1000000")
    os.kill(ticks(process, 5), signal.SIGKILL)
    process.communicate(timeout=600)
    assert process.returncode not in (0, None)
    alike_when_resumed(tmp_path / "run", tmp_path / "quiet")


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_shares_keep_groups_whole_and_together_they_are_the_batch(ranks):
    group, batch = 4, torch.arange(16)
    groups = {tuple(column) for column in batch.view(group, -1).t().tolist()}
    shares = [RankSlice(rank, ranks).of(batch) for rank in range(ranks)]
    assert sorted(torch.cat(shares).tolist()) == batch.tolist()
    own = {tuple(column) for share in shares for column in share.view(group, -1).t().tolist()}
    assert own == groups


def test_rows_that_are_not_enough_for_all_are_refused():
    with pytest.raises(ValueError, match="divides a batch of 3 images, found 2"):
        RankSlice(0, 2).of(torch.zeros(3))


def test_one_process_has_everything():
    batch = torch.arange(3)
    assert rank_slice(None, [3]) == WHOLE
    assert WHOLE.of(batch) is batch
    assert device_of_process("cpu") == "cpu"


def test_every_process_takes_a_gpu_of_its_own(monkeypatch):
    taken = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", taken.append)
    assert device_of_process(None) == "cuda"
    monkeypatch.setattr(processes, "count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert [device_of_process(asked) for asked in (None, "cuda", "cpu")] == ["cuda:1", "cuda:1", "cpu"]
    assert taken == [1, 1]
    with pytest.raises(ValueError, match="found cuda:0 for all: write cuda"):
        device_of_process("cuda:0")
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(ValueError, match=r"more processes on this machine than GPUs \(2\): start 2"):
        device_of_process(None)
