"""Batches read by worker processes: the bits, the errors and the ends are those of reading them one by one."""

import multiprocessing
import os
import signal
import time

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from baselines.cyclegan.data import Unpaired
from baselines.errors import TrainingError
from baselines.pix2pix.data import Paired
from baselines.stargan.train import Shifted
from baselines.starganv2.data import DomainBatches, Views
from baselines.training import loading
from baselines.training.data import Batches, BatchSegment, stacked
from baselines.training.loading import default_workers, loaded, on_device, reading
from baselines.training.ranks import RankSlice
from tests.training import tiny
from tests.training.runs import same

NOISE = torch.randint(256, [14, 3, 8, 8], dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
LABELS = torch.eye(2)[torch.arange(14) % 2]
JITTER = {"load_size": 10, "crop_size": 8, "mirror": True}
KINDS = {
    "plain": lambda: Batches(NOISE, LABELS, 4, 3, mirror=True),
    "growing": lambda: Batches(NOISE, None, 4, 3, segments=(BatchSegment(0, 0, 8), BatchSegment(4, 32, 2))),
    "unpaired": lambda: Unpaired(NOISE, None, 2, 3, others=NOISE.flip(0), translate=2, **JITTER),
    "paired": lambda: Paired(NOISE, None, 2, 3, truths=NOISE[:, :1], **JITTER),
    "shifted": lambda: Shifted(NOISE, LABELS, 4, 3, mirror=True, translate=2),
    "domains": lambda: DomainBatches(NOISE, LABELS, 4, 3, views=Views(0.5, (0.5, 1.0), (0.8, 1.2), mirror=True)),
}


class Files:
    """Images that do something when one of them is read, in place of files."""

    def __init__(self, special=None, what=lambda: None):
        self.special, self.what = special, what

    def __len__(self):
        return len(NOISE)

    def __getitem__(self, index):
        reading(f"data/{index}.png")
        if index == self.special:
            self.what()
        return NOISE[index]


def shown(batches, steps, workers):
    with loaded(batches, steps, workers, "cpu") as ahead:
        return list(ahead)


def assert_same(found, expected):
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one.real, other.real)
        assert (one.labels is None and other.labels is None) or torch.equal(one.labels, other.labels)
        assert len(one.extra) == len(other.extra)
        assert all(map(torch.equal, one.extra, other.extra))


@pytest.fixture(autouse=True)
def _no_process_is_left():
    yield
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("kind", KINDS)
def test_the_batches_are_those_of_drawing_them_one_by_one_in_order(kind):
    batches = KINDS[kind]()
    expected = [batches.draw(step) for step in range(7)]
    for workers in (0, 3):
        found = shown(KINDS[kind](), range(7), workers)
        assert all(torch.equal(one.real, real) for one, (real, _) in zip(found, expected, strict=True))
        assert all(one.real.dtype == torch.float32 for one in found)
        assert all(
            one.labels is None or torch.equal(one.labels, y) for one, (_, y) in zip(found, expected, strict=True)
        )
    assert_same(found, shown(batches, range(7), 1))


def test_a_run_that_starts_in_the_middle_gets_the_same_batches():
    whole = shown(KINDS["plain"](), range(9), 0)
    assert_same(shown(KINDS["plain"](), range(5, 9), 2), whole[5:])


def test_several_ranks_with_any_number_of_workers_share_one_batch():
    whole = shown(KINDS["plain"](), range(5), 0)
    shares = []
    for rank, workers in ((0, 2), (1, 0)):
        batches = KINDS["plain"]()
        batches.rows = RankSlice(rank, 2)
        shares.append(shown(batches, range(5), workers))
    for batch, first, second in zip(whole, *shares, strict=True):
        assert torch.equal(batch.real, torch.stack([first.real, second.real], 1).flatten(0, 1))


def test_workers_read_ahead_of_the_steps():
    moments = multiprocessing.Array("d", len(NOISE))

    class Timed(Files):
        def __getitem__(self, index):
            moments[index] = time.monotonic()
            return NOISE[index]

    with loaded(Batches(Timed(), None, 1, 0), range(4), 1, "cpu") as ahead:
        next(ahead)
        time.sleep(0.5)
        asked = time.monotonic()
        next(ahead)
    assert sum(0 < moment < asked for moment in moments) >= 3  # the first, which `Batches` looks at, is among them


@pytest.mark.parametrize("stopped_at", [None, 6])
def test_a_run_ends_in_the_same_bits_with_any_number_of_workers(tmp_path, stopped_at):
    tiny.train(tmp_path / "none", 12)
    if stopped_at:
        tiny.train(tmp_path / "some", stopped_at, workers=3)
    tiny.train(tmp_path / "some", 12, workers=1, resume=stopped_at is not None)
    assert same(tmp_path / "none", tmp_path / "some")


def test_the_global_random_state_is_left_alone():
    before = torch.get_rng_state()
    shown(KINDS["plain"](), range(2), 2)
    assert torch.equal(before, torch.get_rng_state())


