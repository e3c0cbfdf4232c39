"""StarGAN v2 with masks of faces: by a landmark network in its file or beside it, or a reason before any work."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from baselines.starganv2.landmarks import LandmarkNetwork
from baselines.starganv2.masks import FaceMasks
from baselines.training.weights import read_header
from ganbench.checkpoints import load, load_one
from ganbench.checkpoints.converting import convert, official_files
from ganbench.checkpoints.download import without_fetching
from ganbench.data import open_data
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.models.face_masks import WING
from ganbench.models.starganv2 import adapter
from ganbench.types import Recipe
from tests.cli.command_line import complaint, ganbench
from tests.data.image_sets import noise, write_folder
from tests.models.test_starganv2 import images, written
from tests.starganv2.test_masks import network

TINY: dict[str, Any] = {
    "w_hpf": 1,
    "style_dim": 3,
    "latent_dim": 2,
    "hidden_dim": 4,
    "base_channels": 2,
    "max_conv_dim": 4,
    "batch": 1,
    "kimg": 0.001,
    "tick_kimg": 0.001,
    "snapshot_ticks": 1,
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the network, which takes a second an image, answer with the image itself; its weights stay."""

    def forward(self: LandmarkNetwork, x: Tensor) -> Tensor:
        return F.interpolate(x.mean(1, keepdim=True), size=64) * torch.linspace(0.5, 1, 98)[:, None, None]

    monkeypatch.setattr(LandmarkNetwork, "forward", forward)
    monkeypatch.setattr("baselines.starganv2.train.SOURCES", 1)


@pytest.fixture
def wing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The landmark network's file in the folder of the user's weights."""
    folder = tmp_path / "weights"
    folder.mkdir()
    state = {**network().state_dict(), "addcoords": torch.zeros(3)}
    torch.save({"epoch": 3, "state_dict": state, "optimizer": {"lr": 0.1}}, folder / "wing.ckpt")
    monkeypatch.setenv("GANBENCH_WEIGHTS", str(folder))
    return folder / "wing.ckpt"


def official(path: Path, **more: Any) -> Path:
    """Write an official file of a generator with the skip, of the sizes that the official program has."""
    from baselines.starganv2.networks import Generator, MappingNetwork, StyleEncoder

    sizes: dict[str, Any] = {"img_size": 64, "style_dim": 3, "max_conv_dim": 8}
    nets: dict[str, Any] = {
        "generator": Generator(**sizes, w_hpf=1),
        "mapping_network": MappingNetwork(2, 3, 2),
        "style_encoder": StyleEncoder(**sizes, num_domains=2),
    }
    torch.save({name: net.state_dict() for name, net in nets.items()} | more, path)
    return path


def test_the_published_file_is_read_by_its_names(wing: Path) -> None:
    found = load_one(wing, "fan").state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in network().state_dict().items())
    assert WING.name == "wing.ckpt"


def test_a_damaged_file_names_the_tensor(wing: Path) -> None:
    state = network().state_dict()
    torch.save({"state_dict": {**state, "l0.weight": torch.zeros(5, 256, 1, 1)}}, wing)
    with pytest.raises(BadInputError, match=r"l0.weight with shape \[5, 256, 1, 1\]"):
        load_one(wing, "fan")


def test_masks_are_made_where_the_network_is_here(wing: Path, tmp_path: Path) -> None:
    model: Any = adapter.load(written(tmp_path / "g.safetensors", 32, w_hpf=1), "cpu")
    assert not model.needs_masks
    x, s = images(2, 1, 32, 32), images(2, 3)
    masks = FaceMasks(load_one(wing, "fan"))(x)
    assert torch.equal(model.translate(x, 0, s), model.translate(x, 0, s, masks=masks))
    assert not torch.equal(model.translate(x, 0, s), model.generator(x, s))


def test_masks_are_made_by_the_network_in_an_official_file(tmp_path: Path) -> None:
    source = official(tmp_path / "100000_nets_ema.ckpt", fan=network().state_dict())
    model: Any = adapter.load(source, "cpu")
    assert not model.needs_masks
    x, s = images(1, 3, 64, 64), images(1, 3)
    convert(source, tmp_path / "ours.safetensors")
    ours: Any = adapter.load(tmp_path / "ours.safetensors", "cpu")
    assert torch.equal(ours.translate(x, 0, s), model.translate(x, 0, s))
    assert "fan" in read_header(tmp_path / "ours.safetensors")["config"]
    (content,) = official_files(tmp_path / "ours.safetensors").values()
    (tmp_path / "again.ckpt").write_bytes(content)
    assert "fan" not in load(source)  # it only serves the others
    again, before = load(tmp_path / "again.ckpt", auxiliary=True), load(source, auxiliary=True)
    assert again.keys() == before.keys() == {"generator", "mapping_network", "style_encoder", "fan"}
    for name, net in before.items():
        assert all(torch.equal(again[name].state_dict()[key], value) for key, value in net.state_dict().items())


def test_a_file_for_the_official_program_needs_the_network(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="wants the landmark network in the same file"):
        official_files(official(tmp_path / "100000_nets_ema.ckpt"))


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A folder of two domains, 32x32, greyscale."""
    for split in ("train", "val"):
        for domain in ("female", "male"):
            write_folder(tmp_path / "faces" / split / domain, noise(2, size=32, channels=1))
    return tmp_path / "faces"


def trained(faces: Path, run_dir: Path) -> Path:
    return adapter.train(open_data(faces), Recipe("tiny", {**TINY, "device": "cpu"}), run_dir, False, lambda tick: None)


def test_without_the_network_training_says_which_file_before_anything_starts(faces: Path, tmp_path: Path) -> None:
    with without_fetching(), pytest.raises(MissingWeightsError) as raised:
        trained(faces, tmp_path / "run")
    for part in ("wing.ckpt", WING.url, "GANBENCH_WEIGHTS"):
        assert part in str(raised.value)
    assert not (tmp_path / "run").exists()


def test_without_the_network_metrics_say_which_file(faces: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "g.safetensors", 32, domains=("female", "male", "other"), w_hpf=1)
    line = ("--model", "starganv2", "--weights", path, "--data", faces, "--metrics", "eqt_int_latent")
    told = complaint("run", *line)
    assert "wing.ckpt" in told
    assert WING.url in told


def test_training_and_its_weights_use_the_masks(wing: Path, faces: Path, tmp_path: Path) -> None:
    path = trained(faces, tmp_path / "run")
    model: Any = adapter.load(path, "cpu")
    assert (model.generator.w_hpf, model.needs_masks) == (1, False)
    assert "fan" not in load(path)  # it is not trained, and not written again
    out = tmp_path / "out"
    done = ganbench(
        *("translate", "--model", "starganv2", "--weights", path, "--input", faces, "--target", "male"),
        *("--limit", "1", "--out", out),
    )
    assert (done.exit_code, "masks" in done.stderr) == (0, False), done.stderr
    line = ("--weights", path, "--data", faces, "--metrics", "eqt_int_latent", "--limit", "2")
    done = ganbench("run", "--model", "starganv2", *line, "--results-dir", tmp_path / "results")
    assert done.exit_code == 0, done.stderr
    wing.unlink()
    lacking: Any = adapter.load(path, "cpu")
    assert lacking.needs_masks
