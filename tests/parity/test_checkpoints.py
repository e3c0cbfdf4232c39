"""Official snapshots against what the official code says of them: names, shapes, arguments and every output.

Golden values: NVlabs/stylegan3 and NVlabs/stylegan2-ada-pytorch for ``pkl_*``, NVlabs/stylegan and stylegan2 for the
TensorFlow pickles; each ``case.json`` has the commit and the tolerances, which are repeated at each test.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ganbench import checkpoints
from ganbench.checkpoints.inert import Instance, PersistentObject
from ganbench.checkpoints.loading import load_one
from ganbench.checkpoints.modules import initial, stored_tensors
from tests.golden_cases import cases, facts, golden

PYTORCH = cases("stylegan23/pkl_*")
STYLEGAN3 = cases("stylegan23/pkl_sg3*")
TENSORFLOW = [path for path in cases("stylegan1/*") if (path / "network.pkl").exists()]
WS, IMAGES, LOGITS = 1e-5, 5e-5, 2e-5  # absolute, of every pkl_* case


def name(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("case", PYTORCH, ids=name)
def test_every_pytorch_snapshot_is_read(case: Path) -> None:
    content = checkpoints.read_pickle(case / "network.pkl")
    shapes = json.loads((case / "state_shapes.json").read_text())
    for network in ("G_ema", "D"):
        module = content[network]
        assert isinstance(module, PersistentObject)
        assert module.module_src == "# source omitted\n"
        read = {key: list(tensor.shape) for key, tensor in stored_tensors(module).items()}
        assert read == shapes[network]
    told = facts(case)
    args, kwargs = initial(content["G"])
    assert args == []
    assert kwargs == {k: v for k, v in {**told["G_kwargs"], **told["common_kwargs"]}.items() if k != "class_name"}
    if isinstance(content["augment_pipe"], PersistentObject):
        assert stored_tensors(content["augment_pipe"])["p"].numpy() == np.float32(0.37)


@pytest.fixture(scope="module", params=STYLEGAN3, ids=name)
def snapshot(request: pytest.FixtureRequest) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """The networks of one case, and its inputs and outputs."""
    with np.load(request.param / "io.npz") as arrays:
        io = {key: torch.from_numpy(arrays[key]) for key in arrays.files}
    return checkpoints.load(request.param / "network.pkl"), io


def close(a: Tensor, b: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(a, b, rtol=0, atol=tolerance)


def test_all_networks_are_there(snapshot: tuple[dict[str, Any], dict[str, Tensor]]) -> None:
    assert sorted(snapshot[0]) == ["D", "G", "G_ema"]


def test_latents_agree(snapshot: tuple[dict[str, Any], dict[str, Tensor]]) -> None:
    (networks, io), mapping = snapshot, snapshot[0]["G_ema"].mapping
    z, c = io["z"], io["c"]
    close(mapping(z, c), io["ws"], WS)
    close(mapping(z, c, truncation_psi=0.7), io["ws_psi0.7"], WS)
    close(mapping(z, c, truncation_psi=0.7, truncation_cutoff=4), io["ws_psi0.7_cut4"], WS)
    close(networks["G"].mapping(z, c)[:, 0], io["G_init_ws"], WS)


def test_images_agree(snapshot: tuple[dict[str, Any], dict[str, Tensor]]) -> None:
    networks, io = snapshot
    G = networks["G_ema"]
    z, c = io["z"], io["c"]
    close(G.synthesis(io["ws"], noise_mode="const"), io["img_const"], IMAGES)
    close(G(z, c, truncation_psi=0.7, truncation_cutoff=4), io["img_psi0.7_cut4_const"], IMAGES)
    first = len(io["G_init_img_const"])
    close(networks["G"](z[:first], c[:first]), io["G_init_img_const"], IMAGES)


@pytest.mark.parametrize("transform", ["translate", "rotate", "translate_rotate", "scale"])
def test_images_of_a_moved_canvas_agree(snapshot: tuple[dict[str, Any], dict[str, Tensor]], transform: str) -> None:
    networks, io = snapshot
    G = networks["G_ema"]
    try:
        G.set_transform(io[f"transform_{transform}"])
        moved = io[f"img_{transform}"]
        close(G.synthesis(io["ws"][: len(moved)]), moved, IMAGES)
    finally:
        G.set_transform(torch.eye(3))


@pytest.mark.parametrize("case", PYTORCH, ids=name)
def test_logits_agree(case: Path) -> None:
    D = load_one(case / "network.pkl", "D")
    with np.load(case / "io.npz") as arrays:
        io = {key: torch.from_numpy(arrays[key]) for key in arrays.files}
    images = io["D_images_u8"].float() / 127.5 - 1
    close(D(images, io["D_c"]), io["D_logits"], LOGITS)
    close(D(images[:2], io["D_c"][:2]), io["D_logits_first2"], LOGITS)
    close(D(io["img_const"], io["c"]), io["D_logits_of_img_const"], LOGITS)


@pytest.mark.parametrize("case", TENSORFLOW, ids=name)
def test_every_tensorflow_pickle_is_read(case: Path) -> None:
    content = checkpoints.read_pickle(case / "network.pkl")
    assert isinstance(content, tuple)
    for network, names in zip(content, ("G", "D", "Gs"), strict=True):
        assert isinstance(network, Instance)
        assert network.name == "dnnlib.tflib.network Network"
        assert network.state["name"] == names
        parts = [network, *network.state["components"].values()]
        variables = [pair for part in parts for pair in part.state["variables"]]
        assert all(isinstance(key, str) and np.asarray(value).dtype.kind in "fi" for key, value in variables)
        assert len(variables) > 5


def test_the_variables_of_the_control_file_come_in_order() -> None:
    networks = checkpoints.read_pickle(golden("hostile") / "00_control_good.pkl")
    synthesis = networks[0].state["components"]["synthesis"].state
    assert [key for key, _ in synthesis["variables"]][:2] == ["lod", "noise0"]
    lod = synthesis["variables"][0][1]
    assert type(lod) is np.float32
    assert lod == 0
    assert synthesis["variables"][1][1].dtype == np.float32
