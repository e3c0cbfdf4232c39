"""pix2pix's official files: told from CycleGAN's by batch norm, read and converted without loss."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.training.streams import seeded
from baselines.training.weights import read_header, save_weights
from baselines.translation.networks import NLayerDiscriminator, PixelDiscriminator, ResnetGenerator, UnetGenerator
from ganbench.checkpoints import load
from ganbench.checkpoints.converting import convert
from ganbench.checkpoints.loading import found_in
from ganbench.errors import BadInputError
from ganbench.formats.cyclegan import cyclegan
from ganbench.formats.pix2pix import pix2pix
from tests.checkpoints.sentences import assert_one_sentence


def network(build: Callable[..., nn.Module], **config: Any) -> nn.Module:
    """Return a network of random weights, whose batch norm has seen images."""
    with seeded(0):
        made = build(**config)
        for module in made.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_()  # type: ignore[union-attr]  # batch norm has statistics here
                module.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    return made.eval().requires_grad_(False)


def official(path: Path, made: nn.Module, prefix: str = "", **options: Any) -> Path:
    torch.save({f"{prefix}{name}": tensor for name, tensor in made.state_dict().items()}, path, **options)
    return path


def images(channels: int = 3, size: int = 64) -> Tensor:
    return torch.rand([2, channels, size, size], generator=torch.Generator().manual_seed(0)) * 2 - 1


UNET = {"ngf": 2, "num_downs": 6, "norm": "batch", "use_dropout": True}
CASES: list[tuple[str, Callable[..., nn.Module], dict[str, Any], Any]] = [
    ("G", UnetGenerator, UNET, pix2pix),
    ("G", ResnetGenerator, {"ngf": 2, "n_blocks": 2, "norm": "batch", "use_dropout": True}, pix2pix),
    ("D", NLayerDiscriminator, {"input_nc": 6, "ndf": 2, "norm": "batch"}, pix2pix),
    ("D", PixelDiscriminator, {"input_nc": 6, "ndf": 2, "norm": "batch"}, pix2pix),
    ("G", UnetGenerator, {"ngf": 2, "num_downs": 6, "norm": "instance"}, cyclegan),
    ("G", ResnetGenerator, {"ngf": 2, "n_blocks": 2, "norm": "instance"}, cyclegan),
    ("D", NLayerDiscriminator, {"ndf": 2, "norm": "instance"}, cyclegan),
]


@pytest.mark.parametrize(("name", "build", "config", "known"), CASES)
@pytest.mark.parametrize("old", [False, True], ids=["zip", "before torch 1.6"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_batch_norm_is_pix2pix_and_all_else_cyclegan(
    tmp_path: Path, name: str, build: Any, config: dict[str, Any], known: Any, old: bool, prefix: str
) -> None:
    made = network(build, **config)
    path = official(tmp_path / f"latest_net_{name}.pth", made, prefix, _use_new_zipfile_serialization=not old)
    ((found, it),) = found_in(path).items()
    assert (found, it.format) == (name, known)
    assert {key: it.spec.config[key] for key in config if key != "use_dropout"} == {
        key: value for key, value in config.items() if key != "use_dropout"
    }
    x = images(config.get("input_nc", 3))
    assert torch.equal(load(path)[name](x), made(x))


def test_files_from_before_batch_norm_counted_its_batches(tmp_path: Path) -> None:
    """The authors' published files are of PyTorch 0.3, whose batch norm has no ``num_batches_tracked``."""
    made = network(UnetGenerator, **UNET)
    state = {name: tensor for name, tensor in made.state_dict().items() if not name.endswith("num_batches_tracked")}
    torch.save(state, tmp_path / "latest_net_G.pth", _use_new_zipfile_serialization=False)
    assert torch.equal(load(tmp_path / "latest_net_G.pth")["G"](images()), made(images()))


