import json
import multiprocessing

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import nn

from baselines.errors import LostProcessError, WriteError
from baselines.training import log, snapshots
from baselines.training.files import locked, write_atomically
from baselines.training.grids import save_grid
from baselines.training.snapshots import Snapshot
from baselines.training.streams import normal, seeded, stream
from baselines.training.weights import from_bytes, load_state, read_header, save_weights, to_bytes


@pytest.fixture
def weights(tmp_path):
    network = nn.BatchNorm1d(3)
    save_weights(tmp_path / "a.safetensors", network, model="norm", config={"num": 3, "kwargs": {"a": [1]}}, kimg=1.5)
    return tmp_path / "a.safetensors", network


def test_weights_come_back_with_buffers_and_header(weights):
    path, network = weights
    assert read_header(path) == {"model": "norm", "config": {"num": 3, "kwargs": {"a": [1]}}, "kimg": 1.5}
    state = load_state(path)
    assert state.keys() == network.state_dict().keys() == load_file(path).keys()
    assert all(torch.equal(state[name], tensor) for name, tensor in network.state_dict().items())


def test_equal_weights_are_equal_bytes_in_whatever_order_they_come():
    tensors = {"b": torch.arange(3.0), "a": torch.ones(2, dtype=torch.int64), "ö": torch.zeros([])}
    header = {name: f'"{name} é"' for name in "abcdefgh"}  # eight entries: one random order in 40,320 is this one
    content = to_bytes(tensors, header)
    assert to_bytes(dict(reversed(tensors.items())), dict(reversed(header.items()))) == content
    read, kept = from_bytes(content, "it")
    assert kept == header
    assert list(kept) == sorted(header)
    assert all(torch.equal(read[name], tensor) for name, tensor in tensors.items())
    assert (8 + int.from_bytes(content[:8], "little")) % 8 == 0


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:4], lambda b: b"", lambda b: b[:-2] + b"\xff\xff"])
def test_damaged_weights_are_refused_by_name(weights, damage):
    path, _ = weights
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=r"a\.safetensors"):
        load_state(path)


def test_a_safetensors_file_of_another_writer_has_no_header(tmp_path):
    from safetensors.torch import save_file

    save_file({"weight": torch.ones(2)}, tmp_path / "foreign.safetensors")
    assert load_state(tmp_path / "foreign.safetensors")["weight"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="expected model and config in the header"):
        read_header(tmp_path / "foreign.safetensors")


