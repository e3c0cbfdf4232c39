"""Networks out of files: snapshots in the official layout, our own safetensors, and weights that do not fit."""

import copy
import json
import random
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from baselines.stylegan2.networks import Discriminator
from baselines.stylegan2.networks import Generator as StyleGAN2Generator
from baselines.stylegan3.networks import Generator
from baselines.training.weights import save_weights
from ganbench import checkpoints
from ganbench.checkpoints.loading import load_one
from ganbench.errors import BadInputError, GanbenchError
from tests.checkpoints.forge import Stored, snapshot, stored
from tests.checkpoints.sentences import assert_one_sentence
from tests.golden_cases import golden

G_ARGS: dict[str, Any] = {
    "z_dim": 8,
    "c_dim": 0,
    "w_dim": 8,
    "img_resolution": 16,
    "img_channels": 1,
    "mapping_kwargs": {"num_layers": 2},
    "num_layers": 6,
    "channel_base": 64,
    "channel_max": 4,
}
D_ARGS: dict[str, Any] = {"c_dim": 0, "img_resolution": 16, "img_channels": 1, "channel_base": 64, "channel_max": 4}


@pytest.fixture(scope="module", name="G")
def generator() -> Generator:
    with torch.random.fork_rng():
        return Generator(**G_ARGS).eval().requires_grad_(False)


