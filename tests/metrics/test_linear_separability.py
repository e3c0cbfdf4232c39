"""Linear separability as a metric: what it asks for, and what it makes of it."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import toygan
from torch import Tensor

from ganbench.engine.plan import Plan
from ganbench.errors import PlanError
from ganbench.functional import separability
from ganbench.inputs import Rows
from ganbench.metrics.linear_separability import LinearSeparability, ls
from ganbench.rng import Streams
from tests.subjects import flat, measure, metric, plan, waves

pytestmark = pytest.mark.usefixtures("untouched_random_state")


def rows(values: Any) -> Rows:
    made = Rows()
    made.update(torch.as_tensor(values, dtype=torch.float32))
    return made


def test_an_attribute_of_one_direction_is_separable_there_and_not_elsewhere() -> None:
    rng = np.random.default_rng(0)
    z, w = rng.standard_normal((400, 4)), rng.standard_normal((400, 4))
    found = flat(LinearSeparability("ls@400", 400).compute(rows(w[:, :1] * 9), rows(z), rows(w)))
    assert found["ls@400_w"] == pytest.approx(1, abs=0.05)
    assert found["ls@400_z"] == pytest.approx(2, rel=0.05)


def test_half_of_the_samples_are_kept() -> None:
    rng = np.random.default_rng(1)
    z, logits = rng.standard_normal((60, 3)), rng.standard_normal((60, 2))
    found = flat(LinearSeparability("ls@60", 60).compute(rows(logits), rows(z), rows(-z)))
    z, logits = z.astype(np.float32), logits.astype(np.float32)
    assert found == {"ls@60_z": separability(z, logits.T, 30), "ls@60_w": separability(-z, logits.T, 30)}


def test_latents_and_images_belong_together(tmp_path: Path) -> None:
    """The whole way through the engine, against the latents and images of the toy generator by hand."""
    model = toygan.Waves()
    z = Streams(0, tuple(range(80))).normal("z", (6,))
    with torch.inference_mode():
        ws = model.mapping(z)
        logits = toygan.Pool().attribute_logits(model.synthesis(ws))
    found = measure(plan(["ls@80"]), tmp_path)
    assert found["ls@80_z"] == pytest.approx(separability(z, logits.T, 40), rel=1e-9)
    assert found["ls@80_w"] == pytest.approx(separability(ws[:, -1], logits.T, 40), rel=1e-9)


def test_it_shares_the_samples_of_others() -> None:
    built = plan(["ls@60", "fid@40"])
    assert [one.source.name for one in built.passes] == ["reals", "samples"]


def test_classifiers_see_images_that_are_neither_clipped_nor_rounded_and_reduced_to_256(tmp_path: Path) -> None:
    class Large(toygan.Waves):
        img_resolution = 512

        def synthesis(self, ws: Tensor, **_: Any) -> Tensor:
            return (ws[:, -1, :1, None, None] * 3 + torch.linspace(0, 0.01, 512)).expand(-1, 1, 512, 512)

    class Watching(toygan.Pool):
        seen: list[Tensor] = []  # noqa: RUF012 - for this test alone

        def attribute_logits(self, images: Tensor) -> Tensor:
            self.seen.append(images.clone())
            return super().attribute_logits(images)

    built = plan(["ls@3"], Large(), data=None)
    built.context.extractors["pool"] = Watching()  # type: ignore[index]
    measure(built, tmp_path)
    assert all(images.shape[1:] == (1, 256, 256) for images in Watching.seen)
    assert any(images.abs().max() > 1 for images in Watching.seen)
    assert all(len(images[0].unique()) > 200 for images in Watching.seen)


def test_an_extractor_that_tells_no_attributes_is_named() -> None:
    official = dataclasses.replace(metric("ls@9"), extractor="digits")  # type: ignore[type-var]
    assert Plan.build(waves(), [official], data=None).metrics
    with pytest.raises(PlanError, match="the extractor 'deaf' does not classify attributes"):
        Plan.build(waves(), [dataclasses.replace(official, extractor="deaf")], data=None)


@pytest.fixture(autouse=True)
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """An extractor named ``deaf``, which has features and no attributes."""
    from ganbench import registry

    class Deaf:
        name, sha256, layers, resolution = "deaf", "0" * 64, {"features": 1}, None

        def to(self, device: str, float64: bool = False) -> "Deaf":
            return self

    load = registry.load
    monkeypatch.setattr(registry, "load", lambda kind, name: Deaf if name == "deaf" else load(kind, name))


def test_the_official_one_is_as_published() -> None:
    assert (ls.count, ls.keep, ls.extractor, ls.higher_is_better) == (200_000, 0.5, "celebahq", False)
