"""StarGAN v2's networks, read from official checkpoints, against styles, images and scores of the official code."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ganbench.checkpoints import load
from ganbench.formats.starganv2 import ARCHITECTURES, LANDMARKS
from tests.golden_cases import cases, facts, golden

CASES = [case for case in cases("stargan2/*") if (case / "io_nets_ema.npz").exists()]
IMAGES, STYLES = 2e-4, 5e-5  # the cases' tolerances


def stored(path: Path) -> dict[str, Tensor]:
    with np.load(path) as arrays:
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


def close(found: Tensor, wanted: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(found, wanted, rtol=0, atol=tolerance)


def masks_of(io: dict[str, Tensor]) -> tuple[Tensor, Tensor] | None:
    return (io["mask0"], io["mask1"]) if "mask0" in io else None


def styles(nets: dict[str, Any], io: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return every stored style code, by its name."""
    mapping, encoder, N = nets["mapping_network"], nets["style_encoder"], len(io["z"])
    domains = range(mapping.num_domains)
    found = {
        "s_latent": mapping(io["z"], io["y_trg"]),
        "s_ref": encoder(io["x_ref"], io["y_trg"]),
        "s_src": encoder(io["x"], io["y_src"]),
        "s_latent_all_domains": torch.stack([mapping(io["z"], torch.full([N], y)) for y in domains], 1),
        "s_ref_all_domains": torch.stack([encoder(io["x_ref"], torch.full([N], y)) for y in domains], 1),
    }
    y0 = io["y_trg"][:1].expand(len(io["z_many"]))
    found["s_avg_y0"] = mapping(io["z_many"], y0).mean(0, keepdim=True)
    found["s_psi07"] = torch.lerp(found["s_avg_y0"], found["s_latent"][:1], 0.7)
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@torch.inference_mode()
def test_styles_and_images(case: Path) -> None:
    nets: dict[str, Any] = load(case / "100000_nets_ema.ckpt")
    io = stored(case / "io_nets_ema.npz")
    found = styles(nets, io)
    for name, style in found.items():
        close(style, io[name], STYLES)
    for kind in ("latent", "ref"):
        images = nets["generator"](io["x"], found[f"s_{kind}"], masks=masks_of(io))
        if f"out_{kind}" in io:
            close(images, io[f"out_{kind}"], IMAGES)
        else:
            close(images[..., ::4, ::4], io[f"out_{kind}_stride4"], IMAGES)
            close(images.abs().mean(), io[f"out_{kind}_mean_abs"], IMAGES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_arguments_are_read_off_the_tensors(case: Path) -> None:
    nets: dict[str, Any] = load(case / "100000_nets_ema.ckpt")
    G, mapping = nets["generator"], nets["mapping_network"]
    found = {
        "img_size": G.img_size,
        "style_dim": G.style_dim,
        "w_hpf": G.w_hpf,
        "latent_dim": mapping.latent_dim,
        "num_domains": mapping.num_domains,
    }
    official = facts(case)["kwargs"]
    assert found == {name: official[name] for name in found}
    assert not any(network.training or next(network.parameters()).requires_grad for network in nets.values())


@torch.inference_mode()
def test_scores_of_the_discriminator() -> None:
    case = golden("stargan2/ckpt_d2_hpf0/io_nets.npz").parent
    nets: dict[str, Any] = load(case / "100000_nets.ckpt")
    inputs, io = stored(case / "io_nets_ema.npz"), stored(case / "io_nets.npz")
    s = nets["mapping_network"](inputs["z"], inputs["y_trg"])
    close(s, io["s_latent"], STYLES)
    close(nets["style_encoder"](inputs["x_ref"], inputs["y_trg"]), io["s_ref"], STYLES)
    D, x = nets["discriminator"], inputs["x"]
    close(D(x, inputs["y_src"]), io["d_real_at_y_src"], IMAGES)
    close(D(nets["generator"](x, s), inputs["y_trg"]), io["d_fake_at_y_trg"], IMAGES)
    both = torch.stack([D(x, torch.full([len(x)], y)) for y in range(2)], 1)
    close(both, io["d_real_all_domains"], IMAGES)


@torch.inference_mode()
def test_without_masks_nothing_is_carried_over() -> None:
    case = golden("stargan2/ckpt_d2_hpf1_masks")
    G: Any = load(case / "100000_nets_ema.ckpt")["generator"]
    io = stored(case / "io_nets_ema.npz")
    close(G(io["x"][:1], io["s_latent"][:1]), io["out_latent_masks_none_first"], IMAGES)


def test_older_files_without_the_filter_give_the_same_networks() -> None:
    case = golden("stargan2/ckpt_d2_hpf1_masks")
    new, old = load(case / "100000_nets_ema.ckpt"), load(case / "100000_nets_ema_pre2021_no_hpf_filter.ckpt")
    assert new.keys() == old.keys() == {"generator", "mapping_network", "style_encoder"}
    for name in new:
        ours, theirs = new[name].state_dict(), old[name].state_dict()
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key]) for key in ours)


FULL = [case / "fullsize_keys.json" for case in cases("stargan2/facts")]
CONFIGS = json.loads(FULL[0].read_text())["configs"] if FULL else {}


@pytest.mark.parametrize("name", CONFIGS)
def test_full_size_networks_have_the_official_tensors(name: str) -> None:
    official = CONFIGS[name]
    for network, architecture in ARCHITECTURES.items():
        if network == LANDMARKS and network not in official["state_dict"]:  # only faces have it
            continue
        taken = architecture.build.__init__.__code__.co_varnames  # type: ignore[misc]
        with torch.device("meta"):
            built = architecture.build(**{k: v for k, v in official["kwargs"].items() if k in taken})
        shapes = {key: list(tensor.shape) for key, tensor in built.state_dict().items()}
        assert shapes == official["state_dict"][network]
        assert sum(p.numel() for p in built.parameters()) == official["parameters"][network]