def test_a_folder_that_is_not_there_is_an_oserror_with_the_path(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        save_weights(tmp_path / "nowhere" / "a.safetensors", nn.Linear(1, 1), model="m", config={})


def test_an_optimiser_comes_back_exactly(tmp_path):
    def fresh():
        with seeded(1):
            network = nn.Linear(2, 2)
        return network, torch.optim.Adam(network.parameters(), lr=0.1, betas=(0.0, 0.9))

    def step(network, optimizer):
        optimizer.zero_grad()
        network(torch.ones(1, 2)).square().sum().backward()
        optimizer.step()

    one, one_adam = fresh()
    step(one, one_adam)
    snapshots.write(tmp_path, snapshots.capture(1, {}, {"one": one}, {"adam": one_adam}))
    two, two_adam = fresh()
    snapshots.restore(snapshots.latest(tmp_path), {"one": two}, {"adam": two_adam})
    for _ in range(3):
        step(one, one_adam)
        step(two, two_adam)
    assert torch.equal(one.weight, two.weight)
    assert torch.equal(one.bias, two.bias)


def test_what_is_not_finite_is_never_written(tmp_path):
    with pytest.raises(ValueError, match="step 3"):
        snapshots.write(tmp_path, Snapshot(3, {}, {"networks/G/weight": torch.tensor([1.0, float("inf")])}))
    assert not list(tmp_path.iterdir())


def test_the_last_two_snapshots_are_kept(tmp_path):
    for step in (2, 4, 10, 100):
        snapshots.write(tmp_path, Snapshot(step, {"a": [1, 2]}, {"x": torch.tensor(step)}))
    assert [snapshots.read(path).step for path in snapshots.listed(tmp_path)] == [10, 100]
    assert snapshots.latest(tmp_path).settings == {"a": [1, 2]}


def test_weights_are_no_snapshot(weights):
    with pytest.raises(ValueError, match="expected a snapshot of a training run, found another file"):
        snapshots.read(weights[0])


def test_the_log_is_rewound_and_forgives_a_torn_line(tmp_path):
    path = tmp_path / "log.jsonl"
    for step in (2, 4, 6):
        log.append(path, {"step": step})
    path.write_text(path.read_text() + '{"step": 8, "lo')
    assert [entry["step"] for entry in log.read(path)] == [2, 4, 6]
    log.rewind(path, 4)
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [2, 4]


def loaded(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_grid_is_laid_out_row_by_row(tmp_path):
    images = torch.tensor([-1.0, 0.0, 1.0]).reshape(3, 1, 1, 1).expand(3, 1, 2, 2)
    save_grid(tmp_path / "grid.png", images, columns=2)
    pixels = loaded(tmp_path / "grid.png")
    assert pixels[::2, ::2].tolist() == [[0, 128], [255, 0]]
    assert pixels.shape == (4, 4)
    save_grid(tmp_path / "colour.png", images.expand(3, 3, 2, 2), columns=3)
    assert loaded(tmp_path / "colour.png").shape == (2, 6, 3)


def test_streams_depend_on_all_three_and_leave_the_global_state_alone():
    before = torch.get_rng_state()
    draws = [normal(stream(*key), 4) for key in [(0, 0, "a"), (0, 0, "a"), (1, 0, "a"), (0, 1, "a"), (0, 0, "b")]]
    with seeded(3):
        torch.randn(5)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(draws[0], draws[1])
    assert len({tuple(draw.tolist()) for draw in draws}) == 4


def test_what_goes_wrong_while_a_folder_is_held_keeps_its_own_words(tmp_path):
    for problem in (
        LostProcessError("another process has ended"),
        WriteError(28, "No space left on device", "weights"),
    ):
        with pytest.raises(type(problem), match=str(problem).partition("(")[0]), locked(tmp_path):
            raise problem


def test_an_error_of_writing_is_the_systems_and_a_sentence(tmp_path):
    with pytest.raises(WriteError) as found:
        write_atomically(tmp_path / "nowhere" / "a", b"")
    path = tmp_path / "nowhere" / "a"
    assert (found.value.errno, found.value.filename) == (2, str(path))
    assert str(found.value) == (
        f"cannot write {path} (No such file or directory): free space or choose another folder."
    )


def test_a_line_that_was_cut_short_does_not_spoil_the_next(tmp_path):
    path = tmp_path / "metrics.jsonl"
    log.mend(path)
    log.append(path, {"kimg": 1})
    path.write_text(path.read_text() + '{"kimg": 2, "fi')
    log.mend(path)
    log.append(path, {"kimg": 2})
    assert [entry["kimg"] for entry in log.read(path)] == [1, 2]
    assert path.read_text().count("\n") == 2


@pytest.mark.parametrize("odd", ['{"step": "x"}', "[1]", '{"step": ' + "9" * 5000 + "}", "[" * 100000, "\0"])
def test_a_log_ends_before_a_line_that_is_no_entry(tmp_path, odd):
    (tmp_path / "log.jsonl").write_text('{"step": 1}\n' + odd + '\n{"step": 2}\n')
    assert log.read(tmp_path / "log.jsonl") == [{"step": 1}]


def test_a_process_that_outlives_the_one_that_forked_it_holds_no_lock(tmp_path):
    context = multiprocessing.get_context("fork")
    begun, over = context.Event(), context.Event()
    with locked(tmp_path):
        process = context.Process(target=lambda: (begun.set(), over.wait(60)))
        process.start()
        assert begun.wait(60)
    with locked(tmp_path):
        over.set()
    process.join()
    assert process.exitcode == 0
