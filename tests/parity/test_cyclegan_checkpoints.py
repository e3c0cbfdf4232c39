"""CycleGAN's official files: configuration off the tensors, variants in which they are found, and broken ones."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from baselines.cyclegan.networks import (
    Generators,
    NLayerDiscriminator,
    PixelDiscriminator,
    ResnetGenerator,
    UnetGenerator,
)
from baselines.training.weights import read_header, save_weights, to_bytes
from ganbench.checkpoints import load
from ganbench.checkpoints.converting import convert
from ganbench.errors import BadInputError, UnsafeFileError
from ganbench.formats import Tensors
from ganbench.formats.cyclegan import cyclegan
from ganbench.formats.pix2pix import pix2pix
from tests.checkpoints.sentences import assert_one_sentence
from tests.cli.command_line import complaint, ganbench
from tests.golden_cases import cases, facts, golden

State = dict[str, Tensor]
NETWORKS: list[tuple[Callable[..., nn.Module], dict[str, Any]]] = [
    (ResnetGenerator, {"input_nc": 1, "output_nc": 3, "ngf": 2, "n_blocks": 0, "norm": "none"}),
    (ResnetGenerator, {"ngf": 2, "n_blocks": 2, "norm": "batch", "padding_type": "zero"}),
    (ResnetGenerator, {"ngf": 2, "n_blocks": 6, "norm": "instance", "use_dropout": True}),
    (ResnetGenerator, {"ngf": 2, "n_blocks": 1, "norm": "none", "use_dropout": True, "padding_type": "zero"}),
    (UnetGenerator, {"input_nc": 3, "output_nc": 1, "ngf": 1, "num_downs": 5, "norm": "none"}),
    (UnetGenerator, {"ngf": 1, "num_downs": 9, "norm": "batch"}),
    (NLayerDiscriminator, {"input_nc": 6, "ndf": 2, "n_layers": 5, "norm": "batch"}),
    (NLayerDiscriminator, {"ndf": 2, "n_layers": 1, "norm": "none"}),
    (PixelDiscriminator, {"input_nc": 1, "ndf": 2, "norm": "batch"}),
    (PixelDiscriminator, {"ndf": 2, "norm": "none"}),
]


@pytest.fixture
def official(tmp_path: Path) -> Path:
    """A folder with copies of an official set that a test may change."""
    source = golden("cyclegan/old_style_instance_norm") / "latest_net_G_clean.pth"
    (tmp_path / "latest_net_G_A.pth").write_bytes(source.read_bytes())
    return tmp_path


def state_of(path: Path) -> State:
    state: State = torch.load(path, weights_only=True)
    return state


def saved(path: Path, state: Mapping[str, Any], **options: Any) -> Path:
    torch.save(state, path, **options)
    return path


@pytest.mark.parametrize(("build", "config"), NETWORKS)
def test_the_configuration_is_read_off_the_tensors(build: Callable[..., nn.Module], config: dict[str, Any]) -> None:
    with torch.random.fork_rng(devices=[]):
        network = build(**config)
    content = Tensors(network.state_dict())
    mine, other = (pix2pix, cyclegan) if config["norm"] == "batch" else (cyclegan, pix2pix)
    found = mine.recognise(content)
    assert found is not None
    assert other.recognise(content) is None
    ((name, plan),) = found.items()
    assert (plan.architecture.build, name) == (build, "G" if "Generator" in build.__name__ else "D")
    assert {key: plan.config[key] for key in config} == config


OFFICIAL = [path for case in cases("cyclegan/*") for path in sorted(case.glob("*.pth"))]


@pytest.mark.parametrize("path", OFFICIAL, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_official_file_loads_under_the_name_it_has(path: Path) -> None:
    ((name, network),) = load(path).items()
    wanted = path.stem.partition("_net_")[2]
    # "latest_net_G_tracked.pth" and "..._clean.pth" follow no official pattern
    assert name == (wanted if wanted in ("G", "G_A", "G_B", "D_A", "D_B") else wanted[0])
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())
    kwargs = facts(path.parent).get("kwargs", {})
    if "ngf" in kwargs and name.startswith("G"):
        assert getattr(network, "input_nc", None) == kwargs["input_nc"]


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}], ids=["zip", "before torch 1.6"])
@pytest.mark.parametrize("prefix", ["", "module."])
def test_variants_of_one_file_give_the_same_network(official: Path, prefix: str, options: dict[str, Any]) -> None:
    state = state_of(official / "latest_net_G_A.pth")
    path = saved(official / "7_net_G_B.pth", {prefix + name: tensor for name, tensor in state.items()}, **options)
    network = load(path)["G_B"]
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in state.items())


def test_the_device_that_tensors_were_saved_from_does_not_matter(official: Path) -> None:
    path = official / "latest_net_G_A.pth"
    state = state_of(path)
    saved(path, state, _use_new_zipfile_serialization=False)
    tagged = path.read_bytes()
    # the device is a text in the pickle: its length in four bytes, then itself
    assert b"\x03\x00\x00\x00cpu" in tagged
    path.write_bytes(tagged.replace(b"\x03\x00\x00\x00cpu", b"\x06\x00\x00\x00cuda:0"))
    network = load(path)["G_A"]
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in state.items())


def broken(state: State) -> dict[str, tuple[dict[str, Any], str]]:
    """What may be wrong with a file, and what is said of it."""
    misshapen = {**state, "model.7.weight": state["model.7.weight"][:, :1].clone()}
    block = {name: tensor for name, tensor in state.items() if ".13." not in name}
    return {
        "not finite": (
            {**state, "model.4.bias": state["model.4.bias"] * float("nan")},
            "NaN or an infinity in .*4.bias",
        ),
        "lacking": ({name: t for name, t in state.items() if name != "model.4.bias"}, "lacks the tensor model.4.bias"),
        "misshapen": (misshapen, "tensor model.7.weight with shape"),
        "without a block": (block, "lacks the tensor model.13.conv_block.1.weight"),
        "with one more": ({**state, "model.99.weight": torch.zeros(1)}, "holds the tensor model.99.weight"),
        "of no network": ({"x": torch.zeros(2)}, "holds weights of no known network"),
        "empty": ({}, "holds no networks and no tensors"),
        "of numbers": ({"model.1.weight": 3}, "holds no networks and no tensors"),
        "without a last layer": (
            {"model.1.weight": state["model.1.weight"]},
            "lacks the last convolution .* model.17.weight",
        ),
    }


WRONG = "not finite|lacking|misshapen|without a block|with one more|of no network|empty|of numbers|without a last layer"


@pytest.mark.parametrize("what", WRONG.split("|"))
def test_a_file_that_does_not_fit_is_refused_in_one_sentence(official: Path, what: str) -> None:
    path = official / "latest_net_G_A.pth"
    content, words = broken(state_of(path))[what]
    saved(path, content)
    with pytest.raises(BadInputError, match=words) as refused:
        load(path)
    assert_one_sentence(refused.value, path)


@pytest.mark.parametrize("kept", [0, 1, 100, 5000, 0.5, 0.99])
def test_a_file_cut_short_is_refused_in_one_sentence(official: Path, kept: float) -> None:
    path = official / "latest_net_G_A.pth"
    content = path.read_bytes()
    path.write_bytes(content[: int(kept if kept >= 1 else kept * len(content))])
    with pytest.raises(BadInputError) as refused:
        load(path)
    assert_one_sentence(refused.value, path)


class Attack:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("PWNED"),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_that_asks_for_code_to_be_run_is_refused(official: Path, zipped: bool) -> None:
    path = official / "latest_net_G_A.pth"
    saved(path, {**state_of(path), "model.1.weight": Attack()}, _use_new_zipfile_serialization=zipped)
    with pytest.raises(UnsafeFileError) as refused:
        load(path)
    assert_one_sentence(refused.value, path)
    assert not Path("PWNED").exists()


def test_a_network_under_the_name_of_the_other_kind_is_refused(official: Path) -> None:
    path = official / "latest_net_D_A.pth"
    (official / "latest_net_G_A.pth").rename(path)
    with pytest.raises(
        BadInputError, match=r"\.pth is named as a discriminator and holds a generator: give"
    ) as refused:
        load(path)
    assert_one_sentence(refused.value, path)


def test_endless_depth_is_refused_before_anything_is_built(official: Path) -> None:
    state = state_of(official / "latest_net_G_A.pth")
    many = {f"model.{10 + block}.conv_block.1.weight": torch.zeros(0) for block in range(1000)}
    many["model.1017.weight"] = torch.zeros(3, 4, 7, 7)
    path = saved(official / "deep.pth", {**many, **state})
    with pytest.raises(UnsafeFileError, match="'n_blocks' as 1000") as refused:
        load(path)
    assert_one_sentence(refused.value, path)


CONVERTED = [
    ("cycle_resnet6_basic/latest_net_G_B.pth", "cyclegan-resnet-generator", "G_B", (1, 3, 64, 64)),
    ("cycle_resnet6_basic/latest_net_D_A.pth", "cyclegan-patch-discriminator", "D_A", (1, 3, 64, 64)),
    ("cycle_resnet9_pixel/latest_net_D_B.pth", "cyclegan-pixel-discriminator", "D_B", (1, 3, 8, 8)),
    ("unet128_instance/latest_net_G.pth", "cyclegan-unet-generator", "G", (1, 3, 128, 128)),
    ("old_style_instance_norm/latest_net_G_tracked.pth", "cyclegan-resnet-generator", "G", (1, 3, 32, 32)),
]


@pytest.mark.parametrize(("source", "model", "name", "shape"), CONVERTED)
def test_converted_networks_are_the_same(
    tmp_path: Path, source: str, model: str, name: str, shape: tuple[int, ...]
) -> None:
    folder, _, file = source.partition("/")
    path, target = golden(f"cyclegan/{folder}") / file, tmp_path / "converted.safetensors"
    convert(path, target)
    header = read_header(target)
    assert [header[key] for key in ("model", "entry", "source")] == [model, name, file]
    x = torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1
    assert torch.equal(load(target)[name](x), load(path)[name](x))


def test_the_command_converts(tmp_path: Path) -> None:
    source = golden("cyclegan/nlayer_D_n2") / "latest_net_D_A.pth"
    done = ganbench("convert", source, tmp_path / "D.safetensors")
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path / 'D.safetensors'}\n")
    assert done.stderr.startswith("PatchGAN discriminator, ")
    said = complaint("convert", source, tmp_path / "G.safetensors", "--entry", "G")
    assert "holds no network G, only D_A" in said


def test_our_own_file_has_both_generators(tmp_path: Path) -> None:
    config: dict[str, Any] = {"netG": "unet", "input_nc": 1, "output_nc": 2, "ngf": 1, "num_downs": 5}
    with torch.random.fork_rng(devices=[]):
        both = Generators(**config)
    save_weights(tmp_path / "g.safetensors", both, model="cyclegan", config=config)
    found = load(tmp_path / "g.safetensors")
    assert list(found) == ["G_A", "G_B"]
    x = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.equal(found["G_B"](found["G_A"](x)), both.eval().G_B(both.G_A(x)))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"netG": "vit"}, "generators of an unknown kind, 'vit'"),
        ({"netG": ["resnet"]}, "generators of an unknown kind"),
        ({"n_blocks": 1, "ngf": 2}, "shape"),
        ({"n_blocks": 2, "ngf": 1}, "lacks the tensor"),
        ({"n_blocks": 2**19}, "'n_blocks' as 524288"),
        ({"colour": 1}, "colour"),
        ([], "no arguments of its network in its header"),
    ],
)
def test_own_files_whose_header_lies_are_refused(tmp_path: Path, config: Any, words: str) -> None:
    with torch.random.fork_rng(devices=[]):
        both = Generators(ngf=1, n_blocks=1)
    path = tmp_path / "g.safetensors"
    header = {"model": json.dumps("cyclegan"), "config": json.dumps(config)}
    path.write_bytes(to_bytes(both.state_dict(), header))
    with pytest.raises((BadInputError, UnsafeFileError), match=words) as refused:
        load(path)
    assert_one_sentence(refused.value, path)
