"""Write the GPU section of ``results/performance.md``: arithmetic of the kernels, and what ``results/gpu.json`` holds.

``python -m results.performance_gpu`` from the root of a checkout. Other sections of the file stay as they are.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from baselines.stylegan3.filters import Progression
from baselines.stylegan3.layers import LayerDesign
from baselines.stylegan3.networks import layer_design
from baselines.stylegan3.recipes import R, T

BEGIN, END = "<!-- gpu: written by results/performance_gpu.py -->", "<!-- end of gpu -->"
FOLDER = Path(__file__).parent
MODELS = {"StyleGAN3-T": T, "StyleGAN3-R": R}


def designs(model: Mapping[str, Any], resolution: int) -> list[LayerDesign]:
    """Return the layers that have a filtered leaky ReLU."""
    bases = {name: model[name] for name in ("channel_base", "channel_max")}
    layers = {name: model[name] for name in ("conv_kernel", "use_radial_filters") if name in model}
    progression = Progression.design(resolution, 3, **bases)
    return [layer_design(progression, i, **layers) for i in range(len(progression.sizes) - 1)]


def samples(d: LayerDesign) -> tuple[int, int, int]:
    """Return how many samples a channel has before the nonlinearity's upsampling, after it, and in the output."""
    size = d.in_size + d.kernel_size - 1
    fine = size * d.up_factor + d.padding[0] + d.padding[1] - d.up_taps + 1
    return size**2, fine**2, d.out_size**2


def fused_bytes(d: LayerDesign) -> int:
    """Return what the fused kernel must move for an image: its input once, its output once."""
    before, _, after = samples(d)
    return (before + after) * d.out_channels * (2 if d.use_fp16 else 4)


def plain_bytes(d: LayerDesign) -> int:
    """Return what separate operators move: each reads its input and writes its output."""
    before, fine, after = samples(d)
    between_up, between_down = round((before * fine) ** 0.5), round((fine * after) ** 0.5)
    up = before + 2 * between_up + fine
    down = fine + after + (0 if d.down_radial else 2 * between_down)
    moved: int = (up + 4 * fine + down) * d.out_channels * (2 if d.use_fp16 else 4)
    return moved


def filter_flops(d: LayerDesign) -> int:
    """Return multiplications and additions of the filters for an image, without inserted zeros."""
    before, fine, after = samples(d)
    between_up, between_down = round((before * fine) ** 0.5), round((fine * after) ** 0.5)
    up = (between_up + fine) * d.up_taps // d.up_factor
    down = after * d.down_taps**2 if d.down_radial else (between_down + after) * d.down_taps
    flops: int = 2 * (up + down) * d.out_channels
    return flops


def convolution_flops(d: LayerDesign) -> int:
    """Return multiplications and additions of the layer's convolution for an image."""
    size = d.in_size + d.kernel_size - 1
    return 2 * size**2 * d.kernel_size**2 * d.in_channels * d.out_channels


