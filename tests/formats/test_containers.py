"""Dictionaries around weights, prefixes of their names, and what training programs save beside them."""

import argparse
import datetime
import pathlib
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from baselines.cyclegan.networks import NLayerDiscriminator, ResnetGenerator
from baselines.starganv2.recipes import Recipe
from baselines.starganv2.train import AVERAGED, configuration, networks
from baselines.training.streams import seeded
from ganbench import load_model
from ganbench.checkpoints import load, load_one
from ganbench.checkpoints.converting import convert
from ganbench.errors import BadInputError, UnsafeFileError
from tests.checkpoints.sentences import assert_one_sentence

State = Mapping[str, Tensor]


def state(seed: int = 0, build: Any = ResnetGenerator, **config: Any) -> State:
    with seeded(seed):
        made: State = build(**{"ngf": 2, "n_blocks": 1, **config}).state_dict()
    return made


def judge(seed: int = 5) -> State:
    with seeded(seed):
        made: State = NLayerDiscriminator(ndf=2).state_dict()
    return made


def prefixed(prefix: str, weights: State) -> State:
    return OrderedDict((prefix + name, tensor) for name, tensor in weights.items())


def same(network: nn.Module, weights: State) -> bool:
    found = network.state_dict()
    return found.keys() == weights.keys() and all(torch.equal(found[name], weights[name]) for name in weights)


class AttributeDict(dict[str, Any]):
    """Settings as training frameworks save them: a dictionary of a class of their own."""


class Options:
    def __init__(self) -> None:
        self.lr = 0.1


BESIDE: dict[str, Any] = {
    "epoch": 3,
    "step": np.int64(7),
    "loss": np.float32(0.5),
    "args": argparse.Namespace(lr=2e-4, name="horse2zebra", where=pathlib.Path("a/b"), betas=(0.5, 0.999)),
    "hyper_parameters": AttributeDict(lr=0.1),
    "options": Options(),
    "history": defaultdict(list, loss=[1.0, 2.0]),
    "optimizer": {"state": {0: {"step": torch.zeros([]), "exp_avg": torch.zeros(2, 3)}}, "param_groups": [{"lr": 1}]},
    "rng": np.arange(5, dtype=np.uint32),
    "cfg": SimpleNamespace(a=1, when=datetime.datetime(2020, 1, 1), z=1j, s={1, 2}, q=deque([1])),
    "device": torch.device("cpu"),
    "spectrum": nn.Parameter(torch.zeros(2, dtype=torch.complex64)),
    "sparse": torch.eye(3).to_sparse(),
}
PREFIXES = ["module.", "_orig_mod.", "netG.", "module._orig_mod.", "netG.module.", "model.netG.", "generator.net."]
CONTAINERS = ["state_dict", "model", "netG", "G", "G_A", "g_ema", "params_ema", "generator", "ema"]


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
@pytest.mark.parametrize("key", CONTAINERS)
def test_a_container_is_seen_through(tmp_path: Path, key: str, legacy: bool) -> None:
    path, weights = tmp_path / "net.pth", state()
    torch.save({**BESIDE, key: weights}, path, _use_new_zipfile_serialization=not legacy)
    assert same(load_one(path, "G", "G_A"), weights)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_prefix_is_seen_through_alone_and_in_a_container(tmp_path: Path, prefix: str) -> None:
    weights = state()
    for content in (prefixed(prefix, weights), {"state_dict": prefixed(prefix, weights), "args": BESIDE["args"]}):
        torch.save(content, tmp_path / "net.pth")
        assert same(load_one(tmp_path / "net.pth", "G"), weights)


def test_prefixes_part_the_networks_of_a_training_frameworks_file(tmp_path: Path) -> None:
    path, there, back = tmp_path / "last.ckpt", state(1), state(2)
    names = {**prefixed("netG_A.", there), **prefixed("netG_B.", back), **prefixed("netD_A.", judge())}
    torch.save({"state_dict": names, "epoch": 1, "hyper_parameters": AttributeDict(lr=1)}, path)
    found = load(path)
    assert list(found) == ["G_A", "G_B", "D_A"]
    assert same(found["G_A"], there)
    assert same(found["G_B"], back)
    translator = load_model("cyclegan", path)
    assert translator.targets == ("A", "B")
    convert(path, tmp_path / "G_B.safetensors", entry="G_B")
    assert same(load(tmp_path / "G_B.safetensors")["G_B"], back)


