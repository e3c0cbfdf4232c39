"""CycleGAN's networks, names of tensors and losses against the official code."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from baselines.cyclegan.networks import (
    NLayerDiscriminator,
    PixelDiscriminator,
    ResnetGenerator,
    UnetGenerator,
)
from baselines.translation.losses import gan_loss, gradient_penalty
from ganbench.checkpoints import load
from tests.golden_cases import cases, facts, golden

IMAGE, MAP = 1e-4, 5e-4  # largest difference of images, and of maps
BUILDERS: dict[str, Any] = {
    "resnet_9blocks": lambda: ResnetGenerator(n_blocks=9),
    "resnet_6blocks": lambda: ResnetGenerator(n_blocks=6),
    "unet_256_instance": lambda: UnetGenerator(num_downs=8),
    "unet_256_batch_dropout_pix2pix": lambda: UnetGenerator(num_downs=8, norm="batch", use_dropout=True),
    "D_basic": NLayerDiscriminator,
    "D_pixel": PixelDiscriminator,
    "D_basic_pix2pix_6ch_batch": lambda: NLayerDiscriminator(input_nc=6, norm="batch"),
}


def arrays(case: Path) -> dict[str, Tensor]:
    return {name: torch.from_numpy(values) for name, values in np.load(case / "io.npz").items()}


@pytest.mark.parametrize("name", BUILDERS)
def test_full_size_networks_have_the_official_tensors(name: str) -> None:
    official = json.loads((golden("cyclegan/facts") / "fullsize_keys.json").read_text())["networks"][name]
    with torch.device("meta"):
        network: nn.Module = BUILDERS[name]()
    assert {key: list(value.shape) for key, value in network.state_dict().items()} == official["state_dict"]
    assert sum(p.numel() for p in network.parameters()) == official["parameters"]


@pytest.mark.parametrize("case", cases("cyclegan/cycle_*"), ids=lambda case: case.name)
def test_a_set_of_checkpoints_translates_there_and_back(case: Path) -> None:
    stored = arrays(case)
    G_A, G_B, D_A, D_B = (load(case / f"latest_net_{name}.pth")[name] for name in ("G_A", "G_B", "D_A", "D_B"))
    A, B = stored["real_A"], stored["real_B"]
    fake_B, fake_A = G_A(A), G_B(B)
    made = {"fake_B": fake_B, "rec_A": G_B(fake_B), "fake_A": fake_A, "rec_B": G_A(fake_A)}
    made |= {"idt_A": G_A(B), "idt_B": G_B(A)}
    for name, images in made.items():
        assert (images - stored[name]).abs().max() <= IMAGE, name
    judged = {"D_A_real_B": D_A(B), "D_A_fake_B": D_A(fake_B), "D_B_real_A": D_B(A), "D_B_fake_A": D_B(fake_A)}
    for name, patches in judged.items():
        assert (patches - stored[name]).abs().max() <= MAP, name


@pytest.mark.parametrize("case", cases("cyclegan/cycle_*"), ids=lambda case: case.name)
def test_the_test_model_s_file_is_the_same_generator(case: Path) -> None:
    stored = arrays(case)
    (network,) = load(case / "latest_net_G.pth").values()
    assert (network(stored["real_A"]) - stored["fake_B"]).abs().max() <= IMAGE


SINGLE = [*cases("cyclegan/unet128_*"), *cases("cyclegan/resnet6_*"), *cases("cyclegan/nlayer_D_*")]


@pytest.mark.parametrize("case", SINGLE, ids=lambda case: case.name)
def test_single_networks(case: Path) -> None:
    stored = arrays(case)
    (network,) = load(case / facts(case)["checkpoint"]).values()
    tolerance = MAP if isinstance(network, NLayerDiscriminator) else IMAGE
    assert (network(stored["x"]) - stored["y"]).abs().max() <= tolerance


@pytest.mark.parametrize("style", ["pre04", "tracked", "clean"])
def test_running_statistics_of_old_files_are_dropped(style: str) -> None:
    case = golden("cyclegan/old_style_instance_norm")
    stored = arrays(case)
    (network,) = load(case / f"latest_net_G_{style}.pth").values()
    (clean,) = load(case / "latest_net_G_clean.pth").values()
    assert (network(stored["x"]) - stored["y"]).abs().max() <= IMAGE
    assert torch.equal(network(stored["x"]), clean(stored["x"]))


def test_adversarial_losses() -> None:
    case = golden("cyclegan/gan_losses")
    for name, official in facts(case)["results"].items():
        mode, kind = name.split("/")
        prediction = arrays(case)["pred"].requires_grad_(True)
        loss = gan_loss(prediction, kind == "real", mode).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        assert loss.item() == pytest.approx(official["loss"], rel=1e-5)
        assert prediction.grad is not None
        assert float(prediction.grad.norm()) == pytest.approx(official["grad_norm"], rel=1e-5)


def test_gradient_penalty() -> None:
    case = golden("cyclegan/gan_losses")
    stored = arrays(case)
    D = load(case / "latest_net_D_A.pth")["D_A"]
    shares = {"real": torch.ones(2), "fake": torch.zeros(2), "mixed": stored["alpha"].flatten()}
    for kind, official in facts(case)["gradient_penalty"].items():
        penalties = gradient_penalty(D, stored["real"], stored["fake"], shares[kind])
        assert penalties.mean().item() == pytest.approx(official["penalty"], rel=1e-3)
        assert (penalties / 10).sqrt().add(1).tolist() == pytest.approx(official["per_sample_grad_norm"], rel=1e-3)
