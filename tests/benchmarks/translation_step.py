"""A training step of StarGAN v2 of full width, in time and memory, against the authors' program where it is at hand.

``python -m tests.benchmarks.translation_step --batch 8 --device cuda`` takes each of the step's four phases a few times
and writes a line of JSON for each, as ``training_step`` does. ``GANBENCH_STARGANV2`` names a checkout of StarGAN v2's
repository, whose networks and losses are then measured alike.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from baselines.starganv2 import train as starganv2
from baselines.starganv2.recipes import RECIPES
from baselines.training.hardware import Hardware
from baselines.training.loop import StepContext, advance, streams_of
from tests.benchmarks.training_step import parser_of, report

DOMAINS = 3  # of AFHQ


def data_of(options: argparse.Namespace) -> tuple[torch.Tensor, ...]:
    """Return sources and two references ``[N, 3, R, R]`` float32, domains of both, and two latents, all drawn."""
    draws = torch.Generator().manual_seed(0)
    images = torch.rand(3, options.batch, 3, options.resolution, options.resolution, generator=draws) * 2 - 1
    domains = torch.randint(DOMAINS, [2, options.batch], generator=draws)
    latents = torch.randn(2, options.batch, RECIPES["afhq-256"].latent_dim, generator=draws)
    return tuple(each.to(options.device) for each in (*images, *domains, *latents))


def ours(options: argparse.Namespace) -> dict[str, Callable[[], object]]:
    """Return this package's phases."""
    recipe = replace(RECIPES["afhq-256"], batch=options.batch, crop_prob=0)
    shape = [max(options.batch, DOMAINS), 3, options.resolution, options.resolution]
    labels = torch.eye(DOMAINS)[torch.arange(shape[0]) % DOMAINS]
    images = torch.randint(256, shape, dtype=torch.uint8)
    run = starganv2.prepare(images, labels, recipe, Path("unused"), device=options.device, data_fingerprint="none")
    real, first, second, y, target, _, _ = data_of(options)
    extra = (first, second, target)
    at = StepContext(0, 0, real, torch.eye(DOMAINS, device=real.device)[y], streams_of(0, 0), extra=extra)
    plan = run.training.plan()
    plan.prepare(at)
    return {phase.name: lambda phase=phase: advance(phase, at) for phase in plan.phases}


def official(options: argparse.Namespace, checkout: Path) -> dict[str, Callable[[], object]]:
    """Return the phases of the authors' program."""
    sys.path.insert(0, str(checkout))
    from core import utils
    from core.model import build_model
    from core.solver import compute_d_loss, compute_g_loss

    recipe = RECIPES["afhq-256"]
    names = ("lambda_reg", "lambda_sty", "lambda_ds", "lambda_cyc", "w_hpf", "style_dim", "latent_dim")
    settings = {name: getattr(recipe, name) for name in names}
    args = SimpleNamespace(**settings, img_size=options.resolution, num_domains=DOMAINS)
    nets, _ = build_model(args)
    for net in nets.values():
        net.to(options.device).apply(utils.he_init)
    adams = {
        name: torch.optim.Adam(net.parameters(), lr=recipe.lr, betas=recipe.betas, weight_decay=recipe.weight_decay)
        for name, net in nets.items()
    }
    real, first, second, y, target, z, z2 = data_of(options)

    def phase(loss: Callable[..., Any], trained: tuple[str, ...], **styles: Any) -> None:
        value, _ = loss(nets, args, real, y, target, **styles)
        for adam in adams.values():
            adam.zero_grad()
        value.backward()
        for name in trained:
            adams[name].step()

    D, both, G = ("discriminator",), starganv2.AVERAGED, ("generator",)
    return {
        "D-latent": lambda: phase(compute_d_loss, D, z_trg=z),
        "D-ref": lambda: phase(compute_d_loss, D, x_ref=first),
        "G-latent": lambda: phase(compute_g_loss, both, z_trgs=[z, z2]),
        "G-ref": lambda: phase(compute_g_loss, G, x_refs=[first, second]),
    }


def main() -> None:
    """Measure both programs."""
    options = parser_of(str(__doc__), batch=8).parse_args()
    said: Mapping[str, Any] = {"model": "starganv2", "resolution": options.resolution, "batch": options.batch}
    with Hardware().set():
        report("ganbench", options.device, options.rounds, ours(options), **said)
        checkout = os.environ.get("GANBENCH_STARGANV2")
        if checkout:
            report("official", options.device, options.rounds, official(options, Path(checkout)), **said)


if __name__ == "__main__":
    main()
