"""Plots of a training run: what is in them, and what they leave out."""

import io
import math

from PIL import Image

from ganbench.cli.ticks import line, main_losses
from ganbench.pictures import training


def test_a_line_shows_what_the_phases_minimise_and_no_lazy_penalty() -> None:
    losses = {"Gmain/total": 0.5, "Gmain/scores_fake": 3.0, "Dmain/total": 1.25, "Dreg/total": 9.0}
    assert main_losses(losses) == {"Gmain": 0.5, "Dmain": 1.25}
    assert main_losses({"entropy": 2.0}) == {"entropy": 2.0}
    tick = {"kimg": 4.0, "sec_per_kimg": 1.5, "eta": 60.0, "losses": losses}
    assert line(tick) == "kimg 4.0  s/kimg 1.50  left 0:01:00  Gmain 0.5  Dmain 1.25"


def test_curves_are_thinned_to_means_and_skip_what_is_no_number() -> None:
    rows = [(n, {"a": float(n), "text": "x"}) for n in range(2 * training.POINTS)]
    (kimg, values) = training._curves(rows)["a"]
    assert (len(kimg), kimg[-1], values[0]) == (training.POINTS, 2 * training.POINTS - 1, 0.5)
    assert training._curves([(1.0, {"a": math.nan}), (None, {"a": 1.0}), (2.0, None)]) == {}
    assert training._curves([(1.0, {"a": 5.0}), (1.0, {"a": 6.0})]) == {"a": ([1.0], [6.0])}


def test_plots_are_images_with_a_panel_each() -> None:
    entries = [{"kimg": n, "losses": {"G/total": n, "D/total": 1, "D/scores_$": 2}} for n in range(3)]
    sizes = []
    for content in (training.losses(entries), training.metrics([{"kimg": 1.0, "fid@1k": 3.0}])):
        assert content is not None
        with Image.open(io.BytesIO(content)) as image:
            sizes.append(image.size)
    assert sizes == [(800, 260), (400, 260)]
    assert training.losses([]) is None
    assert training.metrics([{"kimg": 1.0, "missing": {"fid@1k": "why"}}]) is None