@pytest.fixture(scope="module", name="D")
def discriminator() -> Discriminator:
    with torch.random.fork_rng():
        return Discriminator(**D_ARGS).eval().requires_grad_(False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "network.pkl"


def assert_same_network(loaded: nn.Module, original: nn.Module) -> None:
    assert type(loaded) is type(original)
    assert not loaded.training
    states = loaded.state_dict(), original.state_dict()
    assert list(states[0]) == list(states[1])
    for name, tensor in states[0].items():
        assert tensor.dtype == torch.float32
        assert not tensor.requires_grad
        assert torch.equal(tensor, states[1][name].float()), name


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.usefixtures("untouched_random_state")
def test_snapshots_come_back_whole(G: Generator, D: Discriminator, path: Path, protocol: int) -> None:
    snapshot(path, protocol, G=stored(G, "Generator", G_ARGS), D=stored(D, "Discriminator", D_ARGS), augment_pipe=None)
    networks = checkpoints.load(path)
    assert list(networks) == ["G", "D"]
    assert_same_network(networks["G"], G)
    assert_same_network(networks["D"], D)
    z = torch.randn(2, 8, generator=torch.Generator().manual_seed(0))
    assert torch.equal(networks["G"](z), G(z))


def test_a_loaded_network_shares_nothing_with_the_file(G: Generator, path: Path) -> None:
    snapshot(path, G=stored(G, "Generator", G_ARGS))
    first, second = checkpoints.load(path)["G"], checkpoints.load(path)["G"]
    for parameter in first.parameters():
        parameter.zero_()
    assert_same_network(second, G)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_precisions_become_float32(G: Generator, path: Path, dtype: torch.dtype) -> None:
    other = copy.deepcopy(G).to(dtype)
    snapshot(path, G_ema=stored(other, "Generator", G_ARGS))
    assert_same_network(load_one(path, "G_ema"), other)


def test_positional_arguments_and_old_containers_are_read(G: Generator, path: Path) -> None:
    made = stored(G, "Generator")
    names = ("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels")
    made.meta["state"]["_init_args"] = tuple(G_ARGS[name] for name in names)
    made.meta["state"]["_init_kwargs"] = OrderedDict((k, v) for k, v in G_ARGS.items() if k not in names)
    for member in ("_parameters", "_buffers", "_modules"):
        made.meta["state"][member] = OrderedDict(made.meta["state"][member])
    del made.meta["state"]["_non_persistent_buffers_set"]
    made.meta["state"]["_backward_hooks"] = OrderedDict()
    made.meta["state"]["left_over"] = [torch.Size([1, 2]), torch.float16, torch.device("cuda:1")]
    assert_same_network(checkpoints.load(snapshot(path, G_ema=made))["G_ema"], G)


def test_buffers_that_are_not_persistent_are_left_out(G: Generator, path: Path) -> None:
    other = copy.deepcopy(G)
    other.register_buffer("scratch", torch.ones(3), persistent=False)
    assert_same_network(checkpoints.load(snapshot(path, G_ema=stored(other, "Generator", G_ARGS)))["G_ema"], G)


def test_other_members_of_a_snapshot_are_left_out(G: Generator, path: Path) -> None:
    pipe = Stored("AugmentPipe", {"_buffers": {"p": torch.zeros([])}})
    snapshot(path, augment_pipe=pipe, G_ema=stored(G, "Generator", G_ARGS), progress={"cur_nimg": 5})
    assert list(checkpoints.load(path)) == ["G_ema"]


def test_what_the_writer_left_to_its_own_defaults_is_taken_from_the_layers(path: Path) -> None:
    # StyleGAN2-ADA's constructor clamps nothing and uses no float16 unless told; StyleGAN3's does both.
    with torch.random.fork_rng():
        old = Discriminator(**D_ARGS, num_fp16_res=0, conv_clamp=None)
    loaded: Any = checkpoints.load(snapshot(path, D=stored(old, "Discriminator", D_ARGS)))["D"]
    assert [loaded.b16.conv0.conv_clamp, loaded.b16.use_fp16, loaded.b8.use_fp16] == [None, False, False]
    with torch.random.fork_rng():
        new = Discriminator(**D_ARGS, num_fp16_res=1, conv_clamp=5)
    loaded = checkpoints.load(snapshot(path, D=stored(new, "Discriminator", D_ARGS)))["D"]
    assert [loaded.b16.conv0.conv_clamp, loaded.b16.use_fp16, loaded.b8.use_fp16] == [5, True, False]


STYLEGAN2_ARGS: dict[str, Any] = {
    "z_dim": 8,
    "c_dim": 2,
    "w_dim": 8,
    "img_resolution": 16,
    "img_channels": 1,
    "mapping_kwargs": {"num_layers": 2},
    "synthesis_kwargs": {"channel_base": 64, "channel_max": 4, "architecture": "resnet"},
}


@pytest.mark.parametrize("protocol", [2, 4])
def test_generators_of_stylegan2_keep_what_their_layers_say(path: Path, protocol: int) -> None:
    settings = {"num_fp16_res": 1, "conv_clamp": 0.5}
    mapping = {**STYLEGAN2_ARGS["mapping_kwargs"], "w_avg_beta": 0.9}
    with torch.random.fork_rng():
        made = StyleGAN2Generator(**{**STYLEGAN2_ARGS, "mapping_kwargs": mapping}, **settings)
    file = stored(made, "Generator", STYLEGAN2_ARGS)
    for member in ("_parameters", "_buffers", "_modules"):  # as old releases of torch wrote them
        file.meta["state"][member] = OrderedDict(file.meta["state"][member])
    pipe = Stored("AugmentPipe", {"_buffers": {"p": torch.zeros([])}})
    loaded: Any = checkpoints.load(snapshot(path, protocol, G_ema=file, augment_pipe=pipe))
    assert list(loaded) == ["G_ema"]
    G = loaded["G_ema"]
    assert_same_network(G, made)
    assert G.mapping.w_avg_beta == 0.9
    assert [G.synthesis.b16.conv0.conv_clamp, G.synthesis.b16.torgb.conv_clamp] == [0.5, 0.5]
    assert [G.synthesis.b16.use_fp16, G.synthesis.b8.use_fp16] == [True, False]


def test_a_stylegan2_generator_with_senseless_arguments_is_refused(path: Path) -> None:
    with torch.random.fork_rng():
        made = StyleGAN2Generator(**STYLEGAN2_ARGS)
    for wrong in (
        {"synthesis_kwargs": 3},
        {"mapping_kwargs": [1]},
        {"img_resolution": 24},
        {"img_resolution": 0},
        {"synthesis_kwargs": {**STYLEGAN2_ARGS["synthesis_kwargs"], "architecture": "skipped"}},
        {"img_resolution": 32},
        {"synthesis_kwargs": {**STYLEGAN2_ARGS["synthesis_kwargs"], "architecture": "skip"}},
    ):
        snapshot(path, G_ema=stored(made, "Generator", {**STYLEGAN2_ARGS, **wrong}))
        with pytest.raises(BadInputError, match="StyleGAN2 generator") as caught:
            checkpoints.load(path)
        assert_one_sentence(caught.value, path)


def test_one_network_is_built_without_the_others(G: Generator, path: Path) -> None:
    snapshot(path, D=Stored("Discriminator", {}), G_ema=stored(G, "Generator", G_ARGS))
    assert_same_network(load_one(path, "G_ema"), G)
    with pytest.raises(BadInputError, match="the unknown class 'Discriminator'"):
        checkpoints.load(path)
    with pytest.raises(BadInputError, match="the unknown class"):
        load_one(path, "D")
    with pytest.raises(BadInputError, match="no network E"):
        load_one(snapshot(path, G_ema=stored(G, "Generator", G_ARGS)), "E")


def missing(state: dict[str, Any]) -> None:
    del state["_modules"]["mapping"].meta["state"]["_modules"]["fc1"].meta["state"]["_parameters"]["bias"]


def unexpected(state: dict[str, Any]) -> None:
    state["_buffers"]["extra"] = torch.zeros(2, 3)


def misshapen(state: dict[str, Any]) -> None:
    state["_modules"]["mapping"].meta["state"]["_buffers"]["w_avg"] = torch.zeros(9)


def not_finite(state: dict[str, Any]) -> None:
    state["_modules"]["mapping"].meta["state"]["_buffers"]["w_avg"] = torch.tensor([0.0] * 7 + [float("nan")])


def without_arguments(state: dict[str, Any]) -> None:
    del state["_init_kwargs"]


def other_arguments(state: dict[str, Any]) -> None:
    state["_init_kwargs"] = {**G_ARGS, "w_dim": 16}


def too_few_arguments(state: dict[str, Any]) -> None:
    state["_init_kwargs"] = {"z_dim": 8}


def unknown_argument(state: dict[str, Any]) -> None:
    state["_init_kwargs"] = {**G_ARGS, "colour": 1}


UNFIT: dict[Callable[[dict[str, Any]], None], str] = {
    missing: r"lacks the tensor mapping\.fc1\.bias, of shape \[8\]",
    unexpected: r"tensor extra of shape \[2, 3\], which a StyleGAN3 generator",
    misshapen: r"tensor mapping\.w_avg with shape \[9\].* with shape \[8\]",
    not_finite: r"NaN or an infinity in the tensor mapping\.w_avg",
    without_arguments: r"without the arguments",
    other_arguments: r"with shape \[8, 8\].* with shape \[\d+, \d+\]|with shape \[4, 8\].* with shape \[4, 16\]",
    too_few_arguments: r"missing a required argument: 'c_dim'",
    unknown_argument: r"unexpected keyword argument 'colour'",
}


@pytest.mark.parametrize("change", UNFIT, ids=lambda change: change.__name__)
def test_weights_that_do_not_fit_are_refused(G: Generator, path: Path, change: Any) -> None:
    made = stored(copy.deepcopy(G), "Generator", G_ARGS)
    change(made.meta["state"])
    snapshot(path, G_ema=made)
    with pytest.raises(BadInputError, match=UNFIT[change]) as caught:
        checkpoints.load(path)
    assert_one_sentence(caught.value, path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({}, "holds no networks"),
        ({f"G{i}": Stored("Generator", {}) for i in range(9)}, "holds 9 networks"),
        ({"G": Stored("Generator", {"_modules": 5})}, "not a dictionary"),
        ({"G": Stored("Generator", {"_parameters": {"x" * 99: None}})}, "not a short text"),
        ({"G": Stored("Generator", {"_modules": {"a": [1]}})}, "unlike any network"),
        ({"G": Stored("Mystery", {})}, "unknown class 'Mystery'"),
    ],
)
def test_snapshots_without_usable_networks_are_refused(path: Path, content: dict[str, Any], words: str) -> None:
    snapshot(path, **content)
    with pytest.raises(BadInputError, match=words) as caught:
        checkpoints.load(path)
    assert_one_sentence(caught.value, path)


