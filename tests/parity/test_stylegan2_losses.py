"""The losses of StyleGAN2 against the values and gradient norms of every phase of the official training."""

import json

import numpy as np
import pytest
import torch

from baselines.stylegan2 import losses
from ganbench.checkpoints import load
from tests.golden_cases import cases, facts

SCALAR_TOLERANCE, TOLERANCE = 1e-2, 1e-3  # of gradient norms, relative; the cases' stated tolerances
PHASES = [
    (case, phase) for case in cases("stylegan23/loss_sg2*") for phase in json.loads((case / "results.json").read_text())
]


class Setting:
    """The networks of a case in train mode, from the pickled state, with its stored inputs."""

    def __init__(self, case, phase):
        self.kind, self.mixed = phase.removesuffix("_mix"), phase.endswith("_mix")
        self.settings = facts(case)["settings"]
        self.arrays = np.load(case / "loss.npz")
        networks = load(case.parent / case.name.replace("loss_", "pkl_") / "network.pkl")
        self.G = networks["G_ema"].train().requires_grad_(False)
        self.D = networks["D"].train().requires_grad_(False)
        self.c, self.real_c = (torch.from_numpy(self.arrays[name]) for name in ("gen_c", "real_c"))
        self.real = torch.from_numpy(self.arrays["real_u8"]).float() / 127.5 - 1
        self.pl_mean = torch.tensor(float(self.settings["pl_mean_start"]))
        # Every pass of StyleGAN2-ADA moves w_avg; in the StyleGAN3 repository only the discriminator's does.
        self.every_pass = "every mapping call" in facts(case)["formulas"]["emas"]

    def generate(self, count, update_emas):
        z, z_mix = (torch.from_numpy(self.arrays[name])[:count] for name in ("z", "z_mix"))
        cutoff = int(self.settings["style_mixing"].rsplit(" ", 1)[1])
        mixing = losses.Mixing(z_mix, torch.full([count], cutoff)) if self.mixed else None
        update = update_emas or self.every_pass
        return losses.generate(self.G, z, self.c[:count], mixing=mixing, update_emas=update)

    def run(self):
        """Return the network that the phase trains, with its gradients, and the phase's losses by official name."""
        network = self.G if self.kind.startswith("G") else self.D
        network.requires_grad_(True)
        batch, found = self.settings["batch"], {}
        if self.kind == "Gmain":
            images, _ = self.generate(batch, update_emas=False)
            found["G_loss"] = losses.generator_loss(self.D, images, self.c)
        if self.kind == "Greg":
            images, ws = self.generate(batch // self.settings["pl_batch_shrink"], update_emas=False)
            noise, weight, decay = torch.from_numpy(self.arrays["pl_noise"]), self.settings["pl_weight"], 0.01
            assert decay == self.settings["pl_decay"]
            found["G_reg"] = losses.path_length_loss(
                losses.path_lengths(images, ws, noise), self.pl_mean, weight, decay
            )
        if self.kind in ("Dmain", "Dboth"):
            with torch.no_grad():
                images, _ = self.generate(batch, update_emas=True)
            found["D_loss"] = losses.discriminator_loss(self.D, self.real, self.real_c, images, self.c)
        if self.kind in ("Dreg", "Dboth"):
            found["D_reg"] = losses.r1_loss(self.D, self.real, self.real_c, self.settings["r1_gamma"])
        for values in found.values():
            values["total"].mean().backward()
        renamed = [{name if key == "total" else key: v for key, v in values.items()} for name, values in found.items()]
        return network, {key: value for values in renamed for key, value in values.items()}


@pytest.mark.parametrize(("case", "phase"), PHASES, ids=lambda value: getattr(value, "name", value))
def test_phase(case, phase):
    setting = Setting(case, phase)
    network, found = setting.run()
    expected = json.loads((case / "results.json").read_text())[phase]["float32"]
    stored = {name.split("/")[1] for name in setting.arrays.files if name.startswith(f"{phase}/")} - {"w_avg_after"}
    assert stored == found.keys() - {"pl_length"}
    for name in stored:
        np.testing.assert_allclose(found[name].detach(), setting.arrays[f"{phase}/{name}"], rtol=1e-5, atol=1e-6)
    parameters = dict(network.named_parameters())
    assert expected["grad_l2"].keys() <= parameters.keys()
    for name, p in parameters.items():
        norm = 0.0 if p.grad is None else p.grad.norm().item()
        tolerance = TOLERANCE if p.numel() > 1 else SCALAR_TOLERANCE
        assert norm == pytest.approx(expected["grad_l2"].get(name, 0.0), rel=tolerance, abs=1e-6), name
    np.testing.assert_allclose(setting.G.mapping.w_avg, setting.arrays[f"{phase}/w_avg_after"], rtol=1e-5, atol=1e-6)
    assert setting.pl_mean.item() == pytest.approx(expected["pl_mean_after"], abs=1e-6)
