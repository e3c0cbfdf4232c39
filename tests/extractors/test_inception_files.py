"""Inception from a file: the TorchScript layout of NVlabs, the state dict of pytorch-fid, and what is neither."""

import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from ganbench.checkpoints import file_sha256
from ganbench.errors import BadInputError, UnknownNameError, UnsafeFileError
from ganbench.extractors.inception import InceptionExtractor
from ganbench.extractors.inception_network import Inception
from ganbench.extractors.opening import open_extractor
from tests.checkpoints.sentences import assert_one_sentence
from tests.extractors.scripted_inception import Scripted, outdated

VARIANCE = "Conv2d_1a_3x3.bn.running_var"


def noise(count: int = 1, size: int = 299) -> Tensor:
    return torch.randint(0, 256, [count, 3, size, size], dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def test_the_torchscript_layout_gives_the_features_of_its_own_graph(scripted: tuple[Path, Scripted]) -> None:
    path, network = scripted
    found = open_extractor(f"inception:{path}")
    assert (found.name, found.sha256) == ("inception:inception-2015-12-05.pt", file_sha256(path))
    images = noise()  # of the network's size, so that no resize comes in between
    features = network.layers((images.float() - 128) / 128).flatten(1)
    assert features.std() > 0.01
    rows = found(images)
    torch.testing.assert_close(rows["features"], features, rtol=1e-4, atol=1e-4 * features.abs().max().item())
    logits = features @ network.output.weight.T
    torch.testing.assert_close(rows["probabilities"], logits.softmax(1), rtol=1e-3, atol=1e-6)


def test_no_code_of_a_torchscript_file_is_read(scripted: tuple[Path, Scripted], tmp_path: Path) -> None:
    path, _ = scripted
    changed = tmp_path / "inception.pt"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(changed, "w") as target:
        for entry in source.infolist():
            data = b"not code, and not weights" if "/code/" in entry.filename else source.read(entry)
            target.writestr(entry, data)
    with outdated(), pytest.raises(RuntimeError):
        torch.jit.load(str(changed))
    whole, other = open_extractor(f"inception:{path}"), open_extractor(f"inception:{changed}")
    assert isinstance(whole, InceptionExtractor)
    assert isinstance(other, InceptionExtractor)
    assert torch.equal(whole.module.fc.weight, other.module.fc.weight)


def test_a_state_dict_of_the_port_is_taken_in_any_container(tmp_path: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Inception()
    torch.save(network.state_dict(), tmp_path / "pt_inception.pth")
    halves = {name: value.half() for name, value in network.state_dict().items() if "num_batches" not in name}
    save_file(halves, tmp_path / "half.safetensors")
    for file, expected in (
        ("pt_inception.pth", network.fc.weight),
        ("half.safetensors", network.fc.weight.half().float()),
    ):
        found = open_extractor(f"inception:{tmp_path / file}")
        assert isinstance(found, InceptionExtractor)
        assert torch.equal(found.module.fc.weight, expected)
        assert found.name == f"inception:{file}"
        assert not found.module.training


def test_other_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    state = {name: value for name, value in Inception().state_dict().items() if "num_batches" not in name}
    weight = state["fc.weight"]
    wrong = {
        "lacking": ({name: value for name, value in state.items() if "Mixed_7c" not in name}, "none called 'Mixed_7c"),
        "thousand": ({**state, "fc.weight": weight[:1000].clone()}, r"shape \[1008, 2048\], found \[1000, 2048\]"),
        "negative": ({**state, VARIANCE: -state[VARIANCE]}, "variances of at least 0, found -1 in"),
        "nan": ({**state, "fc.weight": weight * float("nan")}, "a NaN or an infinity in 'fc.weight'"),
    }
    for name, (tensors, words) in wrong.items():
        path = tmp_path / f"{name}.safetensors"
        save_file(tensors, path)
        with pytest.raises(BadInputError, match=words) as caught:
            open_extractor(f"inception:{path}")
        assert str(path) in str(caught.value)
    (tmp_path / "text.pth").write_text("no weights\n")
    for name, words in (
        ("text.pth", "text, not a checkpoint"),
        ("absent.pth", "found none at"),
        ("", "found none at ''"),
    ):
        with pytest.raises(BadInputError, match=words):
            open_extractor(f"inception:{tmp_path / name if name else ''}")
    with pytest.raises(UnknownNameError):
        open_extractor("vgg16:file.pth")


def test_a_torchscript_file_cut_short_or_damaged_is_refused(scripted: tuple[Path, Scripted], tmp_path: Path) -> None:
    path, damaged = scripted[0], tmp_path / "damaged.pt"
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("inception-2015-12-05/data/5").header_offset + 300
    damaged.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(BadInputError, match="damaged"):
        open_extractor(f"inception:{damaged}")
    damaged.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInputError, match="cut short or damaged"):
        open_extractor(f"inception:{damaged}")


class Hostile:
    """What would run a command, if a pickle were loaded as a program loads it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("exit 1",)


def test_a_torchscript_file_that_asks_for_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "inception.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inception/code/program.py", "raise SystemExit")
        archive.writestr("inception/data.pkl", pickle.dumps({"layers": Hostile()}, protocol=2))
    with pytest.raises(UnsafeFileError, match=r"asks for '.*system' to be called") as caught:
        open_extractor(f"inception:{path}")
    assert_one_sentence(caught.value, path)


def test_a_name_that_cannot_be_a_files_is_refused() -> None:
    for name in ("x" * 5000, "a\0b", "folder/"):
        with pytest.raises(BadInputError, match="expected a file of weights after inception:") as caught:
            open_extractor(f"inception:{name}")
        assert len(str(caught.value)) < 400
