"""A step on a device, as far as this can be seen without one.

Tensors on the meta device have shapes and dtypes but no values, so whatever makes the host wait for a value, such as
``item``, ``tolist``, ``float`` or a copy to the CPU, raises an error there.
"""

import contextlib
import dataclasses
import itertools
import traceback
from pathlib import Path

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from baselines.errors import DivergenceError
from baselines.ops.host import set_value, value_of
from baselines.stylegan2.discriminator import Discriminator
from baselines.stylegan2.networks import Generator as Generator2
from baselines.stylegan3.networks import Generator as Generator3
from baselines.training import log, snapshots
from baselines.training.ema import update_average
from baselines.training.hardware import Hardware
from baselines.training.loop import StepContext, streams_of
from baselines.training.meter import CHECK, Meter
from baselines.training.ranks import WHOLE, RankSlice
from baselines.training.steps import advance_all
from baselines.training.streams import moved, normal_rows, stream
from tests.training import stylegans, tiny, translators


class Copies(TorchDispatchMode):
    """Notes from where tensors are copied from the CPU to the device, except by ``moved``, which does not wait."""

    def __init__(self):
        super().__init__()
        self.found = set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        copies = func in (torch.ops.aten._to_copy.default, torch.ops.aten.copy_.default)
        if copies and result.is_meta and any(isinstance(x, torch.Tensor) and x.is_cpu for x in args):
            calls = [call for call in traceback.extract_stack() if "/baselines/" in call.filename]
            if calls[-1].name != "moved":
                self.found.add(f"{Path(calls[-1].filename).name} {calls[-1].line}")
        return result


@pytest.fixture
def generators(monkeypatch):
    """Let the meta device draw from generators of the CPU, as it has none."""
    monkeypatch.setattr("baselines.training.streams.generator_on", lambda device: torch.Generator())


def prepared(name):
    """Return a tiny run of a model on the meta device."""
    if name not in stylegans.RUNS:
        return translators.prepared(name, device="meta")
    module, recipe, labels = stylegans.RUNS[name]
    changes = {"augment": "bgcfnc", "augment_p": 0.5} if name == "stylegan2" else {}
    recipe = dataclasses.replace(recipe, **changes)
    return module.prepare(stylegans.IMAGES, recipe, Path("unused"), labels=labels, device="meta")


@pytest.mark.usefixtures("generators")
@pytest.mark.parametrize(
    ("name", "parts"),
    [*itertools.product([*stylegans.RUNS, *translators.NAMES], [1, 2]), *((name, 1) for name in translators.WHOLE)],
)
def test_no_step_waits_for_the_device(name, parts):
    run = prepared(name)
    plan, batches = run.training.plan(), run.batches
    for network in plan.networks.values():  # a run begins by reading these once
        for key, buffer in network.named_buffers():
            if buffer.is_meta and key.rpartition(".")[2] in ("lod", "count"):
                set_value(buffer, 0)
    meter = Meter(batches, 4, 0)
    for step in (4, 5, 6):  # not one at which the augmentation adapts, but the first, which has nothing to read
        real, labels = batches.draw(step)
        labels = None if labels is None else moved(labels, "meta")
        extra = tuple(moved(x, "meta") for x in batches.extra(step))
        streams = streams_of(0, step)
        at = StepContext(step, batches.shown(step), moved(real, "meta"), labels, streams, extra=extra)
        with adapting_skipped(run.training), Copies() as copies:
            for means in advance_all(plan, at, parts):
                meter.add(means, at.nimg, on_cpu=False)
        assert not copies.found
        for average, network in plan.averages:
            update_average(average, network, plan.ema_beta(batches.shown(step + 1)))
    with pytest.raises((RuntimeError, NotImplementedError), match="meta"):  # this does wait
        meter.read()


@contextlib.contextmanager
def adapting_skipped(training):
    """Let the augmentation's probability be as it is: it is adapted to counts that must be read, every few steps."""
    augment = getattr(training, "augment", None)
    if augment is None:
        yield
        return
    adapt, augment.adapt = augment.adapt, lambda *args: None
    try:
        yield
    finally:
        augment.adapt = adapt


HALF = {"num_fp16_res": 2, "conv_clamp": 256}
NETWORKS = {
    "D": lambda: Discriminator(0, 16, 1, channel_base=64, channel_max=4, **HALF),
    "G2": lambda: Generator2(4, 0, 4, 16, 1, channel_base=64, channel_max=4, **HALF),
    "G3": lambda: Generator3(4, 0, 4, 16, 1, channel_base=64, channel_max=4, num_layers=4, margin_size=4, **HALF),
}


