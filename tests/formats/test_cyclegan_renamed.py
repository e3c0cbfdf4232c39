"""CycleGAN generators as other programs build and name them make the images that those programs would make."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import ganbench
from baselines.training.streams import seeded
from baselines.translation.networks import ResnetGenerator
from baselines.translation.variants import VariantResnetGenerator
from ganbench.checkpoints import load
from ganbench.checkpoints.converting import convert
from ganbench.errors import BadInputError

NGF, BLOCKS = 4, 2


class Residual(nn.Module):
    """A residual block whose layers lie under any name."""

    def __init__(self, name: str, affine: bool, bias: bool) -> None:
        super().__init__()
        width = 4 * NGF
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias)]
            layers += [nn.InstanceNorm2d(width, affine=affine), nn.ReLU()]
        self.name = name
        self.add_module(name, nn.Sequential(*layers[:-1]))

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = x + self.get_submodule(self.name)(x)
        return added


def upsampling(width: int, nearest: bool, bias: bool) -> list[nn.Module]:
    if nearest:
        return [nn.Upsample(scale_factor=2), nn.Conv2d(width, width // 2, 3, padding=1, bias=bias)]
    return [nn.ConvTranspose2d(width, width // 2, 3, stride=2, padding=1, output_padding=1, bias=bias)]


def program(block: str, affine: bool = False, nearest: bool = False, bias: bool = True, nested: bool = False) -> Any:
    """Return a generator as a program may build it, with random weights."""

    def normed(layers: list[nn.Module], width: int) -> list[nn.Module]:
        layers = [*layers, nn.InstanceNorm2d(width, affine=affine), nn.ReLU()]
        return [nn.Sequential(*layers)] if nested else layers

    with seeded(0):
        first = [nn.ReflectionPad2d(3), *normed([nn.Conv2d(3, NGF, 7, bias=bias)], NGF)]
        for width in (NGF, 2 * NGF):
            first += normed([nn.Conv2d(width, 2 * width, 3, stride=2, padding=1, bias=bias)], 2 * width)
        blocks = [Residual(block, affine, bias) for _ in range(BLOCKS)]
        ups = [it for width in (4 * NGF, 2 * NGF) for it in normed(upsampling(width, nearest, bias), width // 2)]
        network = nn.Sequential(*first, *blocks, *ups, nn.ReflectionPad2d(3), nn.Conv2d(NGF, 3, 7), nn.Tanh())
        for tensor in network.requires_grad_(False).parameters():
            nn.init.normal_(tensor, std=0.3)
    return network.eval()


PROGRAMS: dict[str, tuple[Callable[[], Any], str, type[nn.Module]]] = {
    "the official names": (lambda: program("conv_block"), "netG_A2B.pth", ResnetGenerator),
    "blocks of another name": (lambda: program("block"), "G_AB_199.pth", ResnetGenerator),
    "layers within layers": (lambda: program("res_block", nested=True), "latest.ckpt", ResnetGenerator),
    "repeated pixels": (lambda: program("block", nearest=True), "G_AB_3.pth", VariantResnetGenerator),
    "scale and shift": (lambda: program("layers", affine=True), "G_XY.pt", VariantResnetGenerator),
    "no bias": (lambda: program("main", affine=True, bias=False, nested=True), "a.pth", VariantResnetGenerator),
}


@pytest.fixture(params=PROGRAMS)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Any, type[nn.Module]]:
    make, file, kind = PROGRAMS[request.param]
    network = make()
    torch.save({f"model.{name}": tensor for name, tensor in network.state_dict().items()}, tmp_path / file)
    return tmp_path / file, network, kind


def images() -> Tensor:
    return torch.rand(2, 3, 16, 24, generator=torch.Generator().manual_seed(1)) * 2 - 1


def test_images_are_those_of_the_program(written: tuple[Path, Any, type[nn.Module]], tmp_path: Path) -> None:
    path, network, kind = written
    ((_, found),) = load(path).items()
    assert type(found) is kind
    torch.testing.assert_close(found(images()), network(images()), rtol=0, atol=1e-6)
    model = ganbench.load_model("cyclegan", path)
    torch.testing.assert_close(model.translate(images(), 1), network(images()), rtol=0, atol=1e-6)
    convert(path, tmp_path / "a.safetensors")
    assert torch.equal(
        ganbench.load_model("cyclegan", tmp_path / "a.safetensors").translate(images(), 1), found(images())
    )


def test_the_direction_is_told_by_key_or_file(tmp_path: Path) -> None:
    there, back = program("block").state_dict(), program("block", affine=True).state_dict()
    torch.save({"Gab": there, "Gba": back, "epoch": 3}, tmp_path / "latest.ckpt")
    assert list(load(tmp_path / "latest.ckpt")) == ["G_A", "G_B"]
    model: Any = ganbench.load_model("cyclegan", tmp_path / "latest.ckpt")
    assert model.targets == ("A", "B")
    torch.save(back, tmp_path / "netG_B2A.pth")
    assert list(load(tmp_path / "netG_B2A.pth")) == ["G_B"]


def test_what_is_nearly_a_generator_is_none(tmp_path: Path) -> None:
    state = program("block", affine=True).state_dict()
    state["attention.weight"] = torch.ones(3, 3, 1, 1)
    torch.save(state, tmp_path / "a.pth")
    with pytest.raises(BadInputError, match="holds weights of no known network"):
        load(tmp_path / "a.pth")