def test_a_pickle_of_something_else_is_refused(path: Path) -> None:
    path.write_bytes(b"\x80\x04]\x94.")
    with pytest.raises(BadInputError, match="no networks"):
        checkpoints.load(path)


@pytest.fixture
def safetensors(G: Generator, tmp_path: Path) -> Path:
    save_weights(tmp_path / "g.safetensors", G, model="stylegan3", config=G_ARGS, kimg=1.5)
    return tmp_path / "g.safetensors"


@pytest.mark.usefixtures("untouched_random_state")
def test_our_own_files_come_back(G: Generator, safetensors: Path) -> None:
    networks = checkpoints.load(safetensors)
    assert list(networks) == ["G_ema"]
    assert_same_network(networks["G_ema"], G)


@pytest.mark.parametrize("end", [9, 60, 500, -1])
def test_truncated_safetensors_are_refused(safetensors: Path, end: int) -> None:
    safetensors.write_bytes(safetensors.read_bytes()[:end])
    with pytest.raises(BadInputError) as caught:
        checkpoints.load(safetensors)
    assert_one_sentence(caught.value, safetensors)


def test_altered_safetensors_are_refused(safetensors: Path) -> None:
    content = bytearray(safetensors.read_bytes())
    content[-3] ^= 1
    safetensors.write_bytes(content)
    with pytest.raises(BadInputError, match="sha256") as caught:
        checkpoints.load(safetensors)
    assert_one_sentence(caught.value, safetensors)


