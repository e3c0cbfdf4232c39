"""Programs that ``torch.jit.save`` wrote."""

import zipfile
from pathlib import Path

import pytest
import torch
from strangers import DCGAN
from torch import Tensor, nn

from ganbench.models.base import load_model, open_model
from ganbench.models.foreign.interface import interface_of
from ganbench.testing import check_model
from tests.cli.command_line import ganbench
from tests.models.foreign.test_kinds import KINDS, measured, values

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.*is deprecated:FutureWarning")


class Labelled(nn.Module):
    """A conditional generator that keeps in the file what it takes."""

    z_dim: int
    num_classes: int

    def __init__(self) -> None:
        super().__init__()
        self.z_dim, self.num_classes = 4, 3

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        waves = torch.linspace(0, 4, 4096).reshape(4, 1024)
        return torch.sin(z @ waves + y @ waves[:3]).reshape(-1, 1, 32, 32)


class OnCuda(nn.Module):
    def forward(self, z: Tensor) -> Tensor:
        return z + torch.zeros(1, device=torch.device("cuda:0"))


@pytest.fixture
def traced(tmp_path: Path) -> Path:
    torch.jit.save(torch.jit.trace(DCGAN().eval(), torch.randn(2, 8, 1, 1)), tmp_path / "G.pt")
    return tmp_path / "G.pt"


def test_a_traced_network_gives_the_numbers_of_the_network(traced: Path, tmp_path: Path) -> None:
    found = measured(tmp_path / "a.json", f"torchscript:{traced}", *KINDS["a network"][1:])
    assert values(found) == values(measured(tmp_path / "b.json", *KINDS["a network"]))
    assert found["model"]["provenance"]["program"] == "TorchScript"
    assert found["model"]["provenance"]["file"] == "G.pt"


def test_it_keeps_the_laws_and_its_attributes(traced: Path, tmp_path: Path) -> None:
    check_model(open_model(f"torchscript:{traced}", interface=interface_of(z_dim="8x1x1")).model)
    torch.jit.save(torch.jit.script(Labelled()), tmp_path / "labelled.pt")
    model = load_model("torchscript", tmp_path / "labelled.pt")
    assert (model.z_dim, model.c_dim, model.img_resolution, model.img_channels) == (4, 3, 32, 1)
    check_model(model)
    done = ganbench("run", "--model", f"torchscript:{traced}", "--z-dim", "8", "--classes", "3", "--metrics", "fid@40")
    assert "take latents and classes, found that its code does not (too many arguments)" in done.stderr


def test_every_call_gives_the_same_bits(traced: Path) -> None:
    model, z = load_model(f"torchscript:{traced}", z_dim="8x1x1"), torch.randn(4, 8)
    with torch.inference_mode():
        first = model(z)
        assert all(torch.equal(model(z), first) for _ in range(4))


def complaint(path: Path) -> str:
    done = ganbench("run", "--model", f"torchscript:{path}", "--z-dim", "8x1x1", "--metrics", "fid@40")
    assert done.exit_code == 2
    first, told = done.stderr.splitlines()
    assert first.startswith(f"ganbench runs the code of torchscript:{path}")
    return told


def test_a_program_for_a_device_is_told(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.script(OnCuda()), tmp_path / "cuda.pt")
    assert "found that its program makes tensors on cuda" in complaint(tmp_path / "cuda.pt")


def test_files_that_hold_no_program_are_told(tmp_path: Path) -> None:
    torch.save(DCGAN().state_dict(), tmp_path / "state.pt")
    (tmp_path / "text.pt").write_text("hello")
    assert "found one without a program" in complaint(tmp_path / "state.pt")
    assert "text.pt is text, not a checkpoint" in complaint(tmp_path / "text.pt")
    assert "missing.pt does not exist" in complaint(tmp_path / "missing.pt")


def test_damaged_files_are_told(traced: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.pt").write_bytes(traced.read_bytes()[:-200])
    assert "found a damaged one" in complaint(tmp_path / "cut.pt")
    with zipfile.ZipFile(traced) as whole, zipfile.ZipFile(tmp_path / "hole.pt", "w") as holed:
        for name in whole.namelist():
            if not name.endswith("data.pkl"):
                holed.writestr(name, whole.read(name))
    assert "found that torch cannot read it" in complaint(tmp_path / "hole.pt")
