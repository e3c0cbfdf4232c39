"""A batch in parts against the same batch in one pass: gradients, losses and everything that a pass changes."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from baselines.errors import TrainingError
from baselines.training import snapshots
from baselines.training.hardware import Hardware
from baselines.training.loop import StepContext, streams_of
from baselines.training.ranks import parts_of_batches
from baselines.training.steps import accumulate, mend, parts_of
from tests.training import stylegans, tiny

CLOSE = {"rtol": 1e-10, "atol": 1e-12}
CHANGES = {
    "stylegan1": {"style_mixing_prob": 1},
    "stylegan2": {"style_mixing_prob": 0.5, "emas_in_every_pass": True},
    # with path lengths and averages that every pass updates, which its own recipes do without
    "stylegan3": {"style_mixing_prob": 0.5, "emas_in_every_pass": True, "pl_weight": 2, "pl_decay": 0.5},
}


def phases_in_parts(name, parts, step=4):
    """Return by phase the gradients, losses and buffers after each phase, on a batch of 8 images in parts."""
    module, recipe, labels = stylegans.RUNS[name]
    recipe = dataclasses.replace(recipe, **CHANGES.get(name, {}))
    with stylegans.in_float64():
        run = module.prepare(stylegans.IMAGES, recipe, Path("unused"), labels=labels)
        plan, (real, c) = run.training.plan(), run.batches.draw(step)
        at = StepContext(step, run.batches.shown(step), real, None if c is None else c.double(), streams_of(0, step))
        plan.prepare(at)
        found = {}
        for phase in plan.phases:
            networks = list(plan.networks.values())
            for network in phase.networks:
                network.requires_grad_(True)
            means = accumulate(phase, at, parts_of(len(real) // phase.shrink, parts))
            gradients = {
                f"{i}/{key}": p.grad for i, net in enumerate(phase.networks) for key, p in net.named_parameters()
            }
            buffers = {
                f"{i}/{key}": buffer.clone() for i, net in enumerate(networks) for key, buffer in net.named_buffers()
            }
            found[phase.name] = {**means, **{key: g for key, g in gradients.items() if g is not None}, **buffers}
            for network in phase.networks:
                network.requires_grad_(False)
                network.zero_grad(set_to_none=True)
    return found


@pytest.mark.parametrize("name", stylegans.RUNS)
def test_parts_give_what_one_pass_gives(name):
    parts = 4 if name in ("stylegan2", "stylegan3") else 2  # the others compare four images at a time
    whole, divided = phases_in_parts(name, 1), phases_in_parts(name, parts)
    assert whole.keys() == divided.keys()
    for phase, expected in whole.items():
        assert expected.keys() == divided[phase].keys()
        largest = max(float(x.abs().max()) for key, x in expected.items() if "/" in key)
        assert largest > 0
        for key, tensor in expected.items():
            torch.testing.assert_close(
                divided[phase][key], tensor, **CLOSE, msg=lambda m, where=f"{phase} {key}": f"{where}: {m}"
            )


def test_a_run_in_parts_resumes_one_in_whole_batches(tmp_path):
    tiny.train(tmp_path / "whole", 8)
    tiny.train(tmp_path / "parts", 4)
    tiny.train(tmp_path / "parts", 8, resume=True, hardware=Hardware(batch_gpu=2))
    expected, found = (snapshots.latest(tmp_path / name).tensors for name in ("whole", "parts"))
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-4, atol=1e-6)
    logged = [(tmp_path / name / "log.jsonl").read_text().splitlines()[-1] for name in ("whole", "parts")]
    one, other = (json.loads(line)["losses"] for line in logged)
    assert one == pytest.approx(other, rel=1e-4, abs=1e-6)


def test_parts_hold_whole_groups_and_divide_a_share():
    assert parts_of_batches(4, [16, 8, 4], 8) == {16: 2, 8: 1, 4: 1}
    assert parts_of_batches(4, [16], None) == {16: 1}
    with pytest.raises(TrainingError, match="whole groups of 4 that the discriminator compares, found 2: set another"):
        parts_of_batches(4, [16], 2)
    with pytest.raises(TrainingError, match=r"to divide the 16 images of a device .* found 5"):
        parts_of_batches(1, [16], 5)
    with pytest.raises(
        TrainingError, match=r"batch_gpu of at least 16 for this model, whose batch norm .* found 8: leave"
    ):
        parts_of_batches(None, [16], 8)


@pytest.mark.parametrize(("images", "least", "expected"), [(8, 1, 1), (8, 4, 4), (4, 8, 4), (6, 4, 6), (1, 8, 1)])
def test_a_smaller_batch_has_at_least_as_many_parts_where_it_can(images, least, expected):
    assert parts_of(images, least) == expected


def test_gradients_that_are_not_finite_are_mended():
    gradient = torch.tensor([float("nan"), float("inf"), -float("inf"), 2.0])
    mend([gradient, None])
    assert gradient.tolist() == [0, 1e5, -1e5, 2]
