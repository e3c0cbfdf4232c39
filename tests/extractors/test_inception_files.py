"""Inception from a file: the TorchScript layout of NVlabs, the state dict of pytorch-fid, and what is neither."""

import contextlib
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from ganbench.checkpoints import file_sha256
from ganbench.errors import BadInputError, UnknownNameError
from ganbench.extractors.inception import InceptionExtractor
from ganbench.extractors.inception_network import Inception
from ganbench.extractors.opening import open_extractor


class Layer(nn.Module):
    """A convolution as the graph of 2015 has it: normalised without a scale."""

    def __init__(self, channels: tuple[int, int], kernel: tuple[int, int], stride: int = 1, same: bool = True) -> None:
        super().__init__()
        fan_in = channels[0] * kernel[0] * kernel[1]
        self.weight = nn.Parameter(torch.randn(channels[1], channels[0], *kernel) * (2 / fan_in) ** 0.5)
        self.register_buffer("beta", torch.randn(channels[1]) * 0.2)
        self.register_buffer("mean", torch.randn(channels[1]) * 0.2)
        self.register_buffer("var", torch.rand(channels[1]) * 0.6 + 0.7)
        self.stride, self.padding = stride, [size // 2 if same else 0 for size in kernel]

    def forward(self, x: Tensor) -> Tensor:
        x = F.conv2d(x, self.weight, stride=self.stride, padding=self.padding)
        scale = (self.var + 0.001).rsqrt()
        return (x * scale[:, None, None] + (self.beta - self.mean * scale)[:, None, None]).relu()


def chain(
    inputs: int, *layers: tuple[int, tuple[int, int]], reduces: bool = False, pool: nn.Module | None = None
) -> nn.Module:
    """Return ``conv``, ``conv_1``, ... one after the other; the last halves the image where the block reduces."""
    found = nn.Sequential()
    if pool is not None:
        found.add_module("pool", pool)
    for i, (outputs, kernel) in enumerate(layers):
        last = reduces and i == len(layers) - 1
        name = f"conv_{i}" if i else "conv"
        found.add_module(name, Layer((inputs, outputs), kernel, 2 if last else 1, not last))
        inputs = outputs
    return found


ONE, THREE, FIVE, ROW, COLUMN = (1, 1), (3, 3), (5, 5), (1, 7), (7, 1)


def average() -> nn.Module:
    return nn.AvgPool2d(3, 1, 1, count_include_pad=False)


class Block(nn.Module):
    """Branches side by side, in the order of their names here."""

    def __init__(self, **branches: nn.Module) -> None:
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.children()], 1)


class Fork(nn.Module):
    """The last kind of block, whose branches split."""

    def __init__(self, inputs: int, pool: nn.Module) -> None:
        super().__init__()
        self.conv = Layer((inputs, 320), ONE)
        self.tower_conv = Layer((inputs, 384), ONE)
        self.tower_mixed_conv = Layer((384, 384), (1, 3))
        self.tower_mixed_conv_1 = Layer((384, 384), (3, 1))
        self.tower_1_conv = Layer((inputs, 448), ONE)
        self.tower_1_conv_1 = Layer((448, 384), THREE)
        self.tower_1_mixed_conv = Layer((384, 384), (1, 3))
        self.tower_1_mixed_conv_1 = Layer((384, 384), (3, 1))
        self.tower_2_pool = pool
        self.tower_2_conv = Layer((inputs, 192), ONE)

    def forward(self, x: Tensor) -> Tensor:
        one, two = self.tower_conv(x), self.tower_1_conv_1(self.tower_1_conv(x))
        forked = [self.tower_mixed_conv(one), self.tower_mixed_conv_1(one)]
        forked += [self.tower_1_mixed_conv(two), self.tower_1_mixed_conv_1(two)]
        return torch.cat([self.conv(x), *forked, self.tower_2_conv(self.tower_2_pool(x))], 1)


def of_35(inputs: int, pooled: int) -> Block:
    return Block(
        conv=Layer((inputs, 64), ONE),
        tower=chain(inputs, (48, ONE), (64, FIVE)),
        tower_1=chain(inputs, (64, ONE), (96, THREE), (96, THREE)),
        tower_2=chain(inputs, (pooled, ONE), pool=average()),
    )


def of_17(width: int) -> Block:
    return Block(
        conv=Layer((768, 192), ONE),
        tower=chain(768, (width, ONE), (width, ROW), (192, COLUMN)),
        tower_1=chain(768, (width, ONE), (width, COLUMN), (width, ROW), (width, COLUMN), (192, ROW)),
        tower_2=chain(768, (192, ONE), pool=average()),
    )


class Scripted(nn.Module):
    """The whole network, its parts called as in NVlabs' file."""

    def __init__(self) -> None:
        super().__init__()
        largest = nn.MaxPool2d(3, 2)
        blocks = {
            "conv": Layer((3, 32), THREE, 2, False),
            "conv_1": Layer((32, 32), THREE, 1, False),
            "conv_2": Layer((32, 64), THREE),
            "pool0": largest,
            "conv_3": Layer((64, 80), ONE),
            "conv_4": Layer((80, 192), THREE, 1, False),
            "pool1": largest,
            "mixed": of_35(192, 32),
            "mixed_1": of_35(256, 64),
            "mixed_2": of_35(288, 64),
            "mixed_3": Block(
                conv=Layer((288, 384), THREE, 2, False),
                tower=chain(288, (64, ONE), (96, THREE), (96, THREE), reduces=True),
                pool=largest,
            ),
            **{f"mixed_{i}": of_17(width) for i, width in zip(range(4, 8), (128, 160, 160, 192), strict=True)},
            "mixed_8": Block(
                tower=chain(768, (192, ONE), (320, THREE), reduces=True),
                tower_1=chain(768, (192, ONE), (192, ROW), (192, COLUMN), (192, THREE), reduces=True),
                pool=largest,
            ),
            "mixed_9": Fork(1280, average()),
            "mixed_10": Fork(2048, nn.MaxPool2d(3, 1, 1)),
            "pool2": nn.AvgPool2d(8),
        }
        self.layers = nn.Sequential()
        for name, block in blocks.items():
            self.layers.add_module(name, block)
        self.output = nn.Linear(2048, 1008)

    def forward(self, x: Tensor) -> Tensor:
        """Return the features of images that were prepared."""
        return self.output(self.layers(x).flatten(1))


@contextlib.contextmanager
def outdated() -> Iterator[None]:
    """Let torch say that TorchScript is deprecated: the file that is imitated will stay what it is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scripted]:
    """A TorchScript file of the layout, and the network in it."""
    path = tmp_path_factory.mktemp("nvlabs") / "inception-2015-12-05.pt"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Scripted().eval().requires_grad_(False)
    with outdated():
        torch.jit.trace(network, torch.zeros(1, 3, 299, 299), check_trace=False).save(str(path))
    return path, network


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
