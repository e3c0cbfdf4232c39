"""pix2pix by its adapter: the embedded translator, official files and folders, direction, training, and refusals."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import ganbench
from baselines.training.streams import seeded
from baselines.training.weights import load_state, read_header, save_weights
from baselines.translation.initialisation import initialise
from baselines.translation.networks import NLayerDiscriminator, ResnetGenerator, UnetGenerator, generator
from ganbench.checkpoints.download import fetch, without_fetching
from ganbench.data import open_data
from ganbench.errors import BadInputError, MissingWeightsError, UnknownNameError
from ganbench.functional import psnr, ssim
from ganbench.images import to_uint8
from ganbench.models.base import open_model
from ganbench.models.cyclegan import adapter as cyclegan
from ganbench.models.pix2pix import adapter
from ganbench.types import Adapter, FixedSamples, Generator, PartialTranslator, Recipe, StyleTranslator, Translator
from tests.data.image_sets import noise, write_folder

CONFIG: dict[str, Any] = {"netG": "unet", "input_nc": 1, "output_nc": 1, "ngf": 1, "num_downs": 5, "norm": "batch"}


def images(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def network(**config: Any) -> Any:
    with seeded(0):
        return initialise(generator(**{**CONFIG, **config}))


def written(path: Path, notes: Mapping[str, Any] | None = None, **config: Any) -> Path:
    default = {"domains": ["edges", "shoes"], "img_resolution": 32}
    told = default if notes is None else notes
    save_weights(path, network(**config), model="pix2pix", config={**CONFIG, **config}, **told)
    return path


def official(path: Path, **config: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(network(**config).state_dict(), path)
    return path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return written(tmp_path / "g.safetensors")


def test_our_own_weights_follow_the_protocol(weights: Path) -> None:
    assert isinstance(adapter, Adapter)
    model = adapter.load(weights, "cpu")
    assert isinstance(model, Translator)
    assert isinstance(model, PartialTranslator)
    assert not isinstance(model, StyleTranslator | Generator | FixedSamples)
    assert (model.domains, model.targets) == (("edges", "shoes"), ("shoes",))
    assert (model.img_channels, model.img_resolution) == (1, 32)


def test_a_target_is_a_name_an_index_or_one_for_each_image(weights: Path) -> None:
    model, x = adapter.load(weights, "cpu"), images(3, 1, 32, 32)
    shoes = model.translate(x, "shoes")
    assert torch.equal(model.translate(x, 1), shoes)
    assert torch.equal(model.translate(x, torch.ones(3, dtype=torch.int64)), shoes)
    assert shoes.shape == x.shape


@pytest.mark.parametrize(
    ("shape", "target", "style", "words"),
    [
        ((1, 1, 32, 32), 1, torch.zeros(1, 8), "expected no style"),
        ((1, 1, 32, 32), "edges", None, "expected the target shoes of these weights, found edges"),
        ((2, 1, 32, 32), torch.tensor([1, 0]), None, "expected the target shoes"),
        ((1, 1, 48, 32), 1, None, "multiples of 32 and at least 32, found 32x48"),
        ((1, 3, 32, 32), 1, None, r"expected images \[N, 1, H, W\], found \[1, 3, 32, 32\]"),
        ((2, 1, 32, 32), torch.tensor([1]), None, r"expected integer targets \[2\], found \[1\]"),
    ],
)
def test_what_cannot_be_translated_is_refused(
    weights: Path, shape: tuple[int, ...], target: Any, style: Tensor | None, words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        adapter.load(weights, "cpu").translate(images(*shape), target, style)


def test_unknown_domains_are_refused(weights: Path) -> None:
    with pytest.raises(UnknownNameError, match="shoes"):
        adapter.load(weights, "cpu").translate(images(1, 1, 32, 32), "shoez")


def test_official_files_and_folders_translate_as_the_authors_test_program(tmp_path: Path) -> None:
    """In train mode, one image at a time; without dropout, whose draws are others."""
    path = official(tmp_path / "run" / "latest_net_G.pth", input_nc=3, output_nc=3)
    x = images(2, 3, 32, 32)
    G = network(input_nc=3, output_nc=3).train()
    expected = torch.cat([G(image[None]) for image in x]).detach()
    for place in (path, path.parent):
        model = adapter.load(place, "cpu")
        assert (model.domains, model.targets) == (("source", "target"), ("target",))
        assert (model.img_channels, model.img_resolution) == (3, None)
        assert torch.allclose(model.translate(x, "target"), expected, atol=1e-5)


def test_either_model_takes_a_generator_of_the_other_and_runs_it_its_own_way(tmp_path: Path) -> None:
    x = images(2, 3, 32, 32)
    unpaired = tmp_path / "a.pth"
    with seeded(0):
        resnet = ResnetGenerator(ngf=1, n_blocks=1).eval()
        unet = UnetGenerator(ngf=1, num_downs=5, norm="batch").eval()
    torch.save(resnet.state_dict(), unpaired)
    torch.save(unet.state_dict(), tmp_path / "p.pth")
    assert torch.equal(adapter.load(unpaired, "cpu").translate(x, "target"), resnet(x))
    assert torch.equal(cyclegan.load(tmp_path / "p.pth", "cpu").translate(x, "B"), unet(x))
    assert not torch.allclose(adapter.load(tmp_path / "p.pth", "cpu").translate(x, 1), unet(x), atol=1e-2)


def test_the_direction_of_published_files_is_known_by_their_names(tmp_path: Path) -> None:
    for place, domains in (
        ("facades_label2photo.pth", ("B", "A")),
        ("pix2pix_map2sat.pth", ("B", "A")),
        ("sat2map_pretrained/latest_net_G.pth", ("A", "B")),
        ("day2night/latest_net_G.pth", ("B", "A")),
        ("mine/latest_net_G.pth", ("source", "target")),
    ):
        assert adapter.load(official(tmp_path / place, input_nc=3), "cpu").domains == domains


def test_a_folder_gives_its_latest_generator(tmp_path: Path) -> None:
    official(tmp_path / "5_net_G.pth")
    assert adapter.load(tmp_path, "cpu").img_channels == 1
    official(tmp_path / "10_net_G.pth")
    with pytest.raises(BadInputError, match=r"expected latest_net_G\.pth in .*, found 2 other epochs"):
        adapter.load(tmp_path, "cpu")
    official(tmp_path / "latest_net_G.pth")
    assert adapter.load(tmp_path, "cpu").img_channels == 1
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInputError, match=r"expected latest_net_G\.pth in .*, found none"):
        adapter.load(tmp_path / "empty", "cpu")


def test_other_networks_are_refused(tmp_path: Path) -> None:
    torch.save(NLayerDiscriminator(6, ndf=1, norm="batch").state_dict(), tmp_path / "latest_net_D.pth")
    with pytest.raises(BadInputError, match=r"expected a pix2pix generator in .*latest_net_D\.pth, found D"):
        adapter.load(tmp_path / "latest_net_D.pth", "cpu")


@pytest.mark.parametrize("domains", [["a"], ["a", "b", "c"], "ab", None, ["a", "a"]])
def test_headers_without_two_domains_are_refused(tmp_path: Path, domains: Any) -> None:
    with pytest.raises(BadInputError, match="expected two different domains in the header"):
        adapter.load(written(tmp_path / "g.safetensors", {"domains": domains}), "cpu")


def test_published_files_have_names_apart_from_cyclegans() -> None:
    assert sorted(adapter.published) == ["day2night", "edges2shoes", "facades_label2photo", "map2sat", "sat2map"]
    ours = {it.weights.name for it in adapter.published.values()}
    assert not ours & {it.weights.name for it in cyclegan.published.values()}
    one = adapter.published["facades_label2photo"]
    with without_fetching(), pytest.raises(MissingWeightsError, match=r"models-pytorch/facades_label2photo\.pth"):
        fetch(one.url, one.sha256, name=one.file)


def write_pairs(path: Path) -> Path:
    """Write pairs whose right half is the left in negative."""
    for split, count in (("train", 4), ("test", 3)):
        left = noise(count, size=32)
        write_folder(path / split, np.concatenate([left, 255 - left], 3), [f"{index}.png" for index in range(count)])
    return path


@pytest.mark.parametrize(("direction", "column"), [("", "A->B"), (":BtoA", "B->A")])
def test_the_data_say_the_direction_of_weights_that_do_not(tmp_path: Path, direction: str, column: str) -> None:
    data = f"pairs:{write_pairs(tmp_path / 'pairs')}{direction}"
    path = official(tmp_path / "latest_net_G.pth", input_nc=3, output_nc=3)
    (record,) = ganbench.run(
        "pix2pix", ["ssim", "psnr", "l1_paired"], weights=path, data=data, results_dir=tmp_path / "results"
    )
    found = {result.key: result for result in record.results}
    validation: Any = open_data(data).validation  # type: ignore[attr-defined]  # pairs have it
    source, truth = validation.images(range(3)), validation.images(range(3, 6))
    made = adapter.load(path, "cpu").translate(source.float() / 127.5 - 1, 1)
    assert list(found["ssim"].parts) == [column]
    assert found["ssim"].value == pytest.approx(ssim(to_uint8(made, "cyclegan"), truth).mean().item(), abs=1e-6)
    assert found["psnr"].value == pytest.approx(psnr(to_uint8(made, "cyclegan"), truth).mean().item(), abs=1e-4)
    assert found["l1_paired"].value == pytest.approx((made - (truth.float() / 127.5 - 1)).abs().mean().item(), abs=1e-5)


def test_weights_of_a_known_direction_find_it_in_data_of_either(tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "pairs")
    path = official(tmp_path / "facades_label2photo_pretrained" / "latest_net_G.pth", input_nc=3, output_nc=3)
    for number, direction in enumerate(("AtoB", "BtoA")):
        (record,) = ganbench.run(
            "pix2pix", ["psnr"], weights=path, data=f"pairs:{data}:{direction}", results_dir=tmp_path / str(number)
        )
        assert list(record.results[0].parts) == ["B->A"]


TINY: dict[str, Any] = {
    **adapter.recipes["digits32"].settings,
    "generator": {"netG": "unet", "ngf": 1, "num_downs": 5, "norm": "batch"},
    "discriminator": {"netD": "n_layers", "ndf": 1, "n_layers": 1, "norm": "batch"},
    "kimg": 0.012,
    "tick_kimg": 0.004,
    "snapshot_ticks": 1,
    "device": "cpu",
}


def test_training_on_a_folder_gives_weights_that_load_and_translate(tmp_path: Path) -> None:
    ticks: list[Mapping[str, Any]] = []
    data, recipe = open_data(f"pairs:{write_pairs(tmp_path / 'pairs')}:BtoA"), Recipe("tiny", {**TINY, "seed": 5})
    path = adapter.train(data, recipe, tmp_path / "run", False, ticks.append)
    model = adapter.load(path, "cpu")
    assert (model.domains, model.img_channels, model.img_resolution) == (("B", "A"), 3, 32)
    assert (ticks[-1]["kimg"], ticks[-1]["weights"]) == (0.012, path)
    assert read_header(path)["recipe"] == "tiny"
    again = adapter.train(data, recipe, tmp_path / "again", False, ticks.append)
    first = load_state(path)
    assert all(torch.equal(load_state(again)[name], tensor) for name, tensor in first.items())


@pytest.mark.parametrize(
    ("changes", "resume", "words"),
    [
        ({"conditional": True}, False, "leave out conditional"),
        ({"colour": 1}, False, "colour"),
        ({}, True, "resume"),
        ({"crop_size": 30}, False, "multiples of 32"),
    ],
)
def test_training_that_cannot_start_is_refused(
    tmp_path: Path, changes: dict[str, Any], resume: bool, words: str
) -> None:
    data = open_data("digit-edges")
    with pytest.raises(BadInputError, match=words):
        adapter.train(data, Recipe("tiny", {**TINY, **changes}), tmp_path / "run", resume, lambda tick: None)


@pytest.mark.parametrize("name", ["digits", "digit-domains:3,8"])
def test_data_without_pairs_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInputError, match=r"expected data of pairs, found none in dig.*: give a folder of pairs"):
        adapter.train(open_data(name), Recipe("tiny", TINY), tmp_path / "run", False, lambda tick: None)


def test_the_embedded_translator_draws_the_digit_of_an_outline() -> None:
    subject = open_model("pix2pix")
    model: Any = subject.model
    assert (subject.embedded is not None, subject.benchmark) == (True, "digit-edges")
    assert (model.domains, model.targets) == (("edges", "digits"), ("digits",))
    assert adapter.embedded.weights.stat().st_size <= 3_000_000
    data: Any = open_data("digit-edges")
    count = len(data.validation) // 2
    source, truth = (data.validation.images(range(start, start + count)) for start in (0, count))
    made = to_uint8(model.translate(source.float() / 127.5 - 1, "digits"), "cyclegan")
    assert ssim(made, truth).mean() > 0.85
    # The outlines themselves, and black, are far from the digits.
    assert psnr(made, truth).mean() > max(psnr(source, truth).mean(), psnr(0 * truth, truth).mean()) + 8
    assert math.isfinite(psnr(made, truth).max())