@pytest.mark.parametrize(("device", "halves"), [("meta", True), ("cpu", False)])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_highest_resolutions_are_in_float16_except_on_a_cpu(name, device, halves):
    network = NETWORKS[name]().to(device)
    dtypes = {}
    for part, module in network.named_modules():
        module.register_forward_hook(lambda _m, _i, result, part=part: dtypes.setdefault(part, result))
    x = torch.randn(4, *([1, 16, 16] if name == "D" else [4]), device=device)
    found = network(x)
    found.sum().backward()
    assert found.dtype == torch.float32
    assert all(p.grad.dtype == torch.float32 for p in network.parameters())
    half = {part for part, x in dtypes.items() if isinstance(x, torch.Tensor) and x.dtype == torch.float16}
    if name == "G3":
        convs = {f"synthesis.{part}" for part, layer in network.synthesis.named_children() if part != "input"}
        full = {part for part in convs if not network.get_submodule(part).design.use_fp16}
    else:
        convs = {part for part in dtypes if part.rpartition(".")[2] in ("conv0", "conv1")}
        full = {part for part in convs if "b4." in part}
    assert convs - full
    assert half & convs == (convs - full if halves else set())


@pytest.fixture
def asynchronous(monkeypatch):
    """Let the loop believe that its device computes beside the host."""
    monkeypatch.setattr(StepContext, "on_cpu", False)


@pytest.mark.usefixtures("asynchronous")
def test_a_loss_on_a_device_is_seen_at_the_next_tick_before_a_snapshot(tmp_path):
    with pytest.raises(DivergenceError, match=r"G/total became nan at 0\.02 kimg: resume with another"):
        tiny.train(tmp_path, 8, spoil_at=5)
    assert snapshots.latest(tmp_path).step == 4
    tiny.train(tmp_path, 8, lr=0.001, resume=True)


@pytest.mark.usefixtures("asynchronous")
def test_without_ticks_it_is_seen_soon(tmp_path):
    with pytest.raises(DivergenceError, match=r"G/total became nan at 0\.012 kimg"):
        tiny.train(tmp_path, 400, spoil_at=3, tick=400, snapshot=400)
    assert log.read(tmp_path / "log.jsonl")[-1]["step"] == CHECK


@pytest.mark.usefixtures("asynchronous")
def test_losses_read_late_are_logged_as_those_read_at_once(tmp_path, monkeypatch):
    tiny.train(tmp_path / "late", 8)
    monkeypatch.undo()
    tiny.train(tmp_path / "at-once", 8)
    late, at_once = (log.read(tmp_path / name / "log.jsonl") for name in ("late", "at-once"))
    for one, other in zip(late, at_once, strict=True):
        assert one["losses"] == pytest.approx(other["losses"])


def test_a_process_draws_the_noise_of_its_own_images_alone(monkeypatch):
    def seeds(rows):
        drawn = []

        class Recorded:
            def manual_seed(self, seed):
                drawn.append(seed)
                return torch.Generator()

        monkeypatch.setattr("baselines.training.streams.generator_on", lambda device: Recorded())
        assert normal_rows(stream(0, 0, "noise"), 4, [2, 3], torch.device("meta"), rows).shape == (
            4 // rows.ranks,
            2,
            3,
        )
        return drawn

    whole = seeds(WHOLE)
    assert len(set(whole)) == 4
    assert [seeds(RankSlice(rank, 2)) for rank in (0, 1)] == [whole[::2], whole[1::2]]


def test_copies_to_a_gpu_are_from_pinned_memory_and_do_not_wait(monkeypatch):
    calls = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda x: calls.append("pinned") or x)
    monkeypatch.setattr(torch.Tensor, "to", lambda x, device, non_blocking=False: calls.append((device, non_blocking)))
    moved(torch.ones(2), "cuda:1")
    assert calls == ["pinned", ("cuda:1", True)]


def test_switches_are_set_for_the_run_and_restored():
    switches = lambda: (  # noqa: E731
        torch.backends.cuda.matmul.allow_tf32,
        torch.backends.cudnn.allow_tf32,
        torch.backends.cudnn.benchmark,
    )
    before = switches()
    with contextlib.suppress(ZeroDivisionError), Hardware().set():
        assert switches() == (False, False, True)
        raise ZeroDivisionError
    with Hardware(allow_tf32=True, nobench=True).set():
        assert switches() == (True, True, False)
    assert switches() == before


def test_a_known_value_is_read_again_only_after_it_was_changed():
    buffer = torch.zeros([], device="meta")
    with pytest.raises(RuntimeError, match="meta"):
        value_of(buffer)
    set_value(buffer, 1.5)
    assert value_of(buffer) == 1.5
    buffer.add_(1)
    with pytest.raises(RuntimeError, match="meta"):
        value_of(buffer)