class OwnError(Exception):
    pass


def refuse():
    raise OwnError("data/5.png cannot be decoded (truncated): replace it or remove it.")


@pytest.mark.parametrize("workers", [0, 2])
def test_an_image_that_cannot_be_read_is_told_as_if_read_here(workers):
    with pytest.raises(OwnError) as caught:
        shown(Batches(Files(5, refuse), None, 4, 0), range(40), workers)
    assert str(caught.value) == "data/5.png cannot be decoded (truncated): replace it or remove it."


def test_an_error_that_cannot_be_sent_still_ends_the_run():
    class LocalError(Exception):
        pass

    def fail():
        raise LocalError("here")

    with pytest.raises(RuntimeError, match="LocalError: here"):
        shown(Batches(Files(5, fail), None, 4, 0), range(40), 2)


def test_a_worker_that_dies_ends_the_run_in_one_sentence_that_names_the_file():
    with pytest.raises(TrainingError) as caught:
        shown(Batches(Files(5, lambda: os.kill(os.getpid(), signal.SIGKILL)), None, 4, 0), range(40), 2)
    text = str(caught.value)
    assert text.startswith(
        "expected the processes that read images to last as long as the run, found one that ended at"
    )
    assert " data/5.png (DataLoader worker" in text
    assert text.count("\n") == 0
    assert text.endswith("replace that file, or give fewer workers or more memory, and resume.")


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt("stopped")])
def test_another_error_of_the_body_passes_as_it_is(error):
    def train():
        with loaded(Batches(Files(), None, 4, 0), range(99), 2, "cpu") as ahead:
            next(ahead)
            raise error

    with pytest.raises(type(error)) as caught:
        train()
    assert caught.value is error


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_whole_group_leaves_the_workers_to_the_caller(number):
    batches = Batches(Files(5, lambda: os.kill(os.getpid(), number)), None, 4, 0)
    assert_same(shown(batches, range(8), 2), shown(Batches(NOISE, None, 4, 0), range(8), 0))


def test_no_room_in_shared_memory_is_an_error_and_no_wait(monkeypatch):
    def full(_tensor):
        raise RuntimeError("unable to allocate shared memory(shm): No space left on device (28)")

    batches = KINDS["plain"]()
    with loaded(batches, range(9), 0, "cpu"):
        pass
    monkeypatch.setattr(loading.Steps, "batch", lambda self, step: spoilt(self.batches.read(step), full))
    with pytest.raises(TrainingError, match=r"expected room in shared memory for a batch of 768 bytes.*fewer workers"):
        shown(batches, range(9), 1)


def test_a_batch_is_stacked_in_shared_memory_and_told_if_there_is_no_room(monkeypatch):
    def full(*_):
        raise RuntimeError("unable to allocate shared memory(shm): No space left on device (28)")

    images = list(torch.randint(256, [3, 2, 4, 4], dtype=torch.uint8))
    assert not stacked(images).is_shared()
    monkeypatch.setattr(torch.utils.data, "get_worker_info", lambda: "a worker")
    batch = stacked(images)
    assert batch.is_shared()
    assert torch.equal(batch, torch.stack(images))
    monkeypatch.setattr(torch.UntypedStorage, "_new_shared", full)
    with pytest.raises(TrainingError, match=r"expected room in shared memory for a batch of 96 bytes.*fewer workers"):
        stacked(images)


def spoilt(read, full):
    images, labels = read

    class Full(torch.Tensor):
        share_memory_ = full

    return images.as_subclass(Full), labels, ()


def test_workers_leave_a_core_and_share_a_machine_with_other_ranks(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert default_workers() == 7
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert default_workers() == 1
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    assert default_workers() == 8


class Copies(TorchDispatchMode):
    """Notes every copy to another device: the type of its numbers, and whether it is waited for."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._to_copy.default and "device" in (kwargs or {}):
            self.found.append((args[0].dtype, kwargs["device"].type, kwargs.get("non_blocking")))
        return func(*args, **(kwargs or {}))


def test_images_go_to_a_gpu_as_bytes_and_without_waiting():
    with FakeTensorMode(), Copies() as copies:
        images = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
        batch = on_device((images, torch.zeros(2, 4), (torch.zeros(2, dtype=torch.int64),)), "cuda")
    assert batch.real.dtype == torch.float32
    assert {batch.real.device.type, batch.labels.device.type, batch.extra[0].device.type} == {"cuda"}
    assert copies.found == [(kind, "cuda", True) for kind in (torch.uint8, torch.float32, torch.int64)]


@pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:1"])
def test_memory_is_pinned_for_a_gpu(monkeypatch, device):
    options = []

    class Noting(list):
        def __init__(self, dataset, **given):
            options.append(given)

    monkeypatch.setattr(loading, "DataLoader", Noting)
    with loaded(KINDS["plain"](), range(2), 0, device):
        pass
    assert [given["pin_memory"] for given in options] == [device != "cpu"]
