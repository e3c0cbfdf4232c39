"""StarGAN by its adapter: the embedded translator, official files, attributes, training, and what cannot be."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from baselines.digits import classifier, dataset
from baselines.stargan.labels import CELEBA, label_of
from baselines.stargan.networks import Generator
from baselines.training.streams import seeded
from baselines.training.weights import read_header, save_weights
from ganbench.checkpoints import load
from ganbench.checkpoints.converting import convert
from ganbench.checkpoints.download import fetch, without_fetching
from ganbench.data import open_data
from ganbench.errors import BadInputError, MissingWeightsError, UnknownNameError
from ganbench.models.base import open_model
from ganbench.models.label_domains import completed
from ganbench.models.stargan import adapter
from ganbench.testing import check_model
from ganbench.types import Adapter, AttributeTranslator, FixedSamples, Recipe, StyleTranslator, Translator
from ganbench.types import Generator as GeneratorProtocol
from tests.data.image_sets import dataset_json, members, noise, write_folder, write_zip
from tests.formats.test_stargan import discriminator, generator, saved
from tests.models.test_cyclegan import Domains

CONFIG: dict[str, Any] = {"c_dim": 3, "img_channels": 1, "conv_dim": 1, "repeat_num": 1}
NOTES: dict[str, Any] = {"domains": ["sad", "happy", "angry"], "img_resolution": 16}


def images(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def written(path: Path, **notes: Any) -> Path:
    with seeded(0):
        network = Generator(**CONFIG)
    save_weights(path, network, model="stargan", config=CONFIG, **{**NOTES, **notes})
    return path


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return written(tmp_path / "g.safetensors")


def test_our_own_weights_follow_the_protocol(weights: Path) -> None:
    assert isinstance(adapter, Adapter)
    model = adapter.load(weights, "cpu")
    assert isinstance(model, Translator)
    assert isinstance(model, AttributeTranslator)
    assert not isinstance(model, StyleTranslator | GeneratorProtocol | FixedSamples)
    assert (model.domains, model.attributes) == (("sad", "happy", "angry"), ())
    assert (model.img_channels, model.img_resolution) == (1, 16)


def test_a_target_is_a_name_an_index_or_one_for_each_image(weights: Path) -> None:
    model, x = adapter.load(weights, "cpu"), images(3, 1, 16, 16)
    G: Any = load(weights)["G"]
    for index, name in enumerate(model.domains):
        wanted = G(x, torch.eye(3)[[index] * 3])
        assert torch.equal(model.translate(x, name), wanted)
        assert torch.equal(model.translate(x, index), wanted)
        mixed = model.translate(x, torch.tensor([index, 0, 1]))
        assert torch.allclose(mixed[0], wanted[0], atol=1e-6)
    assert not torch.allclose(model.translate(x, 0), model.translate(x, 1))


def test_an_image_is_translated_the_same_at_any_batch_size_and_in_any_mode(weights: Path) -> None:
    """Instance norm takes its statistics from the image, after training as in it."""
    model, x = adapter.load(weights, "cpu"), images(4, 1, 16, 24)
    together = model.translate(x, 2)
    assert torch.allclose(torch.cat([model.translate(image[None], 2) for image in x]), together, atol=1e-6)
    assert torch.equal(model.train().translate(x, 2), together)


@pytest.mark.parametrize(
    ("shape", "target", "style", "words"),
    [
        ((1, 1, 16, 16), 1, torch.zeros(1, 8), "expected no style"),
        ((1, 1, 18, 16), 1, None, "multiples of 4 and at least 8, found 16x18"),
        ((1, 3, 16, 16), 1, None, r"images \[N, 1, H, W\], found \[1, 3, 16, 16\]"),
        ((1, 16, 16), 1, None, r"found \[1, 16, 16\]"),
        ((2, 1, 16, 16), torch.tensor([1]), None, r"expected integer targets \[2\]"),
    ],
)
def test_what_cannot_be_translated_is_refused(
    weights: Path, shape: tuple[int, ...], target: Any, style: Tensor | None, words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        adapter.load(weights, "cpu").translate(images(*shape), target, style)


@pytest.mark.parametrize("target", ["hapy", 3, -1, torch.tensor([3])])
def test_unknown_domains_are_refused(weights: Path, target: Any) -> None:
    with pytest.raises(UnknownNameError, match="happy"):
        adapter.load(weights, "cpu").translate(images(1, 1, 16, 16), target)


def test_an_official_file_of_five_numbers_is_of_celeba_s_attributes(tmp_path: Path) -> None:
    path, x = saved(tmp_path / "200000-G.ckpt", generator()), images(1, 3, 16, 16)
    model, G = adapter.load(path, "cpu"), load(path)["G"]
    assert (model.attributes, len(model.domains), model.img_resolution) == (CELEBA, 16, None)
    for name in model.domains:
        c = torch.tensor([label_of(name, CELEBA)]).float()
        assert torch.equal(model.translate(x, name), G(x, c))


def test_a_translator_of_attributes_keeps_the_laws_of_models(tmp_path: Path) -> None:
    check_model(adapter.load(saved(tmp_path / "200000-G.ckpt", generator()), "cpu"), resolution=16)


def test_the_discriminator_beside_says_the_size_of_the_images(tmp_path: Path) -> None:
    path, beside = saved(tmp_path / "200000-G.ckpt", generator()), tmp_path / "200000-D.ckpt"
    for size, halvings in ((32, 3), (64, 5)):
        saved(beside, discriminator(img_size=size, repeat_num=halvings))
        assert adapter.load(path, "cpu").img_resolution == size
    for other in (discriminator(c_dim=8), generator()):
        saved(beside, other)
        with pytest.raises(BadInputError, match=r"the discriminator of .*200000-G\.ckpt in .*200000-D\.ckpt, found"):
            adapter.load(path, "cpu")


def test_other_official_files_have_numbered_domains(tmp_path: Path) -> None:
    model = adapter.load(saved(tmp_path / "1-G.ckpt", generator(c_dim=8)), "cpu")
    assert (model.domains, model.attributes) == (tuple("01234567"), ())
    assert torch.equal(model.labels, torch.eye(8))


def test_a_converted_file_has_the_domains_that_it_was_told(tmp_path: Path) -> None:
    official = saved(tmp_path / "200000-G.ckpt", generator())
    convert(official, tmp_path / "named.safetensors", domains=tuple("abcde"))
    model = adapter.load(tmp_path / "named.safetensors", "cpu")
    assert (model.domains, model.attributes) == (tuple("abcde"), ())
    assert torch.equal(model.labels, torch.eye(5))
    convert(official, tmp_path / "plain.safetensors")
    assert adapter.load(tmp_path / "plain.safetensors", "cpu").attributes == CELEBA


@pytest.mark.parametrize(
    ("domain", "attribute", "wanted"),
    [
        ("Black_Hair+Male-Young", "Blond_Hair", "Blond_Hair+Male-Young"),
        ("Black_Hair+Male-Young", "Male", "Black_Hair-Male-Young"),
        ("-Male-Young", "Young", "-Male+Young"),
        ("Male+Young", "Brown_Hair", "Brown_Hair+Male+Young"),
    ],
)
def test_a_change_of_one_attribute(tmp_path: Path, domain: str, attribute: str, wanted: str) -> None:
    model = adapter.load(saved(tmp_path / "200000-G.ckpt", generator()), "cpu")
    assert model.domains[model.domain_after(domain, attribute)] == wanted
    assert model.domain_after(model.domains.index(domain), attribute) == model.domains.index(wanted)


def test_changes_that_cannot_be_are_refused(tmp_path: Path, weights: Path) -> None:
    model = adapter.load(saved(tmp_path / "200000-G.ckpt", generator()), "cpu")
    with pytest.raises(UnknownNameError, match="Male"):
        model.domain_after("-Male-Young", "Mail")
    with pytest.raises(UnknownNameError):
        adapter.load(weights, "cpu").domain_after("sad", "happy")
    two = {"domains": ["Male", "none"], "labels": [[1, 0, 0], [0, 0, 0]], "attributes": ["Male", "Young", "Bald"]}
    few = adapter.load(written(tmp_path / "two.safetensors", **two), "cpu")
    with pytest.raises(BadInputError, match=r"expected a target among Male, none, found Male\+Young-Bald"):
        few.domain_after("Male", "Young")


def zipped(path: Path, names: tuple[str, ...]) -> Path:
    content = io.BytesIO()
    torch.save(generator(), content)
    return write_zip(path, {name: content.getvalue() for name in names}, zipfile.ZIP_DEFLATED)


def test_the_authors_zip_is_read(tmp_path: Path) -> None:
    name = "celeba-128x128-5attrs.zip"
    model = adapter.load(zipped(tmp_path / name, ("200000-D.ckpt", "200000-G.ckpt")), "cpu")
    assert (model.attributes, model.img_resolution) == (CELEBA, 128)
    plain = adapter.load(saved(tmp_path / "200000-G.ckpt", generator()), "cpu")
    x = images(1, 3, 16, 16)
    assert torch.equal(model.translate(x, 0), plain.translate(x, 0))
    with pytest.raises(BadInputError, match=r"one file \*-G.ckpt in .*several.zip, found 1-G.ckpt, 2-G.ckpt"):
        adapter.load(zipped(tmp_path / "several.zip", ("1-G.ckpt", "2-G.ckpt")), "cpu")


def test_a_damaged_zip_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("1-G.ckpt",))
    content = bytearray(path.read_bytes())
    content[60:90] = bytes(30)
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"1-G.ckpt in .*a.zip cannot be read .*: fetch the zip again"):
        adapter.load(path, "cpu")


def test_published_files() -> None:
    assert list(adapter.published) == ["celeba-128", "celeba-256"]
    one = adapter.published["celeba-128"].weights
    assert (one.name, one.sha256) == ("celeba-128x128-5attrs.zip", "")
    with without_fetching(), pytest.raises(MissingWeightsError, match=r"dropbox.*celeba-128x128-5attrs\.zip"):
        fetch(one.url, one.sha256, name=one.name)


def test_other_networks_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "200000-D.ckpt", discriminator())
    with pytest.raises(BadInputError, match=r"one StarGAN generator in .*200000-D\.ckpt, found StarGAN discriminator"):
        adapter.load(path, "cpu")


@pytest.mark.parametrize(
    "notes",
    [
        {"domains": ["a", "b"]},
        {"domains": ["a", "b", "b"]},
        {"domains": [1, 2, 3]},
        {"domains": "abc"},
        {"domains": ["a"], "labels": [[1, 0, 0]]},
        {"labels": [[1, 0, 0]] * 2},
        {"labels": [[1, 0]] * 3},
        {"labels": [[1, 0, 2]] * 3},
        {"labels": [[1, 0, 0.5]] * 3},
        {"labels": [[1, 0, True]] * 3},
        {"labels": 3},
        {"attributes": ["a"]},
        {"img_resolution": 0},
        {"img_resolution": "16"},
    ],
)
def test_headers_that_say_something_else_are_refused(tmp_path: Path, notes: dict[str, Any]) -> None:
    path = written(tmp_path / "g.safetensors", **notes)
    with pytest.raises(BadInputError, match=r"(domains|attributes|img_resolution) .*in the header of .*g\.safetensors"):
        adapter.load(path, "cpu")


TINY: dict[str, Any] = {
    **adapter.recipes["digits32"].settings,
    "generator": {"conv_dim": 1, "repeat_num": 1},
    "discriminator": {"conv_dim": 1, "repeat_num": 2},
    "batch": 4,
    "kimg": 0.016,
    "tick_kimg": 0.008,
    "snapshot_ticks": 1,
    "device": "cpu",
}


def trained(data: Any, path: Path, **changes: Any) -> Path:
    return adapter.train(data, Recipe("tiny", {**TINY, **changes}), path, False, lambda tick: None)


def test_training_gives_weights_that_load_and_translate(tmp_path: Path) -> None:
    ticks: list[Mapping[str, Any]] = []
    recipe = Recipe("tiny", {**TINY, "seed": 5})
    path = adapter.train(Domains([5, 4, 3]), recipe, tmp_path / "run", False, ticks.append)
    model, untrained = adapter.load(path, "cpu"), adapter.untrained(Domains([5, 4, 3]), recipe)
    for each in (model, untrained):
        assert (each.domains, each.img_channels, each.img_resolution) == (("a", "b", "c"), 1, 16)
        assert torch.equal(each.labels, torch.eye(3))
    assert (ticks[-1]["kimg"], ticks[-1]["weights"]) == (0.016, path)
    assert read_header(path)["data_fingerprint"] == "[5, 4, 3]"


def test_training_on_folders_called_after_attributes(tmp_path: Path) -> None:
    names = ("Black_Hair+Male-Young", "Black_Hair-Male-Young", "Brown_Hair-Male+Young")
    for number, part in enumerate(f"{split}/{name}" for split in ("train", "test") for name in names):
        write_folder(tmp_path / "faces" / part, noise(2, size=20 + number))
    data = open_data(tmp_path / "faces")
    path = trained(data, tmp_path / "run", labels="attributes", img_size=16)
    model = adapter.load(path, "cpu")
    assert (model.domains[:3], model.attributes, model.img_resolution) == (names, CELEBA, 16)
    assert model.labels.tolist() == [list(label_of(name, CELEBA)) for name in model.domains]
    assert len(model.domains) == len(set(model.domains)) == 16  # any other combination is a target, too
    untrained = adapter.untrained(data, Recipe("tiny", {**TINY, "labels": "attributes", "img_size": 16}))
    assert (untrained.domains, untrained.attributes) == (model.domains, CELEBA)
    with pytest.raises(BadInputError, match="called after the attributes Smiling"):
        trained(data, tmp_path / "other", labels="attributes", img_size=16, attributes=["Smiling"])


def test_training_on_images_labelled_with_attributes(tmp_path: Path) -> None:
    labels: list[object] = [[1, 0], [0, 0], [1, 1], [1, 0]]
    content = {**members(noise(4, size=16)), "dataset.json": dataset_json(labels)}
    data, settings = open_data(write_zip(tmp_path / "faces.zip", content)), {"labels": "attributes"}
    model = adapter.load(trained(data, tmp_path / "run", attributes=["Male", "Young"], **settings), "cpu")
    assert model.domains == ("Male+Young", "Male-Young", "-Male-Young", "-Male+Young")
    assert model.labels.tolist() == [[1, 1], [1, 0], [0, 0], [0, 1]]
    with pytest.raises(BadInputError, match=r"a label of 5 numbers, each 0 or 1, .* found labels of 2"):
        trained(data, tmp_path / "other", **settings)
    with pytest.raises(BadInputError, match="expected one domain for each image"):
        trained(data, tmp_path / "other")


@pytest.mark.parametrize(
    ("counts", "changes", "words"),
    [
        ([5], {}, "two or more domains, found one"),
        ([5, 0], {}, "found none of b in stripes"),
        ([5, 4], {"conditional": True}, "leave out conditional"),
        ([5, 4], {"colour": 1}, "colour"),
        ([5, 4], {"img_size": 0}, "img_size"),
        ([5, 4], {"attributes": [1]}, "attributes"),
        ([5, 4], {"kimg": 1e5}, "the recipe's steps, found"),
    ],
)
def test_training_that_cannot_start_is_refused(
    tmp_path: Path, counts: list[int], changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(BadInputError, match=words):
        trained(Domains(counts), tmp_path / "run", **changes)


def test_the_papers_recipes_are_for_the_papers_size_and_attributes() -> None:
    told = {name: (it.settings["img_size"], it.settings["attributes"]) for name, it in adapter.recipes.items()}
    assert told == {
        "celeba-128": (128, list(CELEBA)),
        "rafd-128": (128, []),
        "digits32": (None, []),
        "small32": (32, []),
        "small64": (64, []),
    }
    json.dumps([dict(recipe.settings) for recipe in adapter.recipes.values()])


def test_the_embedded_translator_draws_every_digit_and_comes_back() -> None:
    subject = open_model("stargan")
    model: Any = subject.model
    names = tuple(map(str, range(10)))
    assert (subject.embedded is not None, subject.benchmark, model.domains) == (True, "digit-domains-plain", names)
    assert adapter.embedded.weights.stat().st_size <= 3_000_000
    judge, test = classifier.load(), dataset.load("test")
    x = test.images[::4].float() / 127.5 - 1
    target = (test.labels[::4] + 1 + torch.arange(len(x)) % 9) % 10
    there = model.translate(x, target)
    seen = judge.activations((there * 127.5 + 128).clamp(0, 255).to(torch.uint8)).logits.argmax(1)
    assert (seen == target).float().mean() >= 0.9
    back = model.translate(there, test.labels[::4])
    assert (back - x).abs().mean() < 0.15  # a blank image is 0.6 away


def test_with_many_attributes_the_domains_are_those_of_the_data() -> None:
    attributes = [f"a{number}" for number in range(7)]
    labels = torch.eye(7)[:2]
    assert completed(("a0", "a1"), labels, attributes).names == ("a0", "a1")
    assert len(completed(("a0", "a1"), labels[:, :6], attributes[:6]).names) == 64
