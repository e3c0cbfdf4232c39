"""LPIPS diversity of samples and of reals: closed forms, and every pair by hand."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import toygan
from torch import Tensor

from ganbench import registry
from ganbench.engine.plan import Plan
from ganbench.errors import PlanError
from ganbench.inputs import Samples, Sums
from ganbench.inputs.image_pairs import PairDistance, RealPairs, SamplePairs
from ganbench.metrics import resolve
from ganbench.metrics.diversity import Diversity, RealDiversity, lpips10k, lpips10k_real
from ganbench.rng import Streams
from tests.subjects import flat, measure, metric, plan, waves

pytestmark = pytest.mark.usefixtures("untouched_random_state")


class Flat:
    """A folder of samples: image i is grey of 10 i / 255 everywhere."""

    img_resolution, img_channels = 32, 1

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def images(self, indices: Sequence[int]) -> Tensor:
        return torch.stack([torch.full((1, 32, 32), 10 * index / 127.5 - 1) for index in indices])


def test_neighbours_that_are_a_step_apart_have_the_distance_of_a_step(tmp_path: Path) -> None:
    """The toy distance is the squared difference of 16 block means over 255 squared."""
    built = Plan.build(waves(Flat(24)), [metric("lpips@12")], data=None)
    assert measure(built, tmp_path)["lpips@12"] == pytest.approx(16 * (10 / 255) ** 2, rel=1e-5)


def test_a_generator_that_makes_one_image_has_no_diversity(tmp_path: Path) -> None:
    class Constant(toygan.Waves):
        def synthesis(self, ws: Tensor, **options: Any) -> Tensor:
            return super().synthesis(torch.ones_like(ws), **options)

    assert measure(plan(["lpips@40"], Constant()), tmp_path)["lpips@40"] == 0


def test_samples_are_paired_two_by_two_and_not_quantised(tmp_path: Path) -> None:
    model = toygan.Waves()
    with torch.inference_mode():
        images = model(Streams(0, tuple(range(60))).normal("z", (6,))) * 127.5 + 127.5
    assert images.min() < 0 or images.max() > 255  # so that clipping would show
    embedded = toygan.Pool().embed(images)
    expected = (embedded[0::2] - embedded[1::2]).square().sum(1).mean().item()
    assert measure(plan(["lpips@30"]), tmp_path)["lpips@30"] == pytest.approx(expected, rel=1e-5)


def test_truncation_takes_diversity_away(tmp_path: Path) -> None:
    values = measure(plan(["lpips@60", "lpips@60_psi0.5", "lpips@60_psi0"]), tmp_path)
    assert values["lpips@60"] > 1.5 * values["lpips@60_psi0.5"] > 0
    assert values["lpips@60_psi0"] == 0
    assert SamplePairs(Samples(0.5, 2)).name == "pairs of samples at psi 0.5 in 2 layers"


def test_random_pairs_of_reals_have_the_mean_of_all_pairs(tmp_path: Path) -> None:
    data = toygan.Stripes()
    embedded = toygan.Pool().embed(data.images(range(200)).float())
    all_pairs = torch.pdist(embedded.double()).square()
    error = (all_pairs.std() / 1500**0.5).item()
    assert measure(plan(["lpips_real@1500"]), tmp_path)["lpips_real@1500"] == pytest.approx(
        all_pairs.mean().item(), abs=4 * error
    )
    assert error < 0.05 * all_pairs.mean()


def test_a_real_is_never_paired_with_itself_and_all_pairs_occur() -> None:
    class Three(toygan.Stripes):
        def __len__(self) -> int:
            return 3

    built = Plan.build(waves(), [metric("lpips_real@9")], data=Three())
    drawn = RealPairs().draw(built.context, tuple(range(100)))
    named = {image.numpy().tobytes(): i for i, image in enumerate(Three().images(range(3)).float() / 127.5 - 1)}
    pairs = {tuple(named[drawn[key][i].numpy().tobytes()] for key in ("image0", "image1")) for i in range(100)}
    assert pairs == set(itertools.permutations(range(3), 2))


class Classes(toygan.Stripes):
    """A few images, of given classes."""

    def __init__(self, classes: Sequence[int], label_dim: int = 3) -> None:
        super().__init__()
        self.classes, self.label_dim = torch.tensor(classes), label_dim

    def __len__(self) -> int:
        return len(self.classes)

    def labels(self, indices: Sequence[int]) -> Tensor:
        return torch.nn.functional.one_hot(self.classes[list(indices)], self.label_dim).float()


def test_reals_of_one_class_are_paired_with_every_other_of_it_alone() -> None:
    data = Classes([0, 2, 0, 2, 2])
    built = Plan.build(waves(), [metric("lpips@9")], data=data)
    drawn = RealPairs(same_class=True).draw(built.context, tuple(range(200)))
    named = {image.numpy().tobytes(): i for i, image in enumerate(data.images(range(5)).float() / 127.5 - 1)}
    pairs = {tuple(named[drawn[key][i].numpy().tobytes()] for key in ("image0", "image1")) for i in range(200)}
    assert pairs == {*itertools.permutations((0, 2)), *itertools.permutations((1, 3, 4), 2)}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (Classes([0, 0], label_dim=0), "expected classes of reals, found none in stripes"),
        (Classes([0, 0, 1]), "found one of a class in stripes: add images"),
    ],
)
def test_data_without_two_reals_of_each_class_are_refused(data: Classes, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        Plan.build(waves(), [metric("lpips10k_real_class")], data=data)


def test_what_is_missing_is_said() -> None:
    with pytest.raises(PlanError, match="expected 12 pairs of samples, found 11: ask for fewer"):
        Plan.build(waves(Flat(23)), [metric("lpips@12")], data=None)
    with pytest.raises(PlanError, match="expected real images, found none"):
        Plan.build(waves(), [metric("lpips_real@12")], data=None)


def test_an_extractor_without_a_perceptual_distance_is_named() -> None:
    class Blind:
        name, sha256, layers, resolution = "blind", "0" * 64, {"features": 1}, None

        def to(self, device: str, float64: bool = False) -> "Blind":
            return self

        def __call__(self, images: Tensor) -> dict[str, Tensor]:
            return {}

    built = plan(["lpips@12"])
    built.context.extractors["blind"] = Blind()  # type: ignore[index]
    assert PairDistance("pool").problems(built.context) == []
    (problem,) = PairDistance("blind").problems(built.context)
    assert "the extractor 'blind' measures no perceptual distance" in problem


def test_names() -> None:
    assert (lpips10k.count, lpips10k_real.count) == (10_000, 10_000)
    assert lpips10k.higher_is_better is True
    assert lpips10k_real.higher_is_better is None  # the data is what it is
    assert resolve("lpips2k") == Diversity("lpips2k", 2000)
    assert resolve("lpips2k_real") == RealDiversity("lpips2k_real", 2000)
    assert resolve("lpips2k_real_class") == RealDiversity("lpips2k_real_class", 2000, same_class=True)
    assert resolve("lpips10k", limit=500).name == "lpips@500"
    for benchmark in ("digits", "stylegan1", "stylegan3"):
        short = registry.load("benchmarks", benchmark).short_names
        assert resolve("lpips", short_names=short) == lpips10k
        assert resolve("lpips_psi0.7", short_names=short).name == "lpips10k_psi0.7"
        assert resolve("lpips_real", short_names=short) == lpips10k_real


def test_the_mean_is_of_the_pairs() -> None:
    sums = Sums()
    sums.update(torch.tensor([[1.0], [2.0], [6.0]]))
    assert flat(Diversity("d", 3).compute(sums)) == {"d": 3.0} == flat(RealDiversity("d", 3).compute(sums))
