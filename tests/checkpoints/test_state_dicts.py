"""StarGAN v2's files of state dicts: variants in which they are found, and hostile or broken ones."""

import functools
import random
import re
import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from baselines.starganv2.layers import HighPass
from baselines.starganv2.recipes import Recipe
from baselines.starganv2.train import AVERAGED, configuration, networks
from ganbench.checkpoints import load, recognition
from ganbench.errors import BadInputError, UnsafeFileError
from tests.checkpoints.sentences import assert_one_sentence

Content = dict[str, Any]
DEVICE = b"\x03\x00\x00\x00cpu"  # a text in the pickle: its length in four bytes, then itself


def content(w_hpf: float = 0, size: int = 32, domains: int = 2) -> Content:
    """Return small networks as the official program saves them, the discriminator among them."""
    bottleneck = None if w_hpf else 16
    recipe = Recipe(style_dim=3, latent_dim=2, hidden_dim=4, base_channels=2, max_conv_dim=4, bottleneck=bottleneck,
                    w_hpf=w_hpf)  # fmt: skip
    nets, _ = networks(configuration(recipe, {"img_resolution": size, "img_channels": 3, "c_dim": domains}), 0)
    return {name: dict(net.state_dict()) for name, net in nets.items()}


def averaged(**options: Any) -> Content:
    found = content(**options)
    return {name: found[name] for name in AVERAGED}


def saved(path: Path, state: Content, zipped: bool = True) -> Path:
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    return path


def equal(found: Any, state: Content) -> bool:
    return found.keys() == state.keys() and all(
        torch.equal(found[name].state_dict()[key], value) for name in state for key, value in state[name].items()
    )


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_files_of_raw_and_of_averaged_networks(tmp_path: Path, zipped: bool) -> None:
    for name, state in (("1_nets.ckpt", content(domains=3)), ("1_nets_ema.ckpt", averaged(domains=3))):
        assert equal(load(saved(tmp_path / name, state, zipped)), state)


@pytest.mark.parametrize("whole", [True, False], ids=["of all networks", "of one"])
def test_the_prefix_of_parallel_training_is_cut(tmp_path: Path, whole: bool) -> None:
    state = averaged()
    prefixed = {
        name: {f"module.{key}": value for key, value in part.items()} if whole or name == "generator" else part
        for name, part in state.items()
    }
    assert equal(load(saved(tmp_path / "1_nets_ema.ckpt", prefixed)), state)


def test_the_device_that_tensors_were_saved_from_does_not_matter(tmp_path: Path) -> None:
    state, path = averaged(), tmp_path / "1_nets_ema.ckpt"
    tagged = saved(path, state, zipped=False).read_bytes()
    assert DEVICE in tagged
    path.write_bytes(tagged.replace(DEVICE, b"\x06\x00\x00\x00cuda:0"))
    assert equal(load(path), state)


@pytest.mark.parametrize("size", [32, 64])
def test_a_file_without_the_filter_gets_the_published_one(tmp_path: Path, size: int) -> None:
    state = averaged(w_hpf=1, size=size)
    older = {**state, "generator": {k: v for k, v in state["generator"].items() if k != "hpf.filter"}}
    found: Any = load(saved(tmp_path / "1_nets_ema.ckpt", older))
    assert equal(found, state)
    assert torch.equal(found["generator"].hpf.filter, HighPass(1).filter)


def test_the_landmark_network_is_left_out(tmp_path: Path) -> None:
    state = averaged(w_hpf=1)
    assert equal(load(saved(tmp_path / "1_nets_ema.ckpt", {**state, "fan": {"conv1.weight": torch.zeros(2)}})), state)


def changed(name: str, key: str, change: Callable[[Tensor], Any]) -> Content:
    state = averaged()
    return {**state, name: {**state[name], key: change(state[name][key])}}


def lacking(name: str, key: str) -> Content:
    state = averaged()
    return {**state, name: {k: value for k, value in state[name].items() if not k.startswith(key)}}


def mixed(name: str, **options: Any) -> Content:
    return {**averaged(), name: averaged(**options)[name]}


def retyped(dtype: torch.dtype, scale: float = 1) -> Callable[[], Content]:
    """Return a maker of networks of which one tensor is of another type."""
    return lambda: changed("generator", "from_rgb.bias", lambda t: t.to(torch.float64).mul(scale).add(scale).to(dtype))


