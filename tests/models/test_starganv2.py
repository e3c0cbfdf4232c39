"""StarGAN v2 by its adapter: the embedded translator, official files and their conversion, and what cannot be."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from baselines.digits import classifier, dataset
from baselines.starganv2.recipes import Recipe
from baselines.starganv2.train import AVERAGED, CLASSES, configuration, networks
from baselines.training.weights import read_header, save_weights
from ganbench import load_model
from ganbench.checkpoints import load
from ganbench.checkpoints.converting import convert
from ganbench.errors import BadInputError, UnknownNameError
from ganbench.models.base import open_model
from ganbench.models.starganv2 import adapter
from ganbench.types import Adapter, FixedSamples, Generator, StyleTranslator
from tests.cli.command_line import complaint, ganbench
from tests.golden_cases import cases, golden

OFFICIAL = [case for case in cases("stargan2/*") if (case / "io_nets_ema.npz").exists()]


def images(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def written(path: Path, size: int = 8, domains: Any = ("cat", "dog", "wild"), **changes: Any) -> Path:
    recipe = Recipe(style_dim=3, latent_dim=2, hidden_dim=4, base_channels=2, max_conv_dim=4, bottleneck=4, **changes)
    config = configuration(recipe, {"img_resolution": size, "img_channels": 1, "c_dim": 3})
    nets, _ = networks(config, 0)
    notes = {} if domains is None else {"domains": domains}
    averaged = nn.ModuleDict({name: nets[name] for name in AVERAGED})
    save_weights(path, averaged, model="starganv2", config={name: config[name] for name in AVERAGED}, **notes)
    return path


@pytest.fixture
def model(tmp_path: Path) -> Any:
    return adapter.load(written(tmp_path / "g.safetensors"), "cpu")


def test_our_own_weights_follow_the_protocol(model: Any) -> None:
    assert isinstance(adapter, Adapter)
    assert isinstance(model, StyleTranslator)
    assert not isinstance(model, Generator | FixedSamples)
    assert (model.domains, model.latent_dim, model.style_dim) == (("cat", "dog", "wild"), 2, 3)
    assert (model.img_channels, model.img_resolution, model.needs_masks) == (1, 8, False)


def test_a_target_is_a_name_an_index_or_one_for_each_image(model: Any) -> None:
    z, x = images(4, 2), images(4, 1, 8, 8)
    for style, given in ((model.style_from_latent, z), (model.style_from_reference, x)):
        by_name = [style(given, name) for name in ("cat", "dog", "wild")]
        assert not torch.allclose(by_name[0], by_name[2])
        assert torch.equal(style(given, 2), by_name[2])
        assert torch.equal(style(given, torch.tensor([1] * 4)), by_name[1])
        mixed = style(given, torch.tensor([2, 0, 1, 2]))
        expected = torch.stack([by_name[y][place] for place, y in enumerate((2, 0, 1, 2))])
        assert torch.equal(mixed, expected)
    s = model.style_from_latent(z, "dog")
    assert torch.equal(model.translate(x, "dog", s), model.translate(x, 1, s))
    assert not torch.allclose(model.translate(x, "dog", s), model.translate(x, "dog", s.flip(0)))


@pytest.mark.parametrize("target", ["dgo", 3, -1, torch.tensor([3])])
def test_unknown_domains_are_refused(model: Any, target: Any) -> None:
    with pytest.raises(UnknownNameError, match="dog" if target == "dgo" else "cat"):
        model.translate(images(1, 1, 8, 8), target, images(1, 3))


@pytest.mark.parametrize(
    ("shape", "target", "style", "masks", "words"),
    [
        ((1, 1, 8, 8), 0, None, None, "expected a style, which StarGAN v2 needs, found none"),
        ((1, 1, 16, 16), 0, torch.zeros(1, 3), None, r"expected images \[N, 1, 8, 8\], found \[1, 1, 16, 16\]"),
        ((1, 3, 8, 8), 0, torch.zeros(1, 3), None, r"found \[1, 3, 8, 8\]"),
        ((2, 1, 8, 8), torch.tensor([1]), torch.zeros(2, 3), None, r"expected integer targets \[2\], found \[1\]"),
        ((1, 1, 8, 8), torch.tensor([0.5]), torch.zeros(1, 3), None, "an index for each image"),
        (
            (1, 1, 8, 8),
            0,
            torch.zeros(1, 3),
            (torch.ones(1, 1, 8, 8),) * 2,
            "expected no masks for weights without a high-pass skip",
        ),
    ],
)
def test_what_cannot_be_translated_is_refused(
    model: Any, shape: tuple[int, ...], target: Any, style: Tensor | None, masks: Any, words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        model.translate(images(*shape), target, style, masks=masks)


def test_masks_carry_details_over_where_there_is_a_skip(tmp_path: Path) -> None:
    model: Any = adapter.load(written(tmp_path / "g.safetensors", 32, w_hpf=1), "cpu")
    assert model.needs_masks
    x, s, whole = images(2, 1, 32, 32), images(2, 3), torch.ones(2, 1, 16, 16)
    assert not torch.allclose(model.translate(x, 0, s, masks=(whole, whole)), model.translate(x, 0, s))
    for masks in ((whole,), (whole[0], whole[1]), (whole[:1], whole), (whole.expand(2, 3, 16, 16), whole)):
        with pytest.raises(
            BadInputError, match=r"expected two masks \[2, 1, H, W\] for 2 images, found .* give two maps"
        ):
            model.translate(x, 0, s, masks=masks)


@pytest.mark.parametrize("domains", [["a"], ["a", "b", "c", "d"], [1, 2, 3], "abc", {"a": 1}])
def test_headers_with_other_domains_are_refused(tmp_path: Path, domains: Any) -> None:
    path = written(tmp_path / "g.safetensors", domains=domains)
    with pytest.raises(BadInputError, match="expected 3 domains in the header of"):
        adapter.load(path, "cpu")


def test_domains_without_names_are_numbers(tmp_path: Path) -> None:
    model: Any = adapter.load(written(tmp_path / "g.safetensors", domains=None), "cpu")
    assert model.domains == ("0", "1", "2")
    z = images(1, 2)
    assert torch.equal(model.style_from_latent(z, "2"), model.style_from_latent(z, 2))


def test_other_networks_are_refused() -> None:
    path = golden("cyclegan/old_style_instance_norm") / "latest_net_G_clean.pth"
    with pytest.raises(
        BadInputError, match=r"expected networks of a StarGAN v2 in .*, found CycleGAN ResNet generator"
    ):
        adapter.load(path, "cpu")


@pytest.mark.parametrize("case", OFFICIAL, ids=lambda case: case.name)
def test_official_files_are_converted_bit_for_bit(case: Path, tmp_path: Path) -> None:
    source, target = case / "100000_nets_ema.ckpt", tmp_path / "out.safetensors"
    done = ganbench("convert", source, target)
    assert (done.exit_code, done.stdout) == (0, f"{target}\n"), done.stderr
    told = [line.split(",")[0] for line in done.stderr.splitlines()]
    assert told == ["StarGAN v2 generator", "StarGAN v2 mapping network", "StarGAN v2 style encoder"]
    assert read_header(target)["source"] == source.name
    ours: Any = load_model("starganv2", target)
    theirs: Any = load_model("starganv2", source)
    assert ours.domains == theirs.domains == tuple(map(str, range(len(ours.domains))))
    assert ours.needs_masks == theirs.needs_masks
    first, second = ours.state_dict(), theirs.state_dict()
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    x, z = images(1, 3, ours.img_resolution, ours.img_resolution), images(1, ours.latent_dim)
    found = [it.translate(x, 1, it.style_from_latent(z, 1)) for it in (ours, theirs)]
    assert torch.equal(*found)


def saved_officially(path: Path) -> Path:
    nets: Mapping[str, Any] = load(written(path.with_suffix(".safetensors"), 32))
    torch.save({name: net.state_dict() for name, net in nets.items()}, path)
    return path


def test_converting_is_deterministic_and_keeps_published_names(tmp_path: Path) -> None:
    source = saved_officially(tmp_path / "starganv2-afhq-256-100000_nets_ema.ckpt")
    for name in ("a", "b"):
        convert(source, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    (tmp_path / "a").rename(tmp_path / "a.safetensors")
    for path in (source, tmp_path / "a.safetensors"):
        assert load_model("starganv2", path).domains == ("cat", "dog", "wild")


def test_one_network_alone_is_not_converted(tmp_path: Path) -> None:
    source = saved_officially(tmp_path / "x_nets_ema.ckpt")
    with pytest.raises(BadInputError, match="a StarGAN v2 generator, which cannot be used alone: leave out --entry"):
        convert(source, tmp_path / "g.safetensors", "generator")
    said = complaint("convert", source, tmp_path / "g.safetensors", "--entry", "G")
    assert "holds no network G, only generator, mapping_network, style_encoder" in said


def test_the_discriminator_is_converted_along(tmp_path: Path) -> None:
    config = configuration(
        Recipe(base_channels=2, max_conv_dim=4), {"img_resolution": 32, "img_channels": 3, "c_dim": 2}
    )
    nets, _ = networks(config, 0)
    torch.save({name: net.state_dict() for name, net in nets.items()}, tmp_path / "1_nets.ckpt")
    assert list(convert(tmp_path / "1_nets.ckpt", tmp_path / "all.safetensors")) == list(CLASSES)
    D = load(tmp_path / "all.safetensors")["discriminator"]
    assert all(torch.equal(value, nets["discriminator"].state_dict()[key]) for key, value in D.state_dict().items())


def seen_by_the_judge(made: Tensor) -> Sequence[int]:
    pixels = (made * 127.5 + 128).clamp(0, 255).to(torch.uint8)
    found: list[int] = classifier.load().activations(pixels).logits.argmax(1).tolist()
    return found


def test_the_embedded_translator_makes_sevens_of_threes() -> None:
    subject = open_model("starganv2")
    model: Any = subject.model
    assert (subject.embedded is not None, subject.benchmark) == (True, "digit-domains")
    assert model.domains == tuple("0123456789")
    assert adapter.embedded.weights.stat().st_size <= 3_000_000
    test = dataset.load("test")
    threes, sevens = (test.images[test.labels == digit][:20].float() / 127.5 - 1 for digit in (3, 7))
    styles = (
        model.style_from_latent(images(len(threes), model.latent_dim), "7"),
        model.style_from_reference(sevens[:1].expand_as(threes), "7"),
    )
    for style in styles:
        seen = seen_by_the_judge(model.translate(threes, "7", style))
        assert seen.count(7) >= 0.8 * len(seen)
