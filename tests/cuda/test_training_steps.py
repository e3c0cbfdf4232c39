"""A few steps of training on a GPU: finite, alike in one process group, and close to the CPU's."""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from baselines.stylegan2.discriminator import Discriminator
from baselines.stylegan2.losses import path_lengths, r1_loss
from baselines.stylegan2.networks import Generator
from baselines.training import snapshots, stylegan
from baselines.training.ranks import RankSlice
from ganbench.engine.modes import exact_float32
from tests.training.runs import IMAGES
from tests.training.short import SHORT

ROOT = Path(__file__).resolve().parents[2]


def losses(run_dir: Path) -> list[dict[str, float]]:
    """Return the logged losses of a run."""
    return [json.loads(line)["losses"] for line in (run_dir / "log.jsonl").read_text().splitlines()]


def noise_of_the_cpu(
    draws: torch.Generator, count: int, shape: Sequence[int], device: torch.device, rows: RankSlice
) -> torch.Tensor:
    """The noise of ``normal_rows`` on a CPU, moved to the device, which otherwise draws its own."""
    return rows.of(torch.randn([count, *shape], generator=draws)).to(device)


@pytest.mark.parametrize("name", SHORT)
def test_a_short_run_is_finite_and_begins_as_on_the_cpu(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stylegan, "normal_rows", noise_of_the_cpu)
    short = SHORT[name]
    exact = {"num_fp16_res": 0} if name in ("stylegan2", "stylegan3") else {}  # on a CPU, nothing is float16
    recipe = short.change(**{each: {**getattr(short.recipe, each), **exact} for each in ("generator", "discriminator")})
    for device in ("cpu", "cuda"):
        short.train(IMAGES, recipe, tmp_path / device, device=device)
    cpu, cuda = losses(tmp_path / "cpu"), losses(tmp_path / "cuda")
    assert len(cpu) == len(cuda)
    for key, value in cpu[0].items():
        assert cuda[0][key] == pytest.approx(value, rel=0.02, abs=0.02), key
    assert all(torch.isfinite(tensor).all() for tensor in snapshots.latest(tmp_path / "cuda").tensors.values())


def regularisers(device: str) -> dict[str, list[torch.Tensor]]:
    """Path lengths and R1 of tiny networks, and what the weights' gradients are; all of second order in the kernels."""
    torch.manual_seed(0)
    sizes = {"channel_base": 64, "channel_max": 8, "num_fp16_res": 0}
    G = Generator(4, 0, 4, 32, 1, mapping_kwargs={"num_layers": 1}, **sizes).to(device)
    D = Discriminator(0, 32, 1, **sizes).to(device)
    draws = torch.Generator().manual_seed(1)
    shapes = [4, G.num_ws, 4], [4, 1, 32, 32], [4, 1, 32, 32]
    ws, noise, real = (torch.randn(shape, generator=draws).to(device) for shape in shapes)
    ws.requires_grad_(True)
    lengths = path_lengths(G.synthesis(ws, noise_mode="const"), ws, noise)
    penalty = r1_loss(D, real, None, 1.0)["total"]
    found = {}
    for name, values, network in (("path", lengths, G.synthesis), ("r1", penalty, D)):
        gradients = torch.autograd.grad(values.square().sum(), list(network.parameters()), allow_unused=True)
        found[name] = [values.detach(), *(g for g in gradients if g is not None)]
    return found


def test_second_derivatives_are_those_of_the_cpu() -> None:
    with exact_float32():
        cuda, cpu = regularisers("cuda"), regularisers("cpu")
    for name in cpu:
        assert len(cuda[name]) == len(cpu[name]) > 4
        largest = max(float(x.abs().max()) for x in cpu[name][1:])
        for ours, expected in zip(cuda[name], cpu[name], strict=True):
            torch.testing.assert_close(ours.cpu(), expected, rtol=1e-3, atol=1e-4 * largest)


def test_one_process_of_a_group_over_nccl(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from baselines.training.ranks import joined\n"
        "from tests.training.runs import IMAGES; from tests.training.short import SHORT\n"
        "with joined():\n"
        "    SHORT['stylegan2'].train(IMAGES, SHORT['stylegan2'].recipe, Path(sys.argv[1]), device='cuda')\n"
    )
    (tmp_path / "program.py").write_text(program)
    command = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=1")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    subprocess.run([*command, tmp_path / "program.py", tmp_path / "group"], cwd=ROOT, env=environment, check=True)
    SHORT["stylegan2"].train(IMAGES, SHORT["stylegan2"].recipe, tmp_path / "alone", device="cuda")
    for one, other in zip(losses(tmp_path / "group"), losses(tmp_path / "alone"), strict=True):
        assert one == pytest.approx(other, rel=0.02, abs=0.02)


def test_tensors_of_half_precision_stay_finite(tmp_path: Path) -> None:
    short = SHORT["stylegan3"]
    recipe = dataclasses.replace(short.recipe, generator={**short.recipe.generator, "num_fp16_res": 2})
    short.train(IMAGES, recipe, tmp_path, device="cuda")
    assert all(torch.isfinite(tensor).all() for tensor in snapshots.latest(tmp_path).tensors.values())