NESTED = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        (None, "no model and config"),
        ({"model": '"stylegan3"'}, "no model and config"),
        ({"model": "stylegan2"}, "no model and config"),
        ({"model": '"stylegan9"', "config": "{}"}, "'stylegan9'"),
        ({"model": "[1]", "config": "{}"}, "without a name"),
        ({"model": '"stylegan3"', "config": "[1]"}, "no arguments"),
        ({"model": '"stylegan3"', "config": "{"}, "a header that is not JSON"),
        ({"model": '"stylegan3"', "config": NESTED}, "a header that is not JSON"),
        ({"model": '"stylegan3"', "config": "{}", "kimg": "9" * 5000}, "a header that is not JSON"),
        ({"model": '"stylegan3"', "config": "{}"}, "missing a required argument"),
        ({"model": '"stylegan3"', "config": json.dumps({**G_ARGS, "num_layers": 10**9})}, "no network takes"),
        ({"model": '"stylegan3"', "config": json.dumps({**G_ARGS, "z_dim": float("inf")})}, "no network takes"),
        ({"model": '"stylegan3"', "config": json.dumps({**G_ARGS, "z_dim": 9})}, r"shape \[8, 8\].* \[8, 9\]"),
    ],
)
def test_safetensors_that_do_not_fit_are_refused(
    G: Generator, tmp_path: Path, metadata: dict[str, str] | None, words: str
) -> None:
    path = tmp_path / "g.safetensors"
    save_file({name: tensor.clone() for name, tensor in G.state_dict().items()}, path, metadata)
    with pytest.raises(BadInputError, match=words) as caught:
        checkpoints.load(path)
    assert_one_sentence(caught.value, path)


def test_nan_in_safetensors_is_refused(G: Generator, tmp_path: Path) -> None:
    other = copy.deepcopy(G)
    other.synthesis.input.phases[0] = float("inf")
    save_weights(tmp_path / "g.safetensors", other, model="stylegan3", config=G_ARGS)
    with pytest.raises(BadInputError, match=r"infinity in the tensor synthesis\.input\.phases"):
        checkpoints.load(tmp_path / "g.safetensors")


def test_weights_of_eight_bits_are_read(G: Generator, tmp_path: Path) -> None:
    state = {name: tensor.clone() for name, tensor in G.state_dict().items()}
    coarse = {**state, "mapping.w_avg": torch.full([8], 0.5, dtype=torch.float8_e4m3fn)}
    save_file(coarse, tmp_path / "g.safetensors", {"model": '"stylegan3"', "config": json.dumps(G_ARGS)})
    assert checkpoints.load(tmp_path / "g.safetensors")["G_ema"].mapping.w_avg.tolist() == [0.5] * 8  # type: ignore[union-attr, operator]  # a tensor


def mutations(content: bytes, count: int) -> Iterator[bytes]:
    """Yield copies with a few bytes changed, removed or repeated, outside the long runs of weights."""
    draw = random.Random(0)
    for _ in range(count):
        changed = bytearray(content)
        for _ in range(draw.randint(1, 3)):
            at = draw.randrange(len(changed))
            kind = draw.randrange(3)
            piece = [bytes([draw.randrange(256)]), b"", bytes(changed[at : at + draw.randint(1, 9)]) * 2][kind]
            changed[at : at + 1] = piece
        yield bytes(changed)


def test_damaged_snapshots_load_or_are_refused(G: Generator, path: Path) -> None:
    content = snapshot(path, G_ema=stored(G, "Generator", G_ARGS)).read_bytes()
    refused = 0
    for changed in mutations(content, 150):
        path.write_bytes(changed)
        try:
            checkpoints.load(path)
        except GanbenchError as error:
            assert_one_sentence(error, path)
            refused += 1
    assert refused > 50


@pytest.mark.parametrize("case", ["pkl_sg3t_32", "pkl_sg2ada_cond3_32"])
def test_damaged_golden_snapshots_are_read_or_refused(case: str, path: Path) -> None:
    content = (golden(f"stylegan23/{case}") / "network.pkl").read_bytes()
    for changed in mutations(content[:60_000], 20):  # cut short, so that each ends in an error
        path.write_bytes(changed)
        with pytest.raises(BadInputError) as caught:
            checkpoints.read_pickle(path)
        assert_one_sentence(caught.value, path)
