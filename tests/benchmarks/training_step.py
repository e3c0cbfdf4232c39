"""A training step of full width, in time and memory, against the authors' program where its checkout is at hand.

``python -m tests.benchmarks.training_step --model stylegan3 --resolution 1024 --batch 32 --batch-gpu 4 --device cuda``
takes every phase a few times and writes a line of JSON for each: the least milliseconds, and the peak in GiB. A step is
Gmain and Dmain, and shares of Greg and Dreg. ``GANBENCH_STYLEGAN3`` names a checkout of StyleGAN3's repository, whose
networks and losses (of StyleGAN2, too) are then measured alike. With ``--device meta`` nothing is computed: tensors
have shapes alone, and the peak is what the tensors that live at once add up to.
"""

import argparse
import json
import os
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from baselines.stylegan2 import train as stylegan2
from baselines.stylegan2.recipes import RECIPES as RECIPES2
from baselines.stylegan3 import train as stylegan3
from baselines.stylegan3.recipes import RECIPES as RECIPES3
from baselines.training import streams
from baselines.training.hardware import Hardware
from baselines.training.loop import StepContext, advance, streams_of
from baselines.training.steps import parts_of

GIB = 2**30
SHARES = {"Greg": 1 / 4, "Dreg": 1 / 16}  # of the steps; the other phases are in every step
PHASES = ("Gmain", "Greg", "Dmain", "Dreg")
PLAIN = {"augment": "", "ada_target": None, "mirror": False}  # what both programs are to do
MODELS = {
    "stylegan2": (stylegan2, RECIPES2["paper1024"], {"class_name": "training.networks_stylegan2.Generator"}),
    "stylegan3": (stylegan3, RECIPES3["ffhq-1024-t"], {"class_name": "training.networks_stylegan3.Generator"}),
    "stylegan3-r": (stylegan3, RECIPES3["ffhq-1024-r"], {"class_name": "training.networks_stylegan3.Generator"}),
}


class Peak(TorchDispatchMode):
    """Counts the bytes of all tensors that live at once, by their shapes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, and count what it made."""
        result = func(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, Tensor) and not tensor.is_cpu:
                self.count(tensor.untyped_storage())
        return result

    def count(self, storage: Any) -> None:
        """Count a storage until it is freed."""
        key, size = storage._cdata, storage.nbytes()
        if key not in self.known:
            self.known.add(key)
            self.now += size
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self.free, key, size)

    def free(self, key: int, size: int) -> None:
        """Note that a storage was freed."""
        self.known.discard(key)
        self.now -= size


@contextmanager
def measured(device: str) -> Iterator[dict[str, float]]:
    """Measure the time and the peak memory of the body."""
    found: dict[str, float] = {}
    cuda = device.startswith("cuda")
    if cuda:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    yield found
    if cuda:
        torch.cuda.synchronize()
        found["peak_gib"] = torch.cuda.max_memory_allocated() / GIB
    found["ms"] = (time.perf_counter() - started) * 1000


def report(name: str, device: str, rounds: int, phases: dict[str, Callable[[], object]], **said: Any) -> None:
    """Run every phase a few times, and write what it took."""
    total = 0.0
    for phase, run in phases.items():
        results = []
        for _ in range(rounds + (device != "meta")):  # the first chooses algorithms
            with measured(device) as found:
                run()
            results.append(found)
        best = min(found["ms"] for found in results)
        total += best * SHARES.get(phase, 1)
        peak = max((found.get("peak_gib", 0.0) for found in results[-rounds:]), default=0.0)
        write(program=name, phase=phase, ms=round(best, 1), peak_gib=round(peak, 2), **said)
    write(program=name, phase="step", ms=round(total, 1), **said)


