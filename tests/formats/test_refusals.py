"""What is said of files that hold no known network: what was seen, the nearest layout, and what to do."""

import argparse
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from baselines.cyclegan.networks import ResnetGenerator
from baselines.stylegan3.networks import Generator
from baselines.training.streams import seeded
from ganbench.checkpoints import load
from ganbench.errors import BadInputError, UnsafeFileError
from tests.checkpoints.sentences import assert_one_sentence

WAYS = "--model MODULE:CLASS, or measure samples with --model images:FOLDER"


def refusal(path: Path, content: Any) -> str:
    torch.save(content, path)
    with pytest.raises(BadInputError) as refused:
        load(path)
    assert_one_sentence(refused.value, path)
    return str(refused.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.pth"


def test_another_layout_is_told_by_what_was_seen_and_the_ways_that_always_work(path: Path) -> None:
    part = {"style.1.weight": torch.zeros(2, 2), "conv1.conv.weight": torch.zeros(1, 2, 2, 3, 3)}
    content = {"g": part, "g_ema": part, "latent_avg": torch.zeros(2), "args": argparse.Namespace(size=8)}
    said = refusal(path, content)
    assert "5 tensors, such as g.style.1.weight, g.conv1.conv.weight, under g, g_ema, latent_avg" in said
    assert WAYS.replace("\\", "") in said
    assert "trust" not in said


def test_the_nearest_layout_is_named_with_the_difference(path: Path) -> None:
    with seeded(0):
        state = dict(ResnetGenerator(ngf=2, n_blocks=1).state_dict())
    del state["model.4.bias"]
    said = refusal(path, {"state_dict": state})
    assert (
        "compared with the nearest layout, it lacks the tensor model.4.bias, of shape [4] in a CycleGAN ResNet gen"
        in said
    )


def test_a_bare_state_dict_of_a_stylegan_is_told_as_that(path: Path) -> None:
    with seeded(0):
        G = Generator(8, 0, 8, 16, 1, {"num_layers": 2}, num_layers=6, channel_base=64, channel_max=4)
    said = refusal(path, {"g_ema": G.state_dict()})
    assert "has the names of a StyleGAN3 generator but no model and config" in said


class Homemade(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 2)


@pytest.mark.parametrize("legacy", [False, True], ids=["zip", "legacy"])
def test_a_whole_pickled_module_is_told_by_its_class(path: Path, legacy: bool) -> None:
    for module, name in ((nn.Sequential(nn.Linear(1, 2)), "Sequential"), (Homemade(), "test_refusals.Homemade")):
        torch.save(module, path, _use_new_zipfile_serialization=not legacy)
        with pytest.raises(BadInputError, match=f"whole pickled module of the class .*{name}.* state_dict") as refused:
            load(path)
        assert_one_sentence(refused.value, path)
        assert "trust" not in str(refused.value)


def test_modules_in_a_dictionary_and_in_a_plain_pickle_are_told_as_that(path: Path) -> None:
    assert "whole pickled module of the class tests.formats.test_refusals.Homemade" in refusal(
        path, {"generator": Homemade(), "epoch": 3}
    )
    path.write_bytes(pickle.dumps(Homemade(), 4))
    with pytest.raises(BadInputError, match=r"whole pickled module of the class .*Homemade"):
        load(path)


def test_an_object_without_weights_is_told_by_its_class(path: Path) -> None:
    said = refusal(path, argparse.Namespace(a=1))
    assert "holds an object of the class argparse.Namespace and no weights" in said


def test_a_torchscript_archive_is_told_as_that(path: Path) -> None:
    with pytest.warns(FutureWarning, match="deprecated"):
        torch.jit.script(nn.Linear(1, 2)).save(str(path))  # type: ignore[no-untyped-call]
    with pytest.raises(BadInputError, match=r"is a TorchScript archive, .* state_dict") as refused:
        load(path)
    assert_one_sentence(refused.value, path)


class Attack:
    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("PWNED",)


def test_only_names_that_are_called_are_said_not_to_be_trusted(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "builtin__.print' to be called, so do not trust it" in refusal(path, {"a": Attack()})
    path.write_bytes(pickle.dumps({"a": Attack()}))
    with pytest.raises(UnsafeFileError, match="do not trust it: nothing in it was run"):
        load(path)
    path.write_bytes(pickle.dumps({"a": argparse.Namespace(b=1)}))
    with pytest.raises(BadInputError, match="holds no networks and no tensors") as refused:
        load(path)
    assert "trust" not in str(refused.value)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", [None, 3, [], "text", torch.zeros(2), {"a": 1}], ids=repr)
def test_files_without_weights_are_told_as_that(path: Path, content: Any) -> None:
    assert "holds no networks and no tensors" in refusal(path, content)
