"""StarGAN v2's evaluation, run whole by the engine with the official run's stored latents, references and order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ganbench.checkpoints import load
from ganbench.data import open_data
from ganbench.engine import plan as planning
from ganbench.engine.cache import Cache
from ganbench.engine.plan import Plan
from ganbench.engine.planning import sized_for
from ganbench.engine.results import results_of
from ganbench.engine.run import Silence, fill
from ganbench.extractors.lpips import ALEXNET, Backbone, LpipsExtractor, Trunk
from ganbench.extractors.network import Network, read_weights
from ganbench.extractors.vgg16 import normalised
from ganbench.images import resize, to_uint8
from ganbench.inputs import Context, Drawn, Input, Rows, Translations
from ganbench.inputs.translations import Sample
from ganbench.metrics import Number
from ganbench.metrics.pairs import rows_of_pairs
from ganbench.metrics.translation import OfTranslations, TranslationDiversity, TranslationFrechetDistance
from ganbench.records.record import Result
from ganbench.types import LoadedModel, StyleTranslator
from tests.golden_cases import facts, golden

MODES = ("latent", "reference")


@cache
def case() -> Path:
    return golden("stargan2/eval_loop")


@cache
def stored(mode: str) -> dict[str, Any]:
    return dict(np.load(case() / f"{mode}.npz"))


class Official:
    """The official checkpoint as a translator."""

    domains, latent_dim, style_dim, img_resolution, img_channels = ("cat", "dog"), 8, 16, 64, 3

    def __init__(self) -> None:
        self.networks: Any = load(case() / "100000_nets_ema.ckpt")

    def style_from_latent(self, z: Tensor, target: int) -> Tensor:
        return self.networks["mapping_network"](z, torch.full([len(z)], target))

    def style_from_reference(self, x: Tensor, target: int) -> Tensor:
        return self.networks["style_encoder"](x, torch.full([len(x)], target))

    def translate(self, x: Tensor, target: int, style: Tensor | None = None) -> Tensor:
        return self.networks["generator"](x, style)


@dataclass(frozen=True)
class Met:
    """One source image of the official run, in the order of its loader, with what its outputs were made from."""

    source: int
    target: int
    place: int
    styles: tuple[Any, ...]


@cache
def met(mode: str) -> list[Met]:
    """Return all source images; their ``styles`` are rows of z, or references as (domain, place)."""
    about, found = facts(case()), []
    calls, num_outputs = about["results"][mode]["calls"], about["args"]["num_outs_per_domain"]
    for start in range(0, len(calls), num_outputs):
        batch = calls[start : start + num_outputs]
        for row, (domain, place) in enumerate(batch[0]["srcs"]):
            styles = tuple(call["z0"] + row if mode == "latent" else tuple(call["refs"][row]) for call in batch)
            found.append(Met(about["domains"].index(domain), batch[0]["y"], place, styles))
    return found


@dataclass(frozen=True)
class Replayed(Translations):
    """The translations of the official run."""

    def samples(self, context: Context, indices: Sequence[int]) -> list[Sample]:
        """Return the images that the official loader shuffled to these places; every domain has four."""
        chosen = [met(self.mode)[index] for index in indices]
        return [Sample(one.source, one.target, 4 * one.source + one.place, index)
                for one, index in zip(chosen, indices, strict=True)]  # fmt: skip

    def latents(self, context: Context, indices: tuple[int, ...]) -> Tensor:
        rows = [met(self.mode)[index].styles for index in indices]
        return torch.from_numpy(stored(self.mode)["z"][rows])

    def references(self, context: Context, sample: Sample) -> list[int]:
        return [4 * ("cat", "dog").index(domain) + place for domain, place in met(self.mode)[sample.number].styles]


class ReplayedFid(TranslationFrechetDistance):
    @property
    def translations(self) -> Translations:
        return Replayed(self.mode, self.num_outputs, min_references=self.val_batch_size or 1)


class ReplayedLpips(TranslationDiversity):
    @property
    def translations(self) -> Translations:
        return Replayed(self.mode, self.num_outputs, min_references=self.val_batch_size or 1)


@dataclass(frozen=True)
class Kept(OfTranslations):
    """The translated images themselves, from the pass that feeds the metrics."""

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = ""

    @property
    def translations(self) -> Translations:
        return Replayed(self.mode, self.num_outputs, min_references=self.val_batch_size or 1)

    def inputs(self) -> Mapping[str, Input]:
        return {"images": Input(self.translations, Drawn("image"), Rows, None)}

    def compute(self, images: Rows) -> dict[str, Number]:
        return {}


class StandIn(Network):
    """What stands where Inception does: everything but the network itself is as it is there."""

    layers: Mapping[str, int] = {"features": 6}

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        return {"features": self.module(normalised(self.prepared(resize(images, 299, "pil-bilinear")))).mean((2, 3))}


def stand_in(name: str) -> Network:
    """Return the extractor that the case describes in words, for either of the two that the metrics name."""
    weights: Any = read_weights(case() / "standin_trunks.pth")
    if name == "inception-torchvision":
        strided = [
            nn.Conv2d(3, 8, 3, 2),
            nn.Conv2d(8, 10, 3, 2, 1),
            nn.Conv2d(10, 12, 3, 2, 1),
            nn.Conv2d(12, 6, 3, 2, 1),
        ]
        for number, convolution in enumerate(strided):
            convolution.load_state_dict({k: weights["fid_trunk"][f"conv{number}.{k}"] for k in ("weight", "bias")})
        first, second, third, last = (nn.Sequential(convolution, nn.ReLU()) for convolution in strided)
        pool = nn.MaxPool2d(3, 2)
        return StandIn(name, "f", nn.Sequential(first, pool, second, pool, third, last))
    layers = nn.Sequential(
        nn.Conv2d(3, 8, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Conv2d(8, 12, 5, padding=2), nn.ReLU(),
        nn.MaxPool2d(3, 2), nn.Conv2d(12, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 12, 3, padding=1), nn.ReLU(),
        nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
    )  # fmt: skip
    published: Any = SimpleNamespace(convolutions=lambda: layers)
    module = Backbone(Trunk(published, ALEXNET.taps, (8, 12, 16, 12, 12), 31, ""))
    linear = {f"weights.{i}": weights["lpips_weights"][f"lpips_weights.{i}.main.1.weight"].flatten() for i in range(5)}
    module.load_state_dict({f"features.{k}": v for k, v in weights["alexnet_features"].items()} | linear)
    return LpipsExtractor(name, "a", module, 31, "inside")


@pytest.fixture(scope="module")
def built() -> Any:
    """The plan of both metrics in both modes."""
    about = facts(case())["args"]
    arguments: Any = {"num_outputs": about["num_outs_per_domain"], "val_batch_size": about["val_batch_size"]}
    metrics: Any = [
        kind(f"{name}_{mode}", mode, **arguments)
        for mode in MODES
        for name, kind in (("fid", ReplayedFid), ("lpips", ReplayedLpips), ("kept", Kept))
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(planning, "open_extractor", stand_in)
        subject = LoadedModel("official", Official(), "", "0" * 64)
        return Plan.build(subject, metrics, data=sized_for(subject.model, open_data(case() / "data")))


@pytest.fixture(scope="module")
def filled(built: Plan, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return fill(built, 16, Cache(tmp_path_factory.mktemp("shards")), Silence())[0]


def numbers(built: Plan, filled: Any) -> dict[str, Result]:
    return {result.key: result for metric in built.metrics for result in results_of(metric, built, filled)}


def test_the_official_checkpoint_is_a_style_translator() -> None:
    assert isinstance(Official(), StyleTranslator)


def rows(built: Plan, filled: Any, name: str, key: str) -> Tensor:
    """Return what one accumulator of a metric holds."""
    metric = next(metric for metric in built.metrics if metric.name == name)
    found: Rows = filled[built.queries(metric)[key]]
    return found.rows()


@pytest.mark.parametrize("mode", MODES)
def test_the_images_as_saved(mode: str, built: Plan, filled: Any) -> None:
    """Up to one in a thousand values may be off by one; every output beside its source, in the loader's order."""
    drawn = rows(built, filled, f"kept_{mode}", "images")
    images = to_uint8(drawn.flatten(0, 1), "starganv2").permute(0, 2, 3, 1).int().numpy()
    for number, task in enumerate(("dog2cat", "cat2dog")):
        away = np.abs(images[12 * number : 12 * number + 12] - stored(mode)[task].astype(int))
        assert away.max() <= 1
        assert (away > 0).mean() < 1e-3
    if mode == "latent":
        first = torch.from_numpy(stored(mode)["first_fake_float"])
        torch.testing.assert_close(drawn[:3, 0], first, rtol=0, atol=1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_lpips_of_every_batch_pair_and_their_means(mode: str, built: Plan, filled: Any) -> None:
    about = facts(case())["results"][mode]
    distances = rows(built, filled, f"lpips_{mode}", "distance")[:, 0]
    batches = [part.mean().item() for task in distances.split(4) for part in task.split(3)]
    assert batches == pytest.approx([batch["value"] for batch in about["lpips_per_batch"]], rel=1e-4)
    found = numbers(built, filled)[f"lpips_{mode}"]
    assert found.value == pytest.approx(about["LPIPS"][f"LPIPS_{mode}/mean"], rel=1e-4)
    for pair, value in found.parts.items():
        assert value == pytest.approx(about["LPIPS"][f"LPIPS_{mode}/{pair.replace('->', '2')}"], rel=1e-4)


def test_a_smaller_last_batch_weighs_as_much_as_a_full_one(built: Plan, filled: Any) -> None:
    """Which is not the mean over source images: the two differ here by more than the tolerance above."""
    distances = rows(built, filled, "lpips_reference", "distance")
    (pair, of), *_ = rows_of_pairs(rows(built, filled, "lpips_reference", "task")).items()
    assert pair == (1, 0)
    official = facts(case())["results"]["reference"]["LPIPS"]["LPIPS_reference/dog2cat"]
    assert abs(distances[of].mean().item() / official - 1) > 1e-2


@pytest.mark.parametrize("mode", MODES)
def test_fid_of_every_pair_and_their_mean(mode: str, built: Plan, filled: Any) -> None:
    about = facts(case())["results"][mode]["FID"]
    found = numbers(built, filled)[f"fid_{mode}"]
    assert list(found.parts) == ["dog->cat", "cat->dog"]
    assert found.value == pytest.approx(about[f"FID_{mode}/mean"], rel=1e-3)
    for pair, value in found.parts.items():
        assert value == pytest.approx(about[f"FID_{mode}/{pair.replace('->', '2')}"], rel=1e-3)


@pytest.mark.parametrize("mode", MODES)
def test_the_reals_are_the_training_images_of_the_target(mode: str, built: Plan, filled: Any) -> None:
    real, domain = (rows(built, filled, f"fid_{mode}", key) for key in ("real", "domain"))
    for target, task in enumerate(("dog2cat", "cat2dog")):
        features = real[domain[:, 0] == target].double().numpy()
        assert len(features) == 9
        np.testing.assert_allclose(features.mean(0), stored(mode)[f"fid/{task}/mu_real"], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(np.cov(features.T), stored(mode)[f"fid/{task}/cov_real"], rtol=1e-3, atol=1e-3)
