"""StarGAN v2's training, by the loop that every run takes, against three iterations of the official one."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.starganv2.data import DomainBatches
from baselines.starganv2.losses import Target
from baselines.starganv2.recipes import Recipe
from baselines.starganv2.train import Training
from baselines.training.ema import update_average
from baselines.training.frame import RunOutput
from baselines.training.loop import Schedule, StepContext, run
from ganbench.checkpoints import load
from tests.golden_cases import facts, golden
from tests.parity.test_starganv2_networks import stored

PHASES = {"D/latent": "D-latent", "D/ref": "D-ref", "G/latent": "G-latent", "G/ref": "G-ref"}
FIRST, REST, SECOND, THIRD = 1e-4, 1e-3, 2e-2, 1.5e-1  # the case's tolerances of float32 losses


class Stored(DomainBatches):
    """The batches of the case, in place of drawn ones."""

    def __init__(self, path: Path, dtype: torch.dtype) -> None:
        images = torch.zeros(2, 3, 128, 128, dtype=torch.uint8)
        super().__init__(images, torch.eye(2), 2, 0)
        self.arrays = {
            name: value.to(dtype) if value.is_floating_point() else value for name, value in stored(path).items()
        }

    def read(self, step: int) -> tuple[Tensor, Tensor]:
        return self.arrays[f"x_src_{step}"], F.one_hot(self.arrays[f"y_src_{step}"], 2).float()

    def references(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        first, second, y = (self.arrays[f"{name}_{step}"] for name in ("x_ref", "x_ref2", "y_ref"))
        return first, second, y


class Replay(Training):
    """The training with the case's latents, and nothing written."""

    batches: Stored

    def targets(self, at: StepContext) -> tuple[Target, Target]:
        latent, reference = super().targets(at)
        z, z2 = (self.batches.arrays[f"{name}_{at.step}"] for name in ("z_trg", "z_trg2"))
        return Target(latent.y, z, z2, "mapping_network"), reference

    def export(self, kimg: float, changes: Mapping[str, Any]) -> Path:
        return self.output.run_dir / "none"


START, START_AVERAGES = "100000_nets.ckpt", "100000_nets_ema.ckpt"


def started(file: str, dtype: torch.dtype) -> dict[str, Any]:
    return {name: net.to(dtype) for name, net in load(golden("stargan2/ckpt_d2_hpf0") / file).items()}


def replayed(folder: Path, dtype: torch.dtype, iterations: int) -> tuple[Replay, list[dict[str, float]]]:
    """Return the training after the case's first iterations, and the losses of each."""
    case = golden("stargan2/train_replay")
    args = facts(case)["args"]
    recipe = Recipe(
        style_dim=args["style_dim"],
        latent_dim=args["latent_dim"],
        lr=args["lr"],
        f_lr=args["f_lr"],
        betas=(args["beta1"], args["beta2"]),
        weight_decay=args["weight_decay"],
        lambda_ds=facts(case)["log"][0]["lambda_ds"],
        ds_iter=args["ds_iter"],
        batch=2,
    )
    nets, averages = started(START, dtype), started(START_AVERAGES, dtype)
    training = Replay(nets, averages, recipe, RunOutput(folder, {}), Stored(case / "batches.npz", dtype))
    seen: list[dict[str, float]] = []
    schedule = Schedule(iterations, tick=1, snapshot=100, settings={}, seed=0)
    run(training.plan(), training.batches, schedule, folder, on_tick=lambda tick: seen.append(tick["losses"]))
    return training, seen