def plain_unet(state: dict[str, Tensor], x: Tensor) -> Tensor:
    """Return the translation by "U-Net" as the paper's section 6.1.1 tells it, C64-C128-... down and up again."""
    downs = ["model.model", "model.model.1"]
    while f"{downs[-1]}.model.3.model.1.weight" in state:
        downs.append(f"{downs[-1]}.model.3")

    def norm(x: Tensor, name: str) -> Tensor:
        mean, var, weight, bias = (state[f"{name}.{key}"] for key in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, mean, var, weight, bias, eps=1e-5)

    def block(x: Tensor, depth: int) -> Tensor:
        name, last = downs[depth], depth == len(downs) - 1
        if depth == 0:
            y = block(F.conv2d(x, state[f"{name}.0.weight"], stride=2, padding=1), 1)
            up = f"{name}.3"
            return F.conv_transpose2d(y.relu(), state[f"{up}.weight"], state[f"{up}.bias"], 2, 1).tanh()
        y = F.conv2d(F.leaky_relu(x, 0.2), state[f"{name}.model.1.weight"], stride=2, padding=1)
        y = y if last else block(norm(y, f"{name}.model.2"), depth + 1)
        up, after = (3, 4) if last else (5, 6)
        y = F.conv_transpose2d(y.relu(), state[f"{name}.model.{up}.weight"], None, 2, 1)
        return torch.cat([x, norm(y, f"{name}.model.{after}")], 1)

    return block(x, 0)


def test_images_are_those_of_an_independent_forward(tmp_path: Path) -> None:
    made = network(UnetGenerator, **UNET)
    path = official(tmp_path / "latest_net_G.pth", made)
    assert torch.allclose(load(path)["G"](images()), plain_unet(made.state_dict(), images()), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "build", "config", "model"),
    [
        ("G", UnetGenerator, UNET, "pix2pix"),
        ("G", ResnetGenerator, {"ngf": 2, "n_blocks": 1, "norm": "batch"}, "pix2pix"),
        ("D", NLayerDiscriminator, {"input_nc": 6, "ndf": 2, "norm": "batch"}, "pix2pix-patch-discriminator"),
        ("D", PixelDiscriminator, {"input_nc": 4, "ndf": 2, "norm": "batch"}, "pix2pix-pixel-discriminator"),
    ],
)
def test_converted_networks_are_the_same(
    tmp_path: Path, name: str, build: Any, config: dict[str, Any], model: str
) -> None:
    path, target = (
        official(tmp_path / f"9_net_{name}.pth", network(build, **config)),
        tmp_path / "converted.safetensors",
    )
    convert(path, target)
    header = read_header(target)
    assert (header["model"], header["entry"]) == (model, name)
    ((_, it),) = found_in(target).items()
    assert it.format is pix2pix
    x = images(config.get("input_nc", 3))
    assert torch.equal(load(target)[name](x), load(path)[name](x))


def test_a_converted_u_net_keeps_its_dropout(tmp_path: Path) -> None:
    convert(official(tmp_path / "latest_net_G.pth", network(UnetGenerator, **UNET)), tmp_path / "g.safetensors")
    assert read_header(tmp_path / "g.safetensors")["config"]["use_dropout"] is True
    assert any(isinstance(module, nn.Dropout) for module in load(tmp_path / "g.safetensors")["G"].modules())


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"netG": "vit"}, "generator of an unknown kind, 'vit'"),
        ({"netG": "unet", "ngf": 3, "num_downs": 6}, "shape|lacks the tensor"),
        ({"netG": "unet", "num_downs": 99}, "'num_downs' as 99"),
        ({"colour": 1}, "colour"),
    ],
)
def test_own_files_whose_header_lies_are_refused(tmp_path: Path, config: dict[str, Any], words: str) -> None:
    path = tmp_path / "g.safetensors"
    save_weights(path, network(UnetGenerator, **UNET), model="pix2pix", config=config)
    with pytest.raises(BadInputError, match=words) as refused:
        load(path)
    assert_one_sentence(refused.value, path)


def test_a_file_that_lacks_a_tensor_is_told(tmp_path: Path) -> None:
    state = network(UnetGenerator, **UNET).state_dict()
    del state["model.model.1.model.6.weight"]
    torch.save(state, tmp_path / "latest_net_G.pth")
    with pytest.raises(BadInputError, match=r"lacks the tensor \S*6\.weight, of shape .* pix2pix U-Net gen") as refused:
        load(tmp_path / "latest_net_G.pth")
    assert_one_sentence(refused.value, tmp_path / "latest_net_G.pth")
