"""StarGAN's official files and ours: what is read off the tensors, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from baselines.stargan.networks import Discriminator, Generator
from baselines.training.streams import seeded
from ganbench.checkpoints import load
from ganbench.checkpoints.converting import convert
from ganbench.checkpoints.recognition import title_of
from ganbench.errors import BadInputError, UnsafeFileError
from tests.checkpoints.sentences import assert_one_sentence

State = dict[str, Tensor]
G_CONFIG: dict[str, Any] = {"c_dim": 5, "img_channels": 3, "conv_dim": 2, "repeat_num": 2}
D_CONFIG: dict[str, Any] = {"img_size": 32, "c_dim": 5, "img_channels": 3, "conv_dim": 2, "repeat_num": 3}


def generator(statistics: str = "all", **changes: Any) -> State:
    """Return a generator as the official program saves it: with running statistics of instance norm, never used.

    Torch 0.3 did not count batches; later versions do. Nobody's statistics are "none".
    """
    with seeded(0):
        state = dict(Generator(**{**G_CONFIG, **changes}).state_dict())
    norms = [name.removesuffix(".weight") for name, tensor in state.items() if tensor.ndim == 1 and "weight" in name]
    for norm in norms if statistics != "none" else ():
        size = state[f"{norm}.weight"].shape
        state |= {f"{norm}.running_mean": torch.full(size, 9.0), f"{norm}.running_var": torch.full(size, 9.0)}
        if statistics == "all":
            state[f"{norm}.num_batches_tracked"] = torch.tensor(7)
    return state


def discriminator(**changes: Any) -> State:
    with seeded(0):
        return dict(Discriminator(**{**D_CONFIG, **changes}).state_dict())


def saved(path: Path, state: Any, zipped: bool = True) -> Path:
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    return path


def shapes(network: Any) -> tuple[int, int, int]:
    return network.c_dim, network.img_channels, len(network.main)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("statistics", ["all", "torch 0.3", "none"])
def test_a_generator_is_read_without_its_statistics(tmp_path: Path, statistics: str, zipped: bool) -> None:
    found = load(saved(tmp_path / "200000-G.ckpt", generator(statistics), zipped))
    (network,) = found.values()
    assert (list(found), title_of(network)) == (["G"], "StarGAN generator")
    plain = generator("none")
    assert network.state_dict().keys() == plain.keys()
    assert all(torch.equal(network.state_dict()[name], tensor) for name, tensor in plain.items())


@pytest.mark.parametrize(
    "changes",
    [{}, {"c_dim": 8}, {"repeat_num": 0}, {"repeat_num": 6}, {"img_channels": 1, "c_dim": 10}, {"conv_dim": 3}],
)
def test_a_generator_s_arguments_are_read_off_its_tensors(tmp_path: Path, changes: dict[str, int]) -> None:
    network = load(saved(tmp_path / "1-G.ckpt", generator(**changes)))["G"]
    config = {**G_CONFIG, **changes}
    assert shapes(network) == (config["c_dim"], config["img_channels"], 9 + config["repeat_num"] + 8)


@pytest.mark.parametrize("changes", [{}, {"img_size": 128, "repeat_num": 6}, {"img_channels": 1, "c_dim": 2}])
def test_a_discriminator_s_arguments_are_read_off_its_tensors(tmp_path: Path, changes: dict[str, int]) -> None:
    found = load(saved(tmp_path / "1-D.ckpt", discriminator(**changes)))
    network: Any = found["D"]
    config = {**D_CONFIG, **changes}
    patches, logits = network(torch.zeros(1, config["img_channels"], config["img_size"], config["img_size"]))
    assert (network.img_size, logits.shape[1]) == (config["img_size"], config["c_dim"])
    assert patches.shape[-1] == config["img_size"] >> config["repeat_num"]
    assert all(torch.equal(network.state_dict()[name], it) for name, it in discriminator(**changes).items())


def test_the_prefix_of_parallel_training_is_cut(tmp_path: Path) -> None:
    prefixed = {f"module.{name}": tensor for name, tensor in generator().items()}
    assert list(load(saved(tmp_path / "g.pt", {"G": prefixed, "D": discriminator()}))) == ["G", "D"]


@pytest.mark.parametrize(("name", "make"), [("G", generator), ("D", discriminator)])
def test_a_converted_file_gives_the_same_network(tmp_path: Path, name: str, make: Callable[[], State]) -> None:
    official = saved(tmp_path / f"200000-{name}.ckpt", make())
    convert(official, tmp_path / "ours.safetensors")
    found = load(tmp_path / "ours.safetensors")
    assert list(found) == [name]
    wanted = load(official)[name].state_dict()
    assert all(torch.equal(tensor, wanted[key]) for key, tensor in found[name].state_dict().items())


def without(state: State, name: str) -> State:
    return {key: tensor for key, tensor in state.items() if key != name}


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (
            without(generator(), "main.17.weight"),
            r"lacks the last convolution of a StarGAN generator, main\.17\.weight",
        ),
        (without(generator(), "main.12.bias"), r"lacks the tensor main\.12\.bias"),
        (generator() | {"main.10.main.3.weight": torch.zeros(8, 8, 5, 5)}, r"main\.10\.main\.3\.weight with shape"),
        (generator() | {"main.1.running_mean": torch.zeros(3)}, r"main\.1\.running_mean of shape \[3\]"),
        (generator() | {"extra.weight": torch.zeros(3)}, r"extra\.weight of shape \[3\]"),
        (generator() | {"main.17.weight": torch.zeros(9, 2, 7, 7)}, "lacks the last convolution"),
        (discriminator() | {"conv2.weight": torch.zeros(5)}, r"conv2\.weight with 1 dimensions"),
        (discriminator() | {"conv1.weight": torch.zeros(2, 8, 3, 3)}, r"conv1\.weight with shape"),
        (generator() | {"main.1.weight": torch.full([2], float("nan"))}, "main.1.weight"),
    ],
)
def test_a_file_that_fits_in_part_is_refused(tmp_path: Path, state: State, words: str) -> None:
    with pytest.raises(BadInputError, match=words) as error:
        load(saved(tmp_path / "1-G.ckpt", state))
    assert_one_sentence(error.value, tmp_path / "1-G.ckpt")


def test_depths_beyond_any_network_are_refused(tmp_path: Path) -> None:
    tower = {f"main.{place}.main.0.weight": torch.zeros(1, 1, 3, 3) for place in range(9, 80)}
    state = {**generator(), **tower, "main.86.weight": torch.zeros(3, 2, 7, 7)}
    with pytest.raises(UnsafeFileError, match="'repeat_num' as 71"):
        load(saved(tmp_path / "1-G.ckpt", state))
    halved = {f"main.{place}.weight": torch.zeros(1, 1, 1, 1) for place in range(6, 300)}
    with pytest.raises(UnsafeFileError, match="'repeat_num'"):
        load(saved(tmp_path / "1-D.ckpt", {**discriminator(), **halved}))