def parameters(nets: Mapping[str, Any], averages: Mapping[str, Any]) -> dict[str, Tensor]:
    kinds = {"nets": nets, "nets_ema": averages}
    return {
        f"{kind}/{name}/{key}": value
        for kind, networks in kinds.items()
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> tuple[Replay, list[dict[str, float]]]:
    """All iterations in float64."""
    iterations = facts(golden("stargan2/train_replay"))["args"]["total_iters"]
    return replayed(tmp_path_factory.mktemp("replay"), torch.float64, iterations)


def test_in_float64_all_losses_hold(exact: Any) -> None:
    official = facts(golden("stargan2/train_replay"))["losses_float64_replay"]
    assert len(official) == len(exact[1]) * len(PHASES)
    for index, wanted in enumerate(official):
        iteration, phase = divmod(index, len(PHASES))
        for loss, value in wanted.items():
            found = exact[1][iteration][f"{list(PHASES.values())[phase]}/{loss}"]
            assert found == pytest.approx(value, rel=1e-7), (index, loss)


def test_in_float64_the_weights_and_their_averages_end_where_they_should(exact: Any) -> None:
    found = parameters(exact[0].nets, exact[0].averages)
    truth = stored(golden("stargan2/train_replay") / "final_small_params_float64_replay.npz")
    assert {name.split("/")[0] for name in truth} == {"nets", "nets_ema"}
    for name, value in truth.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-7)


def test_the_official_float32_solver_strays_no_further_than_rounding_takes_it(exact: Any) -> None:
    case, (training, seen) = golden("stargan2/train_replay"), exact
    for index, official in enumerate(facts(case)["log"]):
        close_to_log(official, seen, index, (REST, SECOND, THIRD))
    assert training.diversity.at(len(seen)) == facts(case)["final_lambda_ds"]
    found = parameters(training.nets, training.averages)
    for name, value in stored(case / "final_small_params.npz").items():
        tolerance = 5e-6 if name.startswith("nets_ema/") else 1.2e-3
        torch.testing.assert_close(found[name].float(), value, rtol=0, atol=tolerance)


def test_every_tensor_is_as_long_as_the_official_one_and_every_network_has_moved_as_far(exact: Any) -> None:
    case = golden("stargan2/train_replay")
    start = parameters(started(START, torch.float64), started(START_AVERAGES, torch.float64))
    found = parameters(exact[0].nets, exact[0].averages)
    stray = 1.01 * facts(case)["final_norms_max_rel_diff_float64"]
    compared = set()
    for kind, networks in json.loads((case / "final_param_stats.json").read_text()).items():
        for network, stats in networks.items():
            names = {f"{kind}/{network}/{key}": pair for key, pair in stats.items()}
            for name, (norm, _) in names.items():
                assert float(found[name].norm()) == pytest.approx(norm, rel=stray), name
            moved = sum(float((found[name] - start[name]).square().sum()) for name in names) ** 0.5
            assert moved == pytest.approx(sum(far**2 for _, far in names.values()) ** 0.5, rel=THIRD), (kind, network)
            compared |= names.keys()
    assert compared == found.keys()


def close_to_log(official: Mapping[str, Any], seen: Any, index: int, tolerances: Sequence[float]) -> None:
    """Check the losses of one phase against the official log."""
    iteration = index // len(PHASES)
    name, losses = PHASES[official["step"]], seen[iteration]
    if official["step"].startswith("G"):
        assert losses[f"{name}/lambda_ds"] == pytest.approx(official["lambda_ds"])
    for loss in official.keys() - {"step", "lambda_ds"}:
        tolerance = FIRST if index == 0 else tolerances[iteration]
        assert losses[f"{name}/{loss}"] == pytest.approx(official[loss], rel=tolerance), (index, loss)


def test_in_float32_the_first_iteration_holds(tmp_path: Path) -> None:
    """Later ones tell little: entries with almost no gradient move in a direction that rounding decides."""
    _, seen = replayed(tmp_path, torch.float32, 1)
    for index, official in enumerate(facts(golden("stargan2/train_replay"))["log"][: len(PHASES)]):
        close_to_log(official, seen, index, (REST,))


def test_the_average_follows_the_official_one() -> None:
    with np.load(golden("stargan2/train_facts") / "ema.npz") as arrays:
        truth = {name: torch.from_numpy(array) for name, array in arrays.items()}
    average, network = torch.nn.Linear(7, 1, bias=False), torch.nn.Linear(7, 1, bias=False)
    with torch.no_grad():
        average.weight.copy_(truth["ema_before"])
        network.weight.copy_(truth["param"])
    for after in truth["ema_after"]:
        update_average(average, network, Recipe().ema_beta)
        torch.testing.assert_close(average.weight.detach()[0], after, rtol=0, atol=1e-6)
