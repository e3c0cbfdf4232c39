"""The losses of StyleGAN3 against the values and gradient norms of every phase of the official training."""

import json

import numpy as np
import pytest
import torch

from baselines.stylegan2 import losses
from baselines.stylegan3.losses import blur, blur_sigma
from ganbench.checkpoints import load
from tests.golden_cases import cases, facts

SCALAR_TOLERANCE, TOLERANCE = 1e-2, 1e-3
PHASES = [
    (case, phase) for case in cases("stylegan23/loss_sg3*") for phase in json.loads((case / "results.json").read_text())
]


class Setting:
    """The networks of a case in train mode, from the pickled state, with its stored inputs."""

    def __init__(self, case):
        self.results = json.loads((case / "results.json").read_text())
        self.settings = facts(case)["settings"]
        self.arrays = np.load(case / "loss.npz")
        pickled = case.parent / case.name.replace("loss_", "pkl_") / "network.pkl"
        networks = load(pickled)
        self.G = networks["G_ema"].train().requires_grad_(False)
        self.D = networks["D"].train().requires_grad_(False)
        self.z, self.c, self.real_c = (torch.from_numpy(self.arrays[name]) for name in ("z", "gen_c", "real_c"))
        self.real = torch.from_numpy(self.arrays["real_u8"]).float() / 127.5 - 1

    def view(self, phase):
        sigma = self.results[phase]["float32"].get("blur_sigma", 0.0)
        if phase.endswith("_blur"):
            assert blur_sigma(168000, 10, 200) == pytest.approx(sigma, rel=1e-12)
        return lambda images: blur(images, sigma)

    def run(self, phase):
        """Return the network that the phase trains, with its gradients, and the phase's losses."""
        kind, view = phase.removesuffix("_blur"), self.view(phase)
        network = self.G if kind == "Gmain" else self.D
        network.requires_grad_(True)
        found = {}
        if kind == "Gmain":
            fake, _ = losses.generate(self.G, self.z, self.c)
            found = losses.generator_loss(self.D, fake, self.c, view)
            found["total"].mean().backward()
        if kind in ("Dmain", "Dboth"):
            with torch.no_grad():
                fake, _ = losses.generate(self.G, self.z, self.c, update_emas=True)
            found = losses.discriminator_loss(self.D, self.real, self.real_c, fake, self.c, view)
            found["total"].mean().backward()
            found["D_loss"] = found.pop("total")
        if kind in ("Dreg", "Dboth"):
            penalty = losses.r1_loss(self.D, self.real, self.real_c, self.settings["r1_gamma"], view)
            penalty["total"].mean().backward()
            found |= {
                "D_reg": penalty["total"],
                "r1_penalty": penalty["r1_penalty"],
                "scores_real": penalty["scores_real"],
            }
        return network, {("G_loss" if name == "total" else name): value for name, value in found.items()}


@pytest.mark.parametrize(("case", "phase"), PHASES, ids=lambda value: getattr(value, "name", value))
def test_phase(case, phase):
    setting = Setting(case)
    network, found = setting.run(phase)
    expected = setting.results[phase]["float32"]
    stored = {name.split("/")[1] for name in setting.arrays.files if name.startswith(f"{phase}/")} - {"w_avg_after"}
    assert stored == found.keys()
    for name in stored:
        np.testing.assert_allclose(found[name].detach(), setting.arrays[f"{phase}/{name}"], rtol=1e-5, atol=1e-6)
    norms = {name: p.grad.norm().item() for name, p in network.named_parameters() if p.grad is not None}
    assert expected["grad_l2"].keys() <= norms.keys()
    for name, norm in norms.items():
        tolerance = TOLERANCE if network.get_parameter(name).numel() > 1 else SCALAR_TOLERANCE
        assert norm == pytest.approx(expected["grad_l2"].get(name, 0.0), rel=tolerance, abs=1e-6), name
    np.testing.assert_allclose(setting.G.mapping.w_avg, setting.arrays[f"{phase}/w_avg_after"], rtol=1e-5, atol=1e-6)
    for name, magnitude in expected.get("magnitude_ema_after", {}).items():
        assert setting.G.get_buffer(name).item() == pytest.approx(magnitude, rel=1e-5), name
