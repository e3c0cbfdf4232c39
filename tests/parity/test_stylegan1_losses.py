"""StyleGAN's losses, their parts and gradients, the schedule and the fading of reals, against the official code."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from baselines.ops.levels import at_level
from baselines.stylegan1.losses import Penalties, discriminator_loss, generate, generator_loss
from baselines.training.ema import ema_beta
from baselines.training.growth import Growth
from ganbench.checkpoints import load
from tests.checkpoints.tflib_records import TRANSLATIONS, variable
from tests.golden_cases import cases, facts

R1, R2 = 10.0, 4.0
GP: dict[str, Any] = {"gp_lambda": 10.0, "gp_target": 1.0}
GENERATOR = {f"G_{loss}": loss for loss in ("logistic_nonsaturating", "logistic_saturating", "wgan")}
DISCRIMINATOR: dict[str, tuple[Any, Penalties]] = {
    "D_logistic": ("logistic", Penalties()),
    "D_logistic_simplegp": ("logistic", Penalties(r1_gamma=R1)),
    "D_logistic_simplegp_r2": ("logistic", Penalties(r1_gamma=R1, r2_gamma=R2)),
    "D_wgan": ("wgan", Penalties(epsilon=0.001)),
    "D_wgan_gp": ("wgan", Penalties(epsilon=0.001, **GP)),
    "D_hinge": ("hinge", Penalties()),
    "D_hinge_gp": ("hinge", Penalties(**GP)),
}
RUNS = [(case, run) for case in cases("stylegan1/sg1_losses") for run in facts(case)["scalars"]]
SCALARS = {"float64": 1e-9, "float32": 1e-5}  # relative
PARTS = {"float64": 1e-9, "float32": 1e-5}  # of the largest


class Stored:
    """The noise of a case, by layer."""

    def __init__(self, arrays: Any) -> None:
        self.arrays = arrays

    def normal(self, purpose: str, shape: Sequence[int] = ()) -> Tensor:
        noise = torch.from_numpy(self.arrays[f"train_noise{purpose.removeprefix('noise/')}"])[:, 0]
        assert noise.shape[1:] == tuple(shape)
        return noise


class Setting:
    """The networks of the case with its stored randomness, at one level of detail."""

    def __init__(self, case: Path, run: str, precision: str) -> None:
        variant, self.function, lod = run.split("/")
        self.arrays, self.dtype = np.load(case / "losses.npz"), getattr(torch, precision)
        networks: dict[str, Any] = load(case / "network.pkl")
        self.G, self.D = (networks[name].train().to(self.dtype) for name in ("G", "D"))
        self.G.synthesis.lod.fill_(float(lod[3:]))
        self.D.lod.fill_(float(lod[3:]))
        self.random = variant == "random"

    def stored(self, name: str) -> Tensor:
        return torch.from_numpy(self.arrays[name]).to(self.dtype)

    def images(self) -> Tensor:
        if not self.random:
            return generate(self.G, self.stored("z"), None, None)
        mixed = (self.stored("z_mix"), int(self.arrays["mix_cutoff"]))
        return generate(self.G, self.stored("z"), None, Stored(self.arrays), mixed)

    def losses(self) -> tuple[torch.nn.Module, dict[str, Tensor]]:
        """Return the network that is trained, with gradients, and the losses."""
        network = self.G if self.function in GENERATOR else self.D
        network.requires_grad_(True)
        if self.function in GENERATOR:
            found = generator_loss(self.D, self.images(), None, GENERATOR[self.function])  # type: ignore[arg-type]
        else:
            loss, penalties = DISCRIMINATOR[self.function]
            mixing = self.stored("mixing_factors").flatten()
            found = discriminator_loss(self.D, self.stored("reals"), self.images(), None, loss, penalties, mixing)
        found["total"].mean().backward()
        return network, found


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize(("case", "run"), RUNS, ids=lambda value: getattr(value, "name", value))
def test_every_loss(case: Path, run: str, precision: str) -> None:
    setting = Setting(case, run, precision)
    network, found = setting.losses()
    truth = facts(case)["scalars"][run]["f64"]
    assert found["total"].mean().item() == pytest.approx(truth, rel=SCALARS[precision])
    for name in {name for name in found if f"{run}/{name}__f64" in setting.arrays}:
        close(found[name].flatten(), setting.arrays[f"{run}/{name}__f64"].flatten(), PARTS[precision])
    assert setting.function in GENERATOR or f"{run}/scores_real__f64" in setting.arrays
    if setting.function == "G_logistic_nonsaturating":
        close(network.mapping.w_avg, setting.arrays[f"{run}/dlatent_avg_after_one_run__f64"], PARTS[precision])
    check_gradients(case, run, network, setting, precision)


def check_gradients(case: Path, run: str, network: Any, setting: Setting, precision: str) -> None:
    """Every gradient, in the order of the file: its norm, and each value where they are stored."""
    is_generator = setting.function in GENERATOR
    translation = TRANSLATIONS["G_style with G_synthesis" if is_generator else "D_basic"]
    norms = json.loads((case / "gradient_norms.json").read_text())[run]
    seen = set()
    for key, parameter in network.named_parameters():
        source = translation.source(key, {"img_resolution": 16})
        seen.add(source.name)
        ours = np.zeros(tuple(parameter.shape)) if parameter.grad is None else parameter.grad.numpy()
        tolerance = {"rel": 1e-3, "abs": 1e-6} if precision == "float32" else {"rel": 1e-9, "abs": 1e-12}
        assert np.linalg.norm(ours) == pytest.approx(norms.get(source.name, 0), **tolerance), key
        if precision == "float64" and (name := f"{run}/grad/{source.name}__f64") in setting.arrays:
            close(torch.from_numpy(variable(source, ours).copy()), setting.arrays[name], 1e-6)
    assert norms.keys() <= seen


def close(found: Tensor, truth: Any, tolerance: float) -> None:
    np.testing.assert_allclose(found.detach().numpy(), truth, rtol=0, atol=tolerance * np.abs(truth).max())


@pytest.mark.parametrize("case", cases("stylegan1/sg1_losses"), ids=lambda case: case.name)
def test_reals_fade_as_the_networks_do(case: Path) -> None:
    arrays = np.load(case / "losses.npz")
    reals = torch.from_numpy(arrays["process_reals_uint8"]).double() / 127.5 - 1
    for lod in (0.0, 0.5, 1.0, 2.3):
        step = 2 ** int(lod)  # the stored values start from every so manieth pixel
        whole = reals[:, :, ::step, ::step].repeat_interleave(step, 2).repeat_interleave(step, 3)
        found = at_level(whole, lod)
        np.testing.assert_allclose(found.numpy(), arrays[f"process_reals/lod{lod}__f64"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("case", cases("stylegan1/sg1_schedule"), ids=lambda case: case.name)
def test_the_schedule(case: Path) -> None:
    about = facts(case)
    given = {key: {int(k): v for k, v in d.items()} for key, d in about["kwargs"].items() if isinstance(d, dict)}
    growth = Growth(
        2 ** about["kwargs"]["resolution_log2"],
        about["kwargs"]["lod_initial_resolution"],
        batch=about["kwargs"]["minibatch_base"],
        batches=given["minibatch_dict"],
        g_lrs=given["G_lrate_dict"],
        d_lrs=given["D_lrate_dict"],
    )
    for row in about["rows"]:  # their tick_kimg is how often the official loop reports, which no step depends on
        stage = growth.at(round(row["kimg"] * 1000))
        found = (stage.lod, stage.resolution, stage.batch, stage.g_lr, stage.d_lr)
        expected = [row[name] for name in ("lod", "resolution", "minibatch", "G_lrate", "D_lrate")]
        assert found == pytest.approx(expected, rel=1e-12), row["kimg"]
    for batch, beta in about["Gs_beta"].items():
        assert ema_beta(int(batch), 10**6, 10.0, None) == pytest.approx(beta, rel=1e-12)
