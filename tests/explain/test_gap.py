"""What closes a gap: where the cause is known, it closes all of it, and the verdict names it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor
from toygan import Pool

from ganbench.engine.cache import Cache
from ganbench.explain import Alternative, Explanation, Measurer, Setup, alternatives_to, explain_gap
from ganbench.explain.edits import halved, jpeg
from ganbench.images import resize
from tests.explain.sets import noise, options, setup, value


def explained(base: Setup, target: float) -> Explanation:
    return explain_gap(base, target, alternatives_to(base), Measurer(options()), "")


CAUSES = {
    "samples saved as JPEG 75": lambda images: jpeg(images, 75),
    "samples saved as JPEG 95": lambda images: jpeg(images, 95),
    "samples halved and enlarged": halved,
    "samples flipped": lambda images: images.flip(3),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("cause", CAUSES)
def test_a_set_that_is_the_other_after_an_edit_is_explained_by_it(cause: str, channels: int) -> None:
    samples = noise(40, 0, channels)
    found = explained(setup(samples, CAUSES[cause](samples)), 0.0)
    assert found.value > 0
    assert (found.tried[0].name, found.tried[0].closed, found.tried[0].value) == (cause, 1, 0)
    assert found.verdict.startswith(f"{cause[0].upper()}{cause[1:]} explains the gap (100 % of it)")


def test_a_set_that_has_the_mirror_images_of_the_other_is_explained_by_them() -> None:
    samples = noise(40, 0)
    found = explained(setup(samples, torch.cat([samples.flip(3), samples])), 0.0)
    assert found.tried[0].name == "samples and their mirror images"
    assert found.tried[0].closed == pytest.approx(1, abs=1e-6)


def two_contrasts() -> tuple[Tensor, Tensor]:
    """Return blocks of two shades about 127, of two contrasts: all means are 127, deviations 20 and 50."""
    signs = torch.randn(20, 1, 4, 4, generator=torch.Generator().manual_seed(0)).sign()
    blocks = torch.cat([signs, -signs]).repeat_interleave(8, 2).repeat_interleave(8, 3)
    return (127 + 20 * blocks).byte(), (127 + 50 * blocks).byte()


def test_the_divisor_is_worth_exactly_n_by_n_minus_1_where_means_agree() -> None:
    base = setup(*two_contrasts())
    expected = value(base) * 40 / 39
    assert value(base) == pytest.approx(16 * (30 / 255) ** 2, rel=1e-5)  # the sum of squared differences of deviations
    found = explained(base, expected)
    assert found.tried[0].name == "covariance divided by N - 1"
    assert found.tried[0].closed == pytest.approx(1, abs=1e-4)


class Pool16(Pool):
    """The toy extractor on images that it brings to 16x16, corner pixels first."""

    name = "pool16"
    input_size = 16

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        small = resize(images.float(), 16, "tf1-bilinear")
        pooled = small[:, 0, ::5, ::5].flatten(1) / 255
        return {"features": pooled, "probabilities": pooled.softmax(1)}


def test_a_number_of_another_filter_is_explained_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("ganbench.explain.alternatives", "ganbench.engine.plan"):
        monkeypatch.setattr(f"{module}.open_extractor", lambda _: Pool16())
    base = setup(noise(40, 0), noise(50, 1), extractor="pool16")
    found = explained(base, value(base.changed({"resize": "pil-lanczos"})))
    by_name = {each.name: each for each in found.tried}
    assert found.tried[0] == by_name["resized by pil-lanczos"]
    assert found.tried[0].closed == 1
    assert by_name["resized by tf1-bilinear"].change == 0
    assert by_name["resized by box"].closed < 1


def test_parts_are_measured_as_if_they_were_all() -> None:
    samples, reals = noise(40, 0), noise(51, 1)
    base = setup(samples, reals)
    found = {each.name: each.value for each in explained(base, 0.0).tried}
    assert found["first half of the samples"] == pytest.approx(value(setup(samples[:20], reals)), rel=1e-9)
    assert found["second half of the samples"] == pytest.approx(value(setup(samples[20:], reals)), rel=1e-9)
    assert found["second half of the reals"] == pytest.approx(value(setup(samples, reals[25:])), rel=1e-9)


@pytest.mark.parametrize("metric", ["kid50k", "pr50k3", "is50k"])
def test_other_metrics_are_explained_as_well(metric: str) -> None:
    base = setup(noise(40, 0), noise(50, 1), metric)
    found = explained(base, value(base.changed({"sample_edits": ("flipped",)})))
    assert max(each.closed for each in found.tried if each.name == "samples flipped") == 1


def test_features_are_computed_once_and_never_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[int] = []
    original = Pool.__call__
    monkeypatch.setattr(Pool, "__call__", lambda self, images: seen.append(len(images)) or original(self, images))
    base = setup(noise(16, 0), noise(16, 1))
    flipped = base.changed({"sample_edits": ("flipped",)})
    target = Measurer(options(), cache=Cache(tmp_path))([flipped])[flipped]
    seen.clear()
    assert explained(base, target).tried[0].name == "samples flipped"
    views = 2 * len(["as they are", "JPEG 95", "JPEG 75", "halved", "flipped"])
    assert sum(seen) == 16 * views
    explained(base, target)
    assert sum(seen) == 16 * views


class Adding:
    """Measures nothing: every change of a setup adds to its number."""

    def __init__(self, worth: Mapping[str, float]) -> None:
        self.worth = worth
        self.lost: dict[Setup, str] = {}
        self.asked: list[int] = []

    def __call__(self, setups: Sequence[Setup], key: str = "") -> dict[Setup, float]:
        self.asked.append(len(setups))
        return {each: self._of(each) for each in setups}

    def _of(self, one: Setup) -> float:
        changed = {
            "seed": one.seed != 0,
            "ddof": one.metric.spec()["ddof"] != 0,
            "sample_edits": one.sample_edits != ("",),
        }
        return 10 + sum(self.worth[name] for name, is_so in changed.items() if is_so)


TRIES = [
    Alternative("seed 1", {"seed": 1}),
    Alternative("N - 1", {"ddof": 1}),
    Alternative("flipped", {"sample_edits": ("flipped",)}),
]


@pytest.mark.parametrize(
    ("worth", "best", "verdict"),
    [
        ((4, 1, 0.5), "seed 1", "Seed 1 explains the gap (100 % of it)."),
        (
            (2, 2, 0.5),
            "seed 1 + N - 1",
            "No single alternative explains the gap; together they close 100 %: seed",
        ),
        ((2, 0, -0.5), "seed 1", "Seed 1 closes 50 % of the gap; nothing tried here closes the rest."),
        ((-2, 0.5, -0.5), "N - 1", "Nothing tried here explains the gap: look for other weights"),
    ],
)
def test_the_verdict_names_one_or_two_or_none(worth: tuple[float, ...], best: str, verdict: str) -> None:
    measure = Adding(dict(zip(("seed", "ddof", "sample_edits"), worth, strict=True)))
    found = explain_gap(setup(noise(4, 0), noise(4, 1)), 14.0, TRIES, measure, "")
    assert found.tried[0].name == best
    assert found.verdict.startswith(verdict)
    assert [each.closed for each in found.tried] == sorted((each.closed for each in found.tried), reverse=True)


def test_shares_are_of_the_distance_left() -> None:
    measure = Adding({"seed": 6, "ddof": 8, "sample_edits": -1})
    found = explain_gap(setup(noise(4, 0), noise(4, 1)), 14.0, TRIES, measure, "")
    closed = {each.name: each.closed for each in found.tried if not each.is_joint}
    assert closed == {"seed 1": 0.5, "N - 1": 0, "flipped": -0.25}  # 2 of 4 too far, as far beyond, farther away


def test_no_gap_asks_for_no_alternatives() -> None:
    base = setup(noise(4, 0), noise(4, 1))
    measure = Adding({"seed": 1, "ddof": 1, "sample_edits": 1})
    found = explain_gap(base, 10.0, [], measure, "")
    assert found.verdict == "There is no gap: fid@4 is 10 both times."
    assert found.tried == ()
