"""StarGAN v2's losses and their gradients against those of the official code."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from baselines.starganv2.losses import DiversityWeight, Losses, Target, Weights, discriminator_loss, generator_loss
from ganbench.checkpoints import load
from tests.golden_cases import cases, facts, golden
from tests.parity.test_starganv2_networks import stored

PRECISIONS = {"losses": torch.float32, "losses_float64": torch.float64}
EXACT = {"losses_hpf0": "odd", "losses_hpf1": "celeba_default"}  # the weights whose losses are computed in float64, too
RESULTS = [
    (case, key, precision)
    for case in cases("stargan2/losses_*")
    for key in facts(case)["results"]
    for precision in PRECISIONS
    if precision == "losses" or key.split("/")[0] == EXACT[case.name]
]


class Inputs:
    """Networks and inputs of a case, and the masks that stand for those of a landmark network."""

    def __init__(self, case: Path, dtype: torch.dtype = torch.float32) -> None:
        checkpoint = golden("stargan2/" + facts(case)["checkpoint"])
        self.nets: dict[str, Any] = {name: net.to(dtype).requires_grad_(True) for name, net in load(checkpoint).items()}
        io = stored(case / "inputs.npz")
        self.io = {name: value.to(dtype) if value.is_floating_point() else value for name, value in io.items()}
        self.masks = (self.io["mask0"], self.io["mask1"]) if "mask0" in io else None

    def flipped(self, fake: Tensor) -> tuple[Tensor, Tensor]:
        assert self.masks is not None
        return self.masks[0].flip(0), self.masks[1].flip(0)

    def losses(self, key: str, weights: Weights) -> Losses:
        _, side, mode = key.split("/")
        io, masks = self.io, self.masks
        target = (
            Target(io["y_trg"], io["z_trg"], io["z_trg2"], "mapping_network")
            if mode == "latent"
            else Target(io["y_trg"], io["x_ref"], io["x_ref2"], "style_encoder")
        )
        arguments = (self.nets, io["x_real"], io["y_org"], target, weights, masks)
        return (
            discriminator_loss(*arguments)
            if side == "d"
            else generator_loss(*arguments, self.flipped if masks is not None else None)
        )


def weights_of(case: Path, key: str) -> Weights:
    lambdas = facts(case)["lambdas"][key.split("/")[0]]
    return Weights(**{name: lambdas[f"lambda_{name}"] for name in ("reg", "sty", "ds", "cyc")})


def gradient_norm(network: nn.Module) -> float | None:
    found = [p.grad.square().sum() for p in network.parameters() if p.grad is not None]
    return float(torch.stack(found).sum().sqrt()) if found else None


def gradients(case: Path, key: str) -> dict[str, Tensor]:
    """Return the gradients of single parameters that are stored of some of the losses, as network/parameter."""
    prefix = key.replace("/", ".") + "/grad/"
    with np.load(case / "grads.npz") as arrays:
        return {name.removeprefix(prefix): torch.from_numpy(arrays[name]) for name in arrays if name.startswith(prefix)}


@pytest.mark.parametrize(("case", "key", "precision"), RESULTS, ids=lambda it: getattr(it, "name", it))
def test_losses_and_gradients(case: Path, key: str, precision: str) -> None:
    inputs, official = Inputs(case, PRECISIONS[precision]), facts(case)["results"][key]
    exact = precision == "losses_float64"
    losses = inputs.losses(key, weights_of(case, key))
    for name, value in official[precision].items():
        assert losses[name].mean().item() == pytest.approx(
            value, rel=1e-8 if exact else 1e-4, abs=1e-10 if exact else 1e-6
        )
    losses["total"].mean().backward()  # type: ignore[no-untyped-call]
    norms = official["grad_norm_float64" if exact else "grad_norm"]
    for name, norm in norms.items():
        found = gradient_norm(inputs.nets[name])
        assert (found is None) == (norm is None), name
        assert found == (None if norm is None else pytest.approx(norm, rel=1e-7 if exact else 1e-3)), name
    if exact:
        check_gradients(case, key, inputs.nets)


WITHOUT_FLOAT64 = [
    (case, key)
    for case in cases("stargan2/losses_*")
    for key in facts(case)["results"]
    if gradients(case, key) and (case, key, "losses_float64") not in RESULTS
]


@pytest.mark.parametrize(("case", "key"), WITHOUT_FLOAT64, ids=lambda it: getattr(it, "name", it))
def test_gradients_of_losses_that_are_stored_in_float32_alone(case: Path, key: str) -> None:
    inputs = Inputs(case, torch.float64)
    inputs.losses(key, weights_of(case, key))["total"].mean().backward()  # type: ignore[no-untyped-call]
    check_gradients(case, key, inputs.nets)


def check_gradients(case: Path, key: str, nets: dict[str, Any]) -> None:
    """Check float64 gradients of single parameters; in float32, a CPU decides by its order of sums how far some are."""
    for name, gradient in gradients(case, key).items():
        network, parameter = name.split("/")
        found = dict(nets[network].named_parameters())[parameter].grad
        # Official float32 gradients are up to 3.6e-3 of the largest from these.
        torch.testing.assert_close(found, gradient.double(), rtol=0, atol=5e-3 * float(gradient.abs().max()))


def test_stored_gradients_are_of_losses_that_are_computed() -> None:
    for case in cases("stargan2/losses_*"):
        with np.load(case / "grads.npz") as arrays:
            prefixes = {name.split("/grad/")[0] for name in arrays}
        assert prefixes
        assert prefixes <= {key.replace("/", ".") for key in facts(case)["results"]}


SCHEDULES = [
    (setting, table)
    for case in cases("stargan2/train_facts")
    for setting, table in facts(case)["lambda_ds_in_force_at_iteration"].items()
]


@pytest.mark.parametrize(("setting", "table"), SCHEDULES, ids=lambda it: it if isinstance(it, str) else "")
def test_the_weight_of_the_diversity_in_every_iteration(setting: str, table: dict[str, float]) -> None:
    initial, iterations = (word.split("=")[1] for word in setting.split())
    weight = DiversityWeight(float(initial), int(iterations))
    assert {iteration: weight.at(int(iteration)) for iteration in table} == table