def test_two_generators_are_converted_as_the_pair_they_are(tmp_path: Path) -> None:
    there, back = state(1, input_nc=1, output_nc=3), state(2, input_nc=3, output_nc=1)
    torch.save({"G_A": there, "G_B": back}, tmp_path / "both.pth")
    convert(tmp_path / "both.pth", tmp_path / "both.safetensors")
    found = load(tmp_path / "both.safetensors")
    assert same(found["G_A"], there)
    assert same(found["G_B"], back)


def test_networks_of_one_kind_are_told_apart_by_their_keys_and_chosen(tmp_path: Path) -> None:
    path, raw, averaged = tmp_path / "net.pt", state(1), state(2)
    torch.save({"ckpt": {"g": raw, "g_ema": averaged, "d": judge()}, "args": BESIDE["args"]}, path)
    assert list(load(path)) == ["ckpt.g", "ckpt.g_ema", "ckpt.d"]
    for entry in ("g_ema", "ckpt.g_ema"):
        assert same(load_one(path, entry=entry), averaged)
        assert same(load(path, entry)["G"], averaged)
    for action in (lambda: load_model("cyclegan", path), lambda: convert(path, tmp_path / "o.safetensors")):
        with pytest.raises(BadInputError, match=r"ckpt\.g, ckpt\.g_ema.* --entry") as refused:
            action()
        assert_one_sentence(refused.value, path)
    with pytest.raises(BadInputError, match=r"holds no network ema, only ckpt\.g, .*--entry"):
        load(path, "ema")
    with pytest.raises(BadInputError, match=r"holds ckpt\.g, ckpt\.g_ema, ckpt\.d: choose one with --entry"):
        load_one(path)
    convert(path, tmp_path / "o.safetensors", entry="g_ema")
    assert same(load_one(tmp_path / "o.safetensors", "G"), averaged)


def test_all_networks_of_a_starganv2_lie_under_one_key(tmp_path: Path) -> None:
    recipe = Recipe(style_dim=3, latent_dim=2, hidden_dim=4, base_channels=2, max_conv_dim=4, bottleneck=16, w_hpf=0)
    shape = {"img_resolution": 32, "img_channels": 3, "c_dim": 2}
    raw, averaged = (networks(configuration(recipe, shape), seed)[0] for seed in (0, 1))
    content = {
        "nets": {name: net.state_dict() for name, net in raw.items()},
        "nets_ema": {name: averaged[name].state_dict() for name in AVERAGED},
        "step": 5,
    }
    torch.save(content, tmp_path / "all.ckpt")
    found = load(tmp_path / "all.ckpt", "nets_ema")
    assert list(found) == list(AVERAGED)
    assert all(same(found[name], content["nets_ema"][name]) for name in AVERAGED)  # type: ignore[index]
    assert "nets_ema.generator" in load(tmp_path / "all.ckpt")
    with pytest.raises(
        BadInputError, match=r"expected one StarGAN v2 in .*, found nets, nets_ema: choose one with --entry"
    ):
        load_model("starganv2", tmp_path / "all.ckpt")


def test_a_stray_tensor_of_the_right_name_is_no_network(tmp_path: Path) -> None:
    for name in ("model.1.weight", "model.0.weight", "net.0.weight", "model.model.0.weight"):
        torch.save({name: torch.zeros(4, 3, 7, 7), "head.weight": torch.zeros(5, 4)}, tmp_path / "net.pth")
        with pytest.raises(BadInputError, match="weights of no known network"):
            load(tmp_path / "net.pth")


def test_dictionaries_that_hold_each_other_many_times_take_little_time(tmp_path: Path) -> None:
    nested: dict[str, Any] = {"weight": torch.zeros(1)}
    for _ in range(30):
        nested = {"a": nested, "b": nested}
    endless: dict[str, Any] = {}
    endless["again"] = endless
    for content in (nested, endless):
        torch.save(content, tmp_path / "net.pth")
        with pytest.raises(UnsafeFileError) as refused:
            load(tmp_path / "net.pth")
        assert_one_sentence(refused.value, tmp_path / "net.pth")


def test_endless_parts_are_not_all_tried(tmp_path: Path) -> None:
    weights = judge()
    near = {name: tensor for name, tensor in weights.items() if name != "model.0.bias"}
    for part, words in ((weights, "more than 64 networks"), (near, "more than 64 parts that are nearly networks")):
        torch.save({str(index): part for index in range(200)}, tmp_path / "net.pth")
        with pytest.raises(UnsafeFileError, match=words) as refused:
            load(tmp_path / "net.pth")
        assert_one_sentence(refused.value, tmp_path / "net.pth")
