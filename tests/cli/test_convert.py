"""``ganbench convert``: every official snapshot becomes safetensors that give the same images bit for bit."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from baselines.training.weights import read_header
from ganbench import load_model
from ganbench.checkpoints import file_sha256, load, load_one
from tests.checkpoints.forge import snapshot, stored
from tests.cli.command_line import complaint, ganbench
from tests.golden_cases import cases, golden

PYTORCH = cases("stylegan23/pkl_*")
TENSORFLOW = [path for path in cases("stylegan1/*") if (path / "network.pkl").exists()]
SNAPSHOTS = [(case, "G_ema") for case in PYTORCH] + [(case, "Gs") for case in TENSORFLOW]


def converted(source: Path, target: Path, *options: str) -> Any:
    """Return the only network of a converted file."""
    done = ganbench("convert", source, target, *options)
    assert (done.exit_code, done.stdout) == (0, f"{target}\n"), done.stderr
    assert len(done.stderr.splitlines()) == 1
    (network,) = load(target).values()
    return network


def draws(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def labels(network: Any, count: int) -> Tensor | None:
    return torch.eye(network.c_dim)[torch.arange(count) % network.c_dim] if network.c_dim else None


def outputs(network: Any) -> list[Tensor]:
    """Return what a generator makes of a latent, truncated in some layers, or what a discriminator says."""
    if hasattr(network, "synthesis"):
        ws = network.mapping(draws(1, network.z_dim), labels(network, 1), truncation_psi=0.6, truncation_cutoff=3)
        return [ws, network.synthesis(ws)]
    images = draws(2, network.img_channels, network.img_resolution, network.img_resolution)
    return [network(images, labels(network, 2))]


def same_bits(one: Any, other: Any) -> bool:
    assert type(one) is type(other)
    assert one.state_dict().keys() == other.state_dict().keys()
    tensors = [*zip(one.state_dict().values(), other.state_dict().values(), strict=True)]
    tensors += zip(outputs(one), outputs(other), strict=True)
    return all(a.dtype == b.dtype and torch.equal(a, b) for a, b in tensors)


@pytest.mark.parametrize(("case", "averaged"), SNAPSHOTS, ids=lambda it: getattr(it, "name", it))
def test_the_averaged_generator_gives_the_same_images_bit_for_bit(case: Path, averaged: str, tmp_path: Path) -> None:
    source, target = case / "network.pkl", tmp_path / "new" / "G.safetensors"
    network = converted(source, target)
    assert same_bits(network, load_one(source, averaged))
    header = read_header(target)
    assert (header["source"], header["entry"]) == ("network.pkl", averaged)
    assert header["source_sha256"] == file_sha256(source)
    assert [path.name for path in target.parent.iterdir()] == ["G.safetensors"]


@pytest.mark.parametrize("case", PYTORCH + TENSORFLOW, ids=lambda case: case.name)
def test_the_discriminator_says_the_same_bit_for_bit(case: Path, tmp_path: Path) -> None:
    source = case / "network.pkl"
    assert same_bits(converted(source, tmp_path / "D.safetensors", "--entry", "D"), load_one(source, "D"))
    assert read_header(tmp_path / "D.safetensors")["entry"] == "D"


def test_the_generator_in_training_can_be_asked_for(tmp_path: Path) -> None:
    source = golden("stylegan23/pkl_sg3t_32") / "network.pkl"
    G = converted(source, tmp_path / "G.safetensors", "--entry", "G")
    assert same_bits(G, load_one(source, "G"))
    assert not same_bits(G, load_one(source, "G_ema"))


def test_the_same_snapshot_gives_the_same_bytes(tmp_path: Path) -> None:
    source = golden("stylegan23/pkl_sg3t_32") / "network.pkl"
    converted(source, tmp_path / "a.safetensors")
    converted(source, tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_the_header_says_what_the_network_was_made_with(tmp_path: Path) -> None:
    case = golden("stylegan23/pkl_sg3t_32")
    converted(case / "network.pkl", tmp_path / "G.safetensors")
    config = read_header(tmp_path / "G.safetensors")["config"]
    told = json.loads((case / "case.json").read_text())
    given = {k: v for k, v in {**told["G_kwargs"], **told["common_kwargs"]}.items() if k != "class_name"}
    assert {name: config[name] for name in given} == given


def test_a_converted_generator_is_measured_as_any_other(tmp_path: Path) -> None:
    source, target = golden("stylegan23/pkl_sg3t_32") / "network.pkl", tmp_path / "G.safetensors"
    converted(source, target)
    assert same_bits(load_model("stylegan3", target), load_model("stylegan3", source))


def test_files_that_are_there_stay_unless_forced(tmp_path: Path) -> None:
    source, target = golden("stylegan23/pkl_sg3t_32") / "network.pkl", tmp_path / "G.safetensors"
    target.write_text("precious")
    assert f"{target} exists" in complaint("convert", source, target)
    assert target.read_text() == "precious"
    assert "does not exist" in complaint("convert", tmp_path / "none.pkl", target, "--force")
    assert target.read_text() == "precious"
    converted(source, target, "--force")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a path to a folder of its own."""
    (tmp_path / "in").mkdir()
    return tmp_path / "in" / "it.pkl"


@pytest.mark.parametrize("out", ["G.pkl", "G", "G.safetensors.pkl"])
def test_the_file_to_write_has_the_right_ending(out: str, source: Path, tmp_path: Path) -> None:
    assert f"{out}: write NAME.safetensors" in complaint("convert", source, tmp_path / out)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "does not exist"),
        (b"", "is empty"),
        (b"hello there", "is text"),
        (b"<html>", "is a web page"),
        (b"\x18\0\0\0\0\0\0\0{" + b" " * 40, "expected a complete safetensors file"),
        (b"PK\x03\x04" + bytes(40), "is a zip that is cut short or damaged"),
        (pickle.dumps({"G_ema": 1}), "holds no networks"),
        (pickle.dumps({"G_ema": 1})[:-3], "is cut short"),
        (pickle.dumps(print), "nothing in it was run"),
    ],
)
def test_what_is_no_snapshot_is_said_in_one_sentence_and_leaves_nothing(
    content: bytes | None, told: str, source: Path, tmp_path: Path
) -> None:
    if content is not None:
        source.write_bytes(content)
    sentence = complaint("convert", source, tmp_path / "out" / "G.safetensors")
    assert told in sentence
    assert str(source) in sentence
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_network_that_is_not_there_is_told_with_those_that_are(source: Path, tmp_path: Path) -> None:
    class Other(nn.Module):
        pass

    snapshot(source, D=stored(nn.Linear(1, 1), "Discriminator", {}), G=stored(Other(), "Generator", {}))
    told = complaint("convert", source, tmp_path / "out.safetensors")
    assert "holds no network G_ema, only D, G: choose one of those" in told
    assert "no network Gs" in complaint("convert", source, tmp_path / "out.safetensors", "--entry", "Gs")
    assert "holds no network E, only D, G" in complaint("convert", source, tmp_path / "out.safetensors", "--entry", "E")
    assert "the unknown class" in complaint("convert", source, tmp_path / "out.safetensors", "--entry", "G")
    assert not (tmp_path / "out.safetensors").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    source = golden("stylegan23/pkl_sg3t_32") / "network.pkl"
    assert f"cannot write to {tmp_path / 'file'}" in complaint("convert", source, tmp_path / "file" / "G.safetensors")
    (tmp_path / "G.safetensors").mkdir()
    assert "found a folder" in complaint("convert", source, tmp_path / "G.safetensors", "--force")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["G.safetensors", "file"]
