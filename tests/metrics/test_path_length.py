"""Path length by name: every combination of space, sampling and crop, against its definition on flat images."""

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
import toygan
from torch import Tensor

from ganbench.engine.plan import Plan
from ganbench.functional import path_length, slerp
from ganbench.metrics import resolve
from ganbench.rng import Streams
from tests.subjects import measure, metric, waves

COMBINATIONS = list(itertools.product(("ppl", "ppl2"), "zw", ("full", "end")))


class Flat(toygan.Waves):
    """Images whose rows from the middle to three quarters have the brightness of w, and the others none."""

    def mapping(self, z: Tensor, c: Tensor | None = None, **_: Any) -> Tensor:
        return z[:, None].repeat(1, self.num_ws, 1)

    def synthesis(self, ws: Tensor, **_: Any) -> Tensor:
        lit = torch.zeros(32, 32).to(ws)
        lit[16:24] = 1
        return ws[:, -1, :1, None, None] * lit


@pytest.mark.parametrize(("family", "space", "sampling"), COMBINATIONS)
def test_a_name_says_space_sampling_and_crop(family: str, space: str, sampling: str) -> None:
    found: Any = resolve(f"{family}_{space}{sampling}")
    assert (found.space, found.sampling, found.crop) == (space, sampling, family == "ppl")
    assert (found.count, found.epsilon, found.extractor) == (50_000, 1e-4, "lpips-vgg16")


@pytest.mark.usefixtures("untouched_random_state")
def test_all_of_them_measure_what_they_say(tmp_path: Path) -> None:
    names = [f"{family}_{space}{sampling}@60" for family, space, sampling in COMBINATIONS]
    metrics = [metric(name, float64=True) for name in names]
    built = Plan.build(waves(Flat()), metrics, data=None)
    assert len(built.passes) == 4, "cropped or not, it is the same pass"
    found = measure(built, tmp_path)

    streams, epsilon = Streams(0, tuple(range(60))), 1e-4
    start, stop = (streams.normal(f"path-z{end}", (6,)).double() for end in (0, 1))
    t = streams.uniform("path-t").double()
    for family, space, sampling in COMBINATIONS:
        at = t[:, None] * (sampling == "full")
        if space == "w":
            slope = (stop - start)[:, 0]
        else:
            slope = (slerp(start, stop, at + epsilon) - slerp(start, stop, at))[:, 0] / epsilon
        # Of 4x4 means, four are lit; the crop has four of 2x2, half lit. Brightness 1 of -1..1 is a half of 0..1.
        wanted = path_length(4 * (slope / (2 if family == "ppl2" else 4)) ** 2)
        assert found[f"{family}_{space}{sampling}@60"] == pytest.approx(wanted, rel=1e-6)
