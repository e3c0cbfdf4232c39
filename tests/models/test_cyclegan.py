"""CycleGAN by its adapter: the embedded translator, official files and folders, training, and what cannot be."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from baselines.cyclegan.networks import Generators
from baselines.digits import classifier, dataset
from baselines.training.streams import seeded
from baselines.training.weights import load_state, read_header, save_weights
from ganbench.checkpoints.download import fetch, without_fetching
from ganbench.data import open_data
from ganbench.errors import BadInputError, MissingWeightsError, UnknownNameError
from ganbench.models.base import open_model
from ganbench.models.cyclegan import adapter
from ganbench.types import Adapter, FixedSamples, Generator, Recipe, StyleTranslator, Translator
from tests.data.image_sets import noise, write_folder
from tests.golden_cases import golden

CONFIG: dict[str, Any] = {"netG": "resnet", "input_nc": 1, "output_nc": 1, "ngf": 1, "n_blocks": 1}


def images(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def written(path: Path, notes: Mapping[str, Any] | None = None, **config: Any) -> Path:
    with seeded(0):
        network = Generators(**{**CONFIG, **config})
    default = {"domains": ["horse", "zebra"], "img_resolution": 16}
    save_weights(path, network, model="cyclegan", config={**CONFIG, **config}, **(default if notes is None else notes))
    return path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return written(tmp_path / "g.safetensors")


def test_our_own_weights_follow_the_protocol(weights: Path) -> None:
    assert isinstance(adapter, Adapter)
    model = adapter.load(weights, "cpu")
    assert isinstance(model, Translator)
    assert not isinstance(model, StyleTranslator | Generator | FixedSamples)
    assert (model.domains, model.targets) == (("horse", "zebra"), ("horse", "zebra"))
    assert (model.img_channels, model.img_resolution) == (1, 16)


def test_a_target_is_a_name_an_index_or_one_for_each_image(weights: Path) -> None:
    model, x = adapter.load(weights, "cpu"), images(4, 1, 16, 16)
    zebras, horses = model.translate(x, "zebra"), model.translate(x, "horse")
    assert torch.equal(model.translate(x, 1), zebras)
    assert torch.equal(model.translate(x, 0), horses)
    assert not torch.allclose(zebras, horses)
    mixed = model.translate(x, torch.tensor([1, 0, 0, 1]))
    for place, made in enumerate((zebras, horses, horses, zebras)):
        assert torch.allclose(mixed[place], made[place], atol=1e-6)
    assert torch.equal(model.translate(x, torch.ones(4, dtype=torch.int64)), zebras)


def test_any_size_that_the_network_takes_will_do(weights: Path) -> None:
    assert adapter.load(weights, "cpu").translate(images(1, 1, 8, 24), 1).shape == (1, 1, 8, 24)


@pytest.mark.parametrize(
    ("shape", "target", "style", "words"),
    [
        ((1, 1, 16, 16), 1, torch.zeros(1, 8), "expected no style"),
        ((1, 1, 18, 16), 1, None, "multiples of 4 and at least 8, found 16x18"),
        ((1, 1, 4, 4), 1, None, "at least 8, found 4x4"),
        ((1, 3, 16, 16), 1, None, r"expected images \[N, 1, H, W\], found \[1, 3, 16, 16\]"),
        ((1, 16, 16), 1, None, r"found \[1, 16, 16\]"),
        ((2, 1, 16, 16), torch.tensor([1]), None, r"expected integer targets \[2\], found \[1\]"),
        ((1, 1, 16, 16), torch.tensor([0.5]), None, "an index for each image"),
    ],
)
def test_what_cannot_be_translated_is_refused(
    weights: Path, shape: tuple[int, ...], target: Any, style: Tensor | None, words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        adapter.load(weights, "cpu").translate(images(*shape), target, style)


@pytest.mark.parametrize("target", ["zebar", 2, -1, torch.tensor([2])])
def test_unknown_domains_are_refused(weights: Path, target: Any) -> None:
    hint = "zebra" if target == "zebar" else "horse"
    with pytest.raises(UnknownNameError, match=hint):
        adapter.load(weights, "cpu").translate(images(1, 1, 16, 16), target)


def test_a_u_net_says_which_sizes_it_takes(tmp_path: Path) -> None:
    with seeded(0):
        config: dict[str, Any] = {"netG": "unet", "input_nc": 1, "output_nc": 1, "ngf": 1, "num_downs": 5}
        network = Generators(**config)
    save_weights(tmp_path / "u.safetensors", network, model="cyclegan", config=config)
    model = adapter.load(tmp_path / "u.safetensors", "cpu")
    assert (model.domains, model.img_resolution) == (("A", "B"), None)
    assert model.translate(images(1, 1, 32, 64), 0).shape == (1, 1, 32, 64)
    with pytest.raises(BadInputError, match="multiples of 32"):
        model.translate(images(1, 1, 48, 48), 0)


def test_official_files_are_one_direction_and_folders_both() -> None:
    folder = golden("cyclegan/cycle_resnet6_basic")
    both = adapter.load(folder, "cpu")
    assert (both.domains, both.targets, both.img_channels, both.img_resolution) == (("A", "B"), ("A", "B"), 3, None)
    x = images(1, 3, 32, 32)
    for name, target, other in (("G_A", "B", "A"), ("G_B", "A", "B"), ("G", "B", "A")):
        one = adapter.load(folder / f"latest_net_{name}.pth", "cpu")
        assert (one.domains, one.targets) == (("A", "B"), (target,))
        assert torch.equal(one.translate(x, target), both.translate(x, target))
        with pytest.raises(BadInputError, match=f"expected the target {target} of these weights, found {other}"):
            one.translate(x, other)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(golden("cyclegan/cycle_resnet9_pixel"), tmp_path / "official"))


def test_the_latest_of_a_folder_is_taken(folder: Path) -> None:
    shutil.copy(folder / "latest_net_G_A.pth", folder / "5_net_G_A.pth")
    assert adapter.load(folder, "cpu").targets == ("A", "B")
    (folder / "latest_net_G_A.pth").rename(folder / "10_net_G_A.pth")
    with pytest.raises(BadInputError, match=r"expected latest_net_G_A\.pth in .*, found 2 other epochs"):
        adapter.load(folder, "cpu")


def test_a_folder_of_a_pretrained_generator(folder: Path) -> None:
    for name in ("G_A", "G_B"):
        (folder / f"latest_net_{name}.pth").unlink()
    assert adapter.load(folder, "cpu").targets == ("B",)
    (folder / "latest_net_G.pth").unlink()
    with pytest.raises(
        BadInputError, match=r"expected latest_net_G_A\.pth and latest_net_G_B\.pth in .*, found neither"
    ):
        adapter.load(folder, "cpu")


def test_other_networks_are_refused(folder: Path) -> None:
    with pytest.raises(BadInputError, match=r"expected a CycleGAN generator in .*latest_net_D_A\.pth, found D_A"):
        adapter.load(folder / "latest_net_D_A.pth", "cpu")
    stylegan = golden("stylegan23/pkl_sg2ada_uncond_32") / "network.pkl"
    with pytest.raises(BadInputError, match="expected a CycleGAN generator in"):
        adapter.load(stylegan, "cpu")


@pytest.mark.parametrize("domains", [["a"], ["a", "b", "c"], [1, 2], "ab", {"a": 1, "b": 2}, None, ["a", "a"]])
def test_headers_without_two_domains_are_refused(tmp_path: Path, domains: Any) -> None:
    path = written(tmp_path / "g.safetensors", {"domains": domains})
    with pytest.raises(BadInputError, match="expected two different domains in the header"):
        adapter.load(path, "cpu")


def test_published_files_are_one_direction_each() -> None:
    assert len(adapter.published) == 18
    one = adapter.published["horse2zebra"]
    assert one.benchmark == "cyclegan"
    with without_fetching(), pytest.raises(MissingWeightsError, match=r"pretrained_models/horse2zebra\.pth"):
        fetch(one.url, one.sha256, name=one.file)


class Domains:
    """Images of some domains, of known counts."""

    name, resolution, channels = "stripes", 16, 1

    def __init__(self, counts: Sequence[int]) -> None:
        self.domains = tuple("abc"[: len(counts)])
        self.label_dim = len(counts)
        self.fingerprint = f"{counts}"
        self.place = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))

    @property
    def validation(self) -> "Domains":
        return self

    def __len__(self) -> int:
        return len(self.place)

    def images(self, indices: Sequence[int]) -> Tensor:
        stripes = torch.arange(16).expand(len(indices), 1, 16, 16) * 7
        return (stripes + self.place[list(indices)].view(-1, 1, 1, 1) * 100).to(torch.uint8)

    def labels(self, indices: Sequence[int]) -> Tensor:
        return torch.nn.functional.one_hot(self.place[list(indices)], self.label_dim).float()


TINY: dict[str, Any] = {
    **adapter.recipes["digits32"].settings,
    "generator": {"netG": "resnet", "ngf": 1, "n_blocks": 1},
    "discriminator": {"netD": "n_layers", "ndf": 1, "n_layers": 1},
    "n_epochs": 100,
    "n_epochs_decay": 100,
    "kimg": 0.012,
    "tick_kimg": 0.004,
    "snapshot_ticks": 1,
    "device": "cpu",
}


def test_training_gives_weights_that_load_and_translate(tmp_path: Path) -> None:
    ticks: list[Mapping[str, Any]] = []
    recipe = Recipe("tiny", {**TINY, "seed": 5})
    path = adapter.train(Domains([5, 4]), recipe, tmp_path / "run", False, ticks.append)
    model = adapter.load(path, "cpu")
    assert (model.domains, model.img_channels, model.img_resolution) == (("a", "b"), 1, 16)
    assert (ticks[-1]["kimg"], ticks[-1]["weights"]) == (0.012, path)
    assert read_header(path)["data_fingerprint"] == "[5, 4]"
    again = adapter.train(Domains([5, 4]), recipe, tmp_path / "again", False, ticks.append)
    first = load_state(path)
    assert all(torch.equal(load_state(again)[name], tensor) for name, tensor in first.items())


def test_files_of_any_size_are_brought_to_the_recipes(tmp_path: Path) -> None:
    folder = tmp_path / "fruit"
    for number, part in enumerate(("trainA", "trainB", "testA", "testB")):
        write_folder(folder / part, noise(2, size=20 + number, channels=1))
    recipe = Recipe("tiny", {**TINY, "load_size": 18, "crop_size": 16, "n_epochs": 9, "kimg": 0.008})
    path = adapter.train(open_data(folder), recipe, tmp_path / "run", False, lambda tick: None)
    assert adapter.load(path, "cpu").img_resolution == 16
    anyhow = Recipe("tiny", {**TINY, "load_size": 0})
    with pytest.raises(BadInputError, match="resize them"):
        adapter.train(open_data(folder), anyhow, tmp_path / "other", False, lambda tick: None)


def test_the_direction_b_to_a_exchanges_the_domains(tmp_path: Path) -> None:
    recipe = Recipe("tiny", {**TINY, "direction": "BtoA"})
    data = Domains([5, 4])
    settings = {name: value for name, value in recipe.settings.items() if name != "device"}
    prepared = adapter.prepare(data, settings, tmp_path / "run")
    names = tuple(reversed(data.domains))
    assert adapter.model_in(prepared.training, data).domains == names
    assert adapter.load(adapter.train(data, recipe, tmp_path / "run", False, lambda tick: None), "cpu").domains == names


@pytest.mark.parametrize(
    ("counts", "changes", "resume", "words"),
    [
        ([5], {}, False, r"expected data with two domains, found 1 in .* \(a\)"),
        ([5, 4, 3], {}, False, r"expected data with two domains, found 3 in .* \(a, b, c\)"),
        ([5, 0], {}, False, "expected training images of every domain, found none of b in stripes"),
        ([5, 4], {"conditional": True}, False, "leave out conditional"),
        ([5, 4], {"colour": 1}, False, "colour"),
        ([5, 4], {}, True, "resume"),
        ([5, 4], {"crop_size": 10}, False, "multiples of 4"),
        ([5, 4], {"kimg": 100}, False, "expected at most 1 kimg, the recipe's epochs, found 100"),
    ],
)
def test_training_that_cannot_start_is_refused(
    tmp_path: Path, counts: list[int], changes: dict[str, Any], resume: bool, words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        adapter.train(Domains(counts), Recipe("tiny", {**TINY, **changes}), tmp_path / "run", resume, lambda tick: None)


def test_data_without_domains_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="expected data with two domains, found none in digits"):
        adapter.train(open_data("digits"), Recipe("tiny", TINY), tmp_path / "run", False, lambda tick: None)


def test_the_embedded_translator_draws_the_other_digit_and_back() -> None:
    subject = open_model("cyclegan")
    model: Any = subject.model
    assert (subject.embedded is not None, subject.benchmark, model.domains) == (True, "digits-3-8", ("3", "8"))
    assert adapter.embedded.weights.stat().st_size <= 3_000_000
    judge, test = classifier.load(), dataset.load("test")
    for source, target in (("3", "8"), ("8", "3")):
        x = test.images[test.labels == int(source)].float() / 127.5 - 1
        there = model.translate(x, target)
        seen = judge.activations((there * 127.5 + 128).clamp(0, 255).to(torch.uint8)).logits.argmax(1)
        assert (seen == int(target)).float().mean() >= 0.9
        back = model.translate(there, source)
        # blank images are 0.6 away, and the mean digit is 0.2
        assert (back - x).abs().mean() < 0.1