BROKEN: dict[str, tuple[Callable[[], Content], str]] = {
    "NaN": (lambda: changed("mapping_network", "shared.0.bias", lambda t: t * float("nan")), "NaN or an infinity"),
    "infinite": (lambda: changed("generator", "from_rgb.bias", lambda t: t / 0), "NaN or an infinity"),
    "beyond float32": (retyped(torch.float64, 1e300), "a number too large for float32"),
    "whole numbers": (retyped(torch.int8), "holds the tensor from_rgb.bias as int8, which weights are not"),
    "truth values": (retyped(torch.bool), "holds the tensor from_rgb.bias as bool"),
    "two of one name": (
        lambda: {**averaged(), "generator.from_rgb": {"bias": torch.zeros(2)}},
        "holds two tensors under the name generator.from_rgb.bias",
    ),
    "shape": (lambda: changed("generator", "to_rgb.2.weight", lambda t: t[:, :1].clone()), "to_rgb.2.weight"),
    "dimensions": (lambda: changed("generator", "from_rgb.weight", lambda t: t[0].clone()), "it has 4 dimensions"),
    "no head": (lambda: lacking("style_encoder", "unshared.1"), "do not belong together"),
    "no first head": (lambda: lacking("mapping_network", "unshared.0"), "lacks the tensor unshared.0.6.weight"),
    "no block": (lambda: lacking("generator", "encode.1."), "generator"),
    "no layer": (lambda: lacking("generator", "from_rgb.weight"), "lacks the tensor from_rgb.weight"),
    "no networks": (dict, "holds no networks and no tensors"),
    "generator alone": (lambda: {"generator": averaged()["generator"]}, "holds weights of no known network"),
    "other domains": (lambda: mixed("mapping_network", domains=3), "with num_domains 3 .* do not belong together"),
    "wrong filter": (
        lambda: {**averaged(), "generator": {**averaged()["generator"], "hpf.filter": torch.zeros(3, 3)}},
        "not a high-pass filter",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_file_that_does_not_fit_is_refused_in_one_sentence(tmp_path: Path, what: str) -> None:
    make, words = BROKEN[what]
    path = saved(tmp_path / "1_nets_ema.ckpt", make())
    with pytest.raises(BadInputError, match=words) as refused:
        load(path)
    assert_one_sentence(refused.value, path)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_the_sign_of_a_tensor_is_kept(tmp_path: Path, zipped: bool) -> None:
    state = averaged()
    bias = state["generator"]["from_rgb.bias"]
    negated = {**state["generator"], "from_rgb.bias": torch.complex(bias, -bias).conj().imag}
    assert negated["from_rgb.bias"].is_neg()
    assert equal(load(saved(tmp_path / "1_nets_ema.ckpt", {**state, "generator": negated}, zipped)), state)


UNREAD: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "float8": (lambda t: t.to(torch.float8_e4m3fn), "float8_e4m3fn"),
    "complex": (lambda t: t.to(torch.complex64), "complex"),
    "sparse": (lambda t: t.to_sparse(), "sparse"),
    "meta": (lambda t: t.to("meta"), "meta"),
}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("kind", UNREAD)
def test_tensors_that_are_not_read_are_named(tmp_path: Path, kind: str, zipped: bool) -> None:
    change, word = UNREAD[kind]
    path = saved(tmp_path / "1_nets_ema.ckpt", {"generator": {"a.weight": change(torch.ones(2))}}, zipped)
    with pytest.raises(BadInputError, match=f"holds the tensor generator.a.weight as {word}, which is not") as refused:
        load(path)
    assert_one_sentence(refused.value, path)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_what_programs_keep_beside_weights_does_no_harm(tmp_path: Path, zipped: bool) -> None:
    settings = [
        *(
            range(3),
            bytearray(b"a"),
            Fraction(1, 2),
            functools.partial(print, 1),
            type(None),
            torch.relu,
            re.compile("a"),
        ),
        *(random.Random(0), np.random.RandomState(0), np.random.default_rng(0)),
        *(np.str_("a"), np.array(["a"]), np.array([1, "a"], dtype=object), np.datetime64("2020"), np.float32(1)),
    ]
    state = averaged()
    assert equal(load(saved(tmp_path / "1_nets_ema.ckpt", {**state, "settings": settings}, zipped)), state)


def test_names_in_very_many_parts_are_not_all_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "MAX_WORK", 300)
    shared = torch.zeros(2)
    parts = {f"{first}.{second}.{third}": shared for first in range(3) for second in range(3) for third in range(3)}
    with pytest.raises(BadInputError, match="holds weights of no known network"):
        load(saved(tmp_path / "some.pth", parts))
    with pytest.raises(UnsafeFileError, match="holds more tensors in parts that may be networks"):
        load(saved(tmp_path / "many.pth", {f"{name}{more}": shared for name in parts for more in (".a.b", ".a.c", "")}))


@pytest.mark.parametrize("kept", [10, 0.3, 0.9, 0.999])
def test_a_truncated_zip_is_refused_in_one_sentence(tmp_path: Path, kept: float) -> None:
    path = saved(tmp_path / "1_nets_ema.ckpt", averaged())
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept if kept > 1 else kept * len(whole))])
    with pytest.raises(BadInputError) as refused:
        load(path)
    assert_one_sentence(refused.value, path)


class Attack:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("place", ["beside", "inside", "as a name"])
def test_code_is_not_run(tmp_path: Path, zipped: bool, place: str) -> None:
    state, attack = averaged(), Attack(tmp_path / "PWNED")
    hostile: dict[Any, Any] = {
        "beside": {**state, "step": attack},
        "inside": {**state, "generator": {**state["generator"], "from_rgb.bias": attack}},
        "as a name": {**state, (attack,): 1},
    }[place]
    path = saved(tmp_path / "1_nets_ema.ckpt", hostile, zipped)
    with pytest.raises(UnsafeFileError) as refused:
        load(path)
    assert_one_sentence(refused.value, path)
    assert not (tmp_path / "PWNED").exists()


@pytest.mark.parametrize("announced", [2**28, 2**40, 2**62])
def test_an_announced_storage_takes_no_memory(tmp_path: Path, announced: int) -> None:
    """A storage of 200 numbers is said to have many more."""
    path = saved(tmp_path / "1_nets_ema.ckpt", {"generator": {"from_rgb.weight": torch.zeros(200)}}, zipped=False)
    huge = b"\x8a\x09" + announced.to_bytes(9, "little")
    lying = path.read_bytes().replace(b"K\xc8N", huge + b"N")
    assert huge in lying
    path.write_bytes(lying)
    tracemalloc.start()
    with pytest.raises(UnsafeFileError, match="announces a storage") as refused:
        load(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert_one_sentence(refused.value, path)
    assert peak < 2**24