def arithmetic() -> list[str]:
    """Return the table of FLOPs and bytes of a forward pass of all layers, for an image."""
    rows = []
    for name, model in MODELS.items():
        for resolution in (256, 512, 1024):
            bases = {**model, "channel_base": model["channel_base"] // (2 if resolution == 256 else 1)}
            layers = designs(bases, resolution)
            plain, fused = (sum(map(count, layers)) for count in (plain_bytes, fused_bytes))
            convolutions, filters = (sum(map(count, layers)) for count in (convolution_flops, filter_flops))
            work = [f"{convolutions / 1e9:.0f}", f"{filters / 1e9:.1f}", f"{plain / 1e9:.1f}", f"{fused / 1e9:.2f}"]
            rows.append([f"{name} {resolution}", *work, f"{fused / 3.35e9:.2f}", f"{fused / 4.8e9:.2f}"])
    heads = ["generator", "GFLOP convolutions", "GFLOP filters", "GB separate", "GB fused", "ms H100", "ms H200"]
    return table(heads, rows)


def table(heads: list[str], rows: Iterable[list[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    return [f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows)]


def shown(value: object) -> str:
    """Return a figure with three digits, or a dash where there is none."""
    if isinstance(value, float):
        return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
    return "-" if value is None else str(value)


def entries(part: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the figures of a part of the measurement, without remarks."""
    return {name: row for name, row in part.items() if isinstance(row, dict)}


def kernels(part: Mapping[str, Any], copy: float | None) -> list[str]:
    """Return the table of kernels: time against the authors' and plain operators, rate against that of a copy."""
    heads = ["operator", "input", "ms", "official", "plain", "gradient ms", "official", "GB/s", "of a copy", "error"]
    heads += ["official", "plain"]
    times = ("ms", "official_ms", "plain_ms", "gradient_ms", "official_gradient_ms", "GB/s")
    rows = []
    for name, row in entries(part).items():
        share = f"{row['GB/s'] / copy:.0%}" if copy and "GB/s" in row else "-"
        figures = [shown(row.get(key)) for key in times]
        errors = [f"{row[key]:.1e}" if key in row else "-" for key in ("error", "official_error", "plain_error")]
        rows.append([name, "x".join(map(str, row.get("shape", []))), *figures, share, *errors])
    return table(heads, rows)


def generators(part: Mapping[str, Any]) -> list[str]:
    """Return the table of images per second and peak memory."""
    heads = ["generator", "images/s", "official", "ratio", "without TF32", "without kernels", "GB at batch", "official"]
    rows = []
    for name, row in entries(part).items():
        ours, official, exact, plain = (row.get(k, {}) for k in ("ours", "official", "ours_exact_float32", "plain"))
        ratio = ours["images/s"] / official["images/s"] if ours and official else None
        memory = f"{ours['peak_MB'] / 1e3:.1f} at {ours['batch']}" if ours else "-"
        other = f"{official['peak_MB'] / 1e3:.1f}" if official else "-"
        rates = [shown(found.get("images/s")) for found in (ours, official)]
        others = [shown(found.get("images/s")) for found in (exact, plain)]
        rows.append([name, *rates, shown(ratio), *others, memory, other])
    return table(heads, rows)


def graphs(part: Mapping[str, Any]) -> list[str]:
    """Return the table of what replaying a CUDA graph gives."""
    keys = ("ours_batch4", "ours_graph_batch4", "ours", "ours_graph")
    rows = [
        [name, *(shown(row.get(key, {}).get("images/s")) for key in keys)]
        for name, row in entries(part).items()
        if "ours_graph" in row
    ]
    return table(["images/s", "batch of 4", "as a graph", "whole batch", "as a graph"], rows)


def training(part: Mapping[str, Any]) -> list[str]:
    """Return the table of a training step's phases, in milliseconds and GiB at the peak."""
    rows = []
    for name, row in entries(part).items():
        found = {(line["program"], line["phase"]): line for line in row["lines"]}
        for phase in dict.fromkeys(line["phase"] for line in row["lines"]):
            ours, official = (found.get((program, phase), {}) for program in ("ganbench", "official"))
            figures = [shown(each.get(key)) for key in ("ms", "peak_gib") for each in (ours, official)]
            rows.append([name, phase, *figures])
    return table(["model", "phase", "ms", "official", "GiB", "official"], rows)


def extractors(part: Mapping[str, Any]) -> list[str]:
    """Return the table of images per second of the extractors."""
    rows = [[name, shown(row.get("images/s")), shown(row.get("images/s_tf32"))] for name, row in entries(part).items()]
    return table(["extractor", "images/s", "with TF32"], rows)


def runs(part: Mapping[str, Any]) -> list[str]:
    """Return the list of whole runs."""
    return [
        f"- `ganbench run --model {name.split()[0]} --metrics {name.split()[1]} --device cuda`: "
        + f"{row['seconds']:.1f} s, "
        + ", ".join(f"{key} {shown(found['value'])}" for key, found in row["values"].items())
        for name, row in entries(part).items()
        if "seconds" in row
    ]


def wide_runs(part: Mapping[str, Any]) -> list[str]:
    """Return the list of runs of wide generators with random weights, whose numbers mean nothing."""
    return [
        f"- {name}: {row['samples']} samples and {row['reals']} reals in {row['seconds']:.1f} s, "
        f"{shown(row['images/s'])} images/s"
        for name, row in entries(part).items()
        if "seconds" in row
    ]


def precision(part: Mapping[str, Any]) -> list[str]:
    """Return the table of every metric in float32, with TF32 and in float16."""
    rows = []
    for model in dict.fromkeys(name.split()[0] for name in entries(part)):
        found = {kind: part.get(f"{model} {kind}", {}).get("values", {}) for kind in ("float32", "tf32", "fp16")}
        for key, exact in found["float32"].items():
            others = [found[kind].get(key) for kind in ("tf32", "fp16")]
            changes = ["-" if other is None else f"{other - exact:+.2g}" for other in others]
            rows.append([model, key, f"{exact:.6g}", *changes])
    return table(["model", "metric", "float32", "change by TF32", "change by float16"], rows)


def measured(found: Mapping[str, Any]) -> list[str]:
    """Return the lines about one measurement."""
    ceilings, copy = found.get("ceilings", {}), found.get("ceilings", {}).get("copy_GB/s")
    lines = [
        f"Measured on one **{found['device']}** with PyTorch {found['torch']} and Triton {found['triton']}, "
        f"{found['date']}; a copy moves {shown(copy)} GB/s, a float16 matrix product makes "
        f'{shown(ceilings.get("matmul_fp16_TFLOP/s"))} TFLOP/s. "Official" is the authors\' code with its CUDA '
        "extensions, in the same process.",
    ]
    parts: dict[str, tuple[str, Callable[[Any], list[str]]]] = {
        "Tests on CUDA": ("tests", lambda part: [f"- {line}" for line in part]),
        "Kernels": ("kernels", lambda part: kernels(part, copy)),
        "Generators, full channels, random weights": ("generators", generators),
        "CUDA graphs": ("graphs", graphs),
        "A training step, full channels, batch of 32 in two parts where nothing else is said": ("training", training),
        "Extractors, random weights": ("extractors", extractors),
        "Whole runs": ("runs", runs),
        "`ganbench.measure` of wide generators and Inception, random weights": ("wide_runs", wide_runs),
        "TF32 and float16 on each metric": ("precision", precision),
    }
    known = {"graphs": found.get("generators"), **found}
    for title, (key, lines_of) in parts.items():
        if known.get(key):
            lines += ["", f"### {title}", "", *lines_of(known[key])]
    return lines + [line for remark in found.get("remarks", ()) for line in ("", remark)]


def section(found: Mapping[str, Any] | None) -> str:
    """Return the section, with its markers."""
    lines = [
        BEGIN,
        "## On a GPU",
        "",
        "What a forward pass of StyleGAN3 costs for one image, in its filtered leaky ReLUs: as separate operators,",
        "each reading its input and writing its output, and fused, where input and output cross the memory bus once.",
        "float16 in the highest resolutions as published; ms: the fused bytes at 3.35 TB/s (H100) and 4.8 TB/s (H200).",
        "",
        *arithmetic(),
        "",
        *(["No GPU could be had: the arithmetic is all there is."] if found is None else measured(found)),
        END,
    ]
    return "\n".join(lines) + "\n"


def placed(text: str, new: str) -> str:
    """Return ``text`` with its GPU section replaced, or with a new one at the end."""
    if BEGIN not in text:
        return f"{text.rstrip()}\n\n{new}" if text.strip() else f"# Performance\n\n{new}"
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    return head + new.rstrip() + tail


def main() -> None:
    """Write the section into ``results/performance.md``."""
    page, figures = FOLDER / "performance.md", FOLDER / "gpu.json"
    found = json.loads(figures.read_text()) if figures.exists() else None
    page.write_text(placed(page.read_text() if page.exists() else "", section(found)))


if __name__ == "__main__":
    main()
