"""FID and diversity of translations in closed form, and by what names they go."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from toygan.translators import Blur, DomainsOfBlobs, Tint

from ganbench import registry
from ganbench.benchmarks import Benchmark
from ganbench.inputs import OutputDiversity, Rows, Translations
from ganbench.metrics import resolve
from ganbench.metrics.translation import (
    TranslationDiversity,
    TranslationFrechetDistance,
    fid_latent,
    fid_reference,
    fid_translated,
    lpips_latent,
    lpips_reference,
)
from tests.subjects import flat, measure, plan


def rows(values: Any) -> Rows:
    found = Rows()
    found.update(torch.as_tensor(values))
    return found


def test_the_official_parameters() -> None:
    assert (fid_latent.num_outputs, fid_latent.ddof, fid_latent.quantiser, fid_latent.extractor) == (
        10, 1, "starganv2", "inception-torchvision",
    )  # fmt: skip
    assert (lpips_latent.num_outputs, lpips_latent.val_batch_size, lpips_latent.extractor) == (
        10,
        32,
        "lpips-alex-stargan",
    )
    assert fid_latent.translations == lpips_latent.translations == Translations("latent", 10, None, 32)
    assert fid_reference.translations == lpips_reference.translations == Translations("reference", 10, None, 32)
    assert fid_translated.translations == resolve("accuracy").translations  # type: ignore[attr-defined]


def gaussians(*moments: tuple[float, float]) -> Tensor:
    """Rows of one dimension whose mean and variance (dividing by N - 1) are exactly these."""
    return torch.cat(
        [torch.tensor([[m - (v / 2) ** 0.5], [m + (v / 2) ** 0.5]], dtype=torch.float64) for m, v in moments]
    )


def test_fid_of_a_pair_is_that_of_its_outputs_and_its_targets_training_images() -> None:
    """In one dimension it is the squared difference of means and of deviations."""
    real = gaussians((0, 1), (10, 4))
    fake = gaussians((3, 1), (10, 9)).reshape(4, 1, 1)
    metric = dataclasses.replace(fid_latent, num_outputs=1)
    task = rows([[1, 0], [1, 0], [0, 1], [0, 1]])
    found = flat(metric.compute(rows(real), rows([[0], [0], [1], [1]]), rows(fake), task))
    assert found == pytest.approx({"fid_latent": 5.0, "fid_latent/1->0": 9.0, "fid_latent/0->1": 1.0})


def test_all_outputs_of_a_source_image_count() -> None:
    real, fake = gaussians((0, 1)), gaussians((2, 1)).reshape(1, 2, 1)
    found = flat(fid_latent.compute(rows(real), rows([[0], [0]]), rows(fake), rows([[1, 0]])))
    assert found["fid_latent/1->0"] == pytest.approx(4.0)


def test_a_smaller_last_batch_weighs_as_much_as_a_full_one() -> None:
    metric = dataclasses.replace(lpips_latent, val_batch_size=3)
    distance, task = rows([[1.0], [2.0], [3.0], [10.0]]), rows([[1, 0]] * 4)
    assert flat(metric.compute(distance, task)) == {"lpips_latent": 6.0, "lpips_latent/1->0": 6.0}
    plain = dataclasses.replace(metric, val_batch_size=None)
    assert flat(plain.compute(distance, task))["lpips_latent"] == 4.0


def test_batches_do_not_run_across_pairs_and_pairs_weigh_alike() -> None:
    metric = dataclasses.replace(lpips_latent, val_batch_size=2)
    distance, task = rows([[1.0], [2.0], [6.0], [8.0]]), rows([[1, 0], [1, 0], [1, 0], [0, 1]])
    assert flat(metric.compute(distance, task)) == {
        "lpips_latent": (3.75 + 8) / 2,
        "lpips_latent/1->0": 3.75,
        "lpips_latent/0->1": 8.0,
    }


class Drawn:
    """A batch whose images are given, and an extractor that takes them as they are."""

    def __init__(self, image: Tensor) -> None:
        self.drawn, self.context = {"image": image}, self

    def extractor_in(self, name: str, float64: bool = False) -> "Drawn":
        return self

    def embed(self, images: Tensor) -> Tensor:
        return images.flatten(1)

    def on_device(self, tensor: Tensor) -> Tensor:
        return tensor


def test_diversity_is_the_mean_over_all_pairs_of_outputs_of_float_images() -> None:
    """Neither clamped to -1..1 nor rounded to 8 bits."""
    image = torch.randn(3, 10, 1, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 2
    found = OutputDiversity("any").compute(Drawn(image))  # type: ignore[arg-type]
    pixels = ((image + 1) * 127.5).flatten(2).numpy()
    pairs = [np.square(pixels[:, i] - pixels[:, j]).sum(1) for i in range(10) for j in range(i)]
    assert len(pairs) == 45
    np.testing.assert_allclose(found[:, 0].numpy(), np.mean(pairs, 0), rtol=1e-12)


def test_equal_outputs_have_no_diversity() -> None:
    image = torch.rand(2, 1, 3, 4, 4).expand(-1, 10, -1, -1, -1)
    assert OutputDiversity("any").compute(Drawn(image)).abs().max() < 1e-6  # type: ignore[arg-type]


class Still(Tint):
    """Whose styles change nothing."""

    def style_from_latent(self, z: Tensor, target: Any) -> Tensor:
        return torch.zeros(len(z), self.style_dim)


class Copying(Blur):
    """Which gives back what it gets."""

    def translate(self, x: Tensor, target: Any, style: Tensor | None = None) -> Tensor:
        return x


def test_a_model_that_ignores_its_style_has_no_diversity(tmp_path: Path) -> None:
    found = measure(plan(["lpips_latent@4"], Still(), data=DomainsOfBlobs()), tmp_path)
    assert found["lpips_latent@4"] == pytest.approx(0, abs=1e-9)


def test_a_copy_of_the_other_domains_is_as_far_from_the_training_images_as_they_are(tmp_path: Path) -> None:
    """And nothing is lost on the way there and back to 8 bits by the quantiser that rounds."""
    data = DomainsOfBlobs()
    rounded = dataclasses.replace(fid_translated, name="rounded", extractor="pool", quantiser="starganv2")
    from ganbench.engine.plan import Plan
    from tests.subjects import waves

    found = measure(Plan.build(waves(Copying()), [rounded], data=data), tmp_path)
    pool = registry.load("extractors", "pool")()
    real, val = (
        pool(split.images(range(len(split))))["features"].double().numpy() for split in (data, data.validation)
    )
    real_of, val_of = (split.labels(range(len(split))).argmax(1).numpy() for split in (data, data.validation))
    from ganbench.functional import frechet_distance, moments

    pairs = [(s, t) for t in range(3) for s in range(3) if s != t]
    expected = [
        frechet_distance(*moments(val[val_of == s], ddof=1), *moments(real[real_of == t], ddof=1)) for s, t in pairs
    ]
    assert found["rounded"] == pytest.approx(np.mean(expected), rel=1e-6)


@pytest.mark.parametrize(
    ("typed", "limit", "name", "count"),
    [
        ("fid_latent", None, "fid_latent", None),
        ("fid_latent@5", None, "fid_latent@5", 5),
        ("fid_latent", 7, "fid_latent@7", 7),
        ("lpips_reference@5", 3, "lpips_reference@3", 3),
        ("lpips_reference@3", 5, "lpips_reference@3", 3),
        ("fid", 2000, "fid_latent@2k", 2000),
    ],
)
def test_a_count_is_of_source_images_and_stands_in_the_name(
    typed: str, limit: int | None, name: str, count: int | None
) -> None:
    found: Any = resolve(typed, short_names={"fid": "fid_latent"}, limit=limit)
    assert (found.name, found.count) == (name, count)
    assert found.translations.count == count


@pytest.mark.parametrize("name", ["starganv2", "cyclegan", "digit-domains", "digits-3-8"])
def test_every_name_of_the_benchmarks_resolves(name: str) -> None:
    benchmark: Benchmark = registry.load("benchmarks", name)
    for metric in (*benchmark.metrics, *benchmark.short_names):
        resolve(metric, short_names=benchmark.short_names)
    kinds = [type(resolve(metric)) for metric in registry.load("benchmarks", "starganv2").metrics]
    assert kinds == [TranslationFrechetDistance, TranslationDiversity] * 2


def test_the_embedded_benchmarks_fetch_nothing() -> None:
    for name in ("digit-domains", "digits-3-8"):
        benchmark: Benchmark = registry.load("benchmarks", name)
        for metric in (*benchmark.metrics, *benchmark.short_names):
            found: Any = resolve(metric, short_names=benchmark.short_names)
            extractor = getattr(found, "extractor", None)
            assert benchmark.extractors.get(extractor, extractor) in ("digits", None), metric