def write(**values: Any) -> None:
    """Write a line of JSON."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def recipe_of(options: argparse.Namespace) -> Any:
    """Return the settings of the published run of this size, without augmentation."""
    recipe, small = MODELS[options.model][1], options.resolution < 512
    base = options.channel_base or (16384 if small else 32768)
    wide = base * (2 if options.model == "stylegan3-r" else 1)
    return replace(
        recipe, **PLAIN, batch=options.batch, generator={**recipe.generator, "channel_base": wide},
        discriminator={**recipe.discriminator, "channel_base": base},
    )  # fmt: skip


def ours(options: argparse.Namespace) -> None:
    """Measure this package's step."""
    module, recipe, device = MODELS[options.model][0], recipe_of(options), options.device
    images = torch.randint(256, [options.batch, 3, options.resolution, options.resolution], dtype=torch.uint8)
    if device == "meta":
        streams.generator_on = lambda device: torch.Generator()  # it has none
    run = module.prepare(images, recipe, Path("unused"), device=device, data_fingerprint="none")
    plan = run.training.plan()
    real = streams.moved(run.batches.draw(0)[0], device)
    at = StepContext(0, 10**9, real, None, streams_of(0, 0))
    parts = options.batch // (options.batch_gpu or options.batch)
    peaks: dict[str, Callable[[], object]] = {}
    kept = sum(p.numel() for network in plan.networks.values() for p in network.parameters())
    for phase in plan.phases:
        count = parts_of(options.batch // phase.shrink, parts)
        peaks[phase.name] = lambda phase=phase, count=count: advance(phase, at, count, mend_gradients=True)
    said = {"model": options.model, "resolution": options.resolution, "batch": options.batch, "parts": parts}
    if device != "meta":
        report("ganbench", device, options.rounds, peaks, **said)
        return
    for name, take in peaks.items():
        with Peak() as peak:
            take()
        # The weights, their averages, gradients and Adam's two moments were there before.
        write(program="ganbench", phase=name, gib_beside_weights=round(peak.most / GIB, 3), **said)
    write(program="ganbench", phase="weights", gib=round(kept * 4 / GIB, 2), **said)


def official(options: argparse.Namespace, checkout: Path) -> None:
    """Measure the authors' step, on the networks and losses of their own program."""
    sys.path.insert(0, str(checkout))
    import dnnlib
    from training.loss import StyleGAN2Loss

    recipe, device, shape = recipe_of(options), torch.device(options.device), (3, options.resolution)
    build, common = dnnlib.util.construct_class_by_name, {"c_dim": 0, "img_resolution": shape[1], "img_channels": 3}
    G = build(**MODELS[options.model][2], **{**recipe.generator, **common}).to(device).requires_grad_(False)
    kwargs = {**recipe.discriminator, **common}
    D = build(class_name="training.networks_stylegan2.Discriminator", **kwargs).to(device).requires_grad_(False)
    settings = {name: getattr(recipe, name) for name in ("r1_gamma", "style_mixing_prob", "pl_weight")}
    loss = StyleGAN2Loss(device, G, D, **settings)
    adams = {net: torch.optim.Adam(net.parameters(), lr=0.002, betas=(0.0, 0.99)) for net in (G, D)}
    size = options.batch_gpu or options.batch
    z, c = torch.randn(options.batch, G.z_dim, device=device), torch.zeros(options.batch, 0, device=device)
    real = torch.rand(options.batch, shape[0], shape[1], shape[1], device=device) * 2 - 1

    def phase(name: str) -> None:
        network = G if name.startswith("G") else D
        adams[network].zero_grad(set_to_none=True)
        network.requires_grad_(True)
        for x, x_c, y, y_c in zip(real.split(size), c.split(size), z.split(size), c.split(size), strict=True):
            loss.accumulate_gradients(name, x, x_c, y, y_c, gain=1, cur_nimg=10**9)
        network.requires_grad_(False)
        for p in network.parameters():
            if p.grad is not None:
                torch.nan_to_num(p.grad, nan=0, posinf=1e5, neginf=-1e5, out=p.grad)
        adams[network].step()

    names = [name for name in PHASES if name != "Greg" or recipe.pl_weight]
    said = {"model": options.model, "resolution": options.resolution, "batch": options.batch}
    run = {name: lambda name=name: phase(name) for name in names}
    report("official", options.device, options.rounds, run, parts=options.batch // size, **said)


def parser_of(description: str, batch: int) -> argparse.ArgumentParser:
    """Return a parser of the options that the steps of all models share, with the batch that is usual for one."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resolution", type=int, default=256)
    parser.add_argument("--batch", type=int, default=batch)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=3)
    return parser


def main() -> None:
    """Measure one size of one model."""
    parser = parser_of(str(__doc__), batch=32)
    parser.add_argument("--model", choices=MODELS, default="stylegan3")
    parser.add_argument("--batch-gpu", type=int)
    parser.add_argument("--channel-base", type=int, help="[default: the published one]")
    options = parser.parse_args()
    with Hardware().set():
        ours(options)
        checkout = os.environ.get("GANBENCH_STYLEGAN3")
        if checkout and options.device != "meta":
            official(options, Path(checkout))


if __name__ == "__main__":
    main()
