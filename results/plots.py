"""Figures of claims, from records."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from ganbench.records.record import Result
from ganbench.report.groups import half

COLOURS = ("#c2410c", "#0369a1")  # of the two sides of a comparison


def mixing(curves: Mapping[str, Sequence[Mapping[int, Result]]], path: Path) -> None:
    """Draw FID against the number of latents in an image, with 95 % intervals.

    Args:
        curves: label -> for each training seed, number of latents -> FID.
        path: of the PNG file.
    """
    figure = Figure(figsize=(5, 3.4), dpi=150, layout="constrained")
    axes = figure.subplots()
    for colour, (label, of_seeds) in zip(COLOURS, curves.items(), strict=True):
        for index, points in enumerate(of_seeds):
            values = [result.value for result in points.values()]
            errors = [half(result.interval) or 0.0 for result in points.values()]
            name = label if index == 0 else None  # seeds share a colour and a line of the legend
            axes.errorbar([*points], values, errors, color=colour, marker="o", markersize=4, capsize=3, label=name)
    axes.set_xlabel("latents in one image")
    axes.set_ylabel("FID, 5,000 samples (lower is better)")
    axes.set_xticks(sorted({count for of_seeds in curves.values() for points in of_seeds for count in points}))
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(title="style mixing in training, a curve for each seed")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Software": None})
