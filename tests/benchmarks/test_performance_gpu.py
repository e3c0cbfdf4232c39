"""The GPU section of ``results/performance.md``: its arithmetic, its tables, and its place in the file."""

import runpy
from pathlib import Path

import pytest

from baselines.stylegan3.layers import SynthesisLayer

ROOT = Path(__file__).resolve().parents[2]
page = runpy.run_path(str(ROOT / "results" / "performance_gpu.py"))

FOUND = {
    **{"device": "A GPU", "torch": "2.11", "triton": "3.6", "date": "2026-11-26", "tests": ["3 passed"]},
    "ceilings": {"copy_GB/s": 4000.0, "matmul_fp16_TFLOP/s": 700.0},
    "kernels": {"T layer 10": {"ms": 0.5, "official_ms": 1.5, "GB/s": 1000.0, "shape": [1, 2, 3, 4], "error": 1e-4}},
    "generators": {
        "official_is": "built",
        "stylegan3-t 256": {
            "ours": {"images/s": 90.0, "peak_MB": 2000.0, "batch": 8},
            "official": {"images/s": 60.0, "peak_MB": 3000.0, "batch": 8},
            "ours_graph": {"images/s": 95.0},
        },
    },
    "training": {
        "stylegan2 256": {
            "lines": [
                {"program": "ganbench", "phase": "Gmain", "ms": 5.0, "peak_gib": 1.0},
                {"program": "official", "phase": "Gmain", "ms": 6.0, "peak_gib": 2.0},
            ]
        }
    },
    "wide_runs": {"stylegan2 256": {"samples": 10, "reals": 20, "seconds": 2.0, "images/s": 15.0}},
    "remarks": ["What was seen."],
    "extractors": {"inception": {"images/s": 5000.0}, "peer": {"failed": "missing"}},
    "runs": {"stylegan3 fid50k": {"seconds": 12.3, "values": {"fid50k": {"value": 1.139}}}},
    "precision": {"stylegan3 float32": {"values": {"fid@5k": 1.5}}, "stylegan3 tf32": {"values": {"fid@5k": 1.75}}},
}


@pytest.mark.parametrize(("name", "fused", "plain"), [("StyleGAN3-T", 1.07, 21.8), ("StyleGAN3-R", 2.12, 39.3)])
def test_bytes_at_1024_pixels(name, fused, plain):
    layers = page["designs"](page["MODELS"][name], 1024)
    assert sum(map(page["fused_bytes"], layers)) / 1e9 == pytest.approx(fused, rel=0.01)
    assert sum(map(page["plain_bytes"], layers)) / 1e9 == pytest.approx(plain, rel=0.01)


def test_samples_are_those_of_the_operator():
    (layer,) = page["designs"](page["MODELS"]["StyleGAN3-T"], 256)[4:5]
    before, fine, after = page["samples"](layer)
    assert before == (layer.in_size + 2) ** 2
    assert after == layer.out_size**2 == ((fine**0.5 - layer.down_taps) // layer.down_factor + 1) ** 2
    assert SynthesisLayer(4, layer).design.out_size ** 2 == after


def test_every_figure_is_shown_beside_what_it_compares_with():
    text = page["section"](FOUND)
    assert "**A GPU** with PyTorch 2.11" in text
    for row in (
        "- 3 passed",
        "| T layer 10 | 1x2x3x4 | 0.5 | 1.5 | - | - | - | 1000 | 25% | 1.0e-04 | - | - |",
        "| stylegan3-t 256 | 90 | 60 | 1.5 | - | - | 2.0 at 8 | 3.0 |",
        "| stylegan3-t 256 | - | - | 90 | 95 |",
        "| stylegan2 256 | Gmain | 5 | 6 | 1 | 2 |",
        "- stylegan2 256: 10 samples and 20 reals in 2.0 s, 15 images/s",
        "What was seen.",
        "| peer | - | - |",
        "--metrics fid50k --device cuda`: 12.3 s, fid50k 1.14",
        "| stylegan3 | fid@5k | 1.5 | +0.25 | - |",
    ):
        assert row in text


def test_without_a_gpu_the_section_says_so():
    assert "No GPU could be had" in page["section"](None)


def test_other_sections_stay():
    placed, new = page["placed"], page["section"](None)
    assert placed("", new).startswith("# Performance")
    once = placed("# Performance\n\nother\n", new)
    assert once.startswith("# Performance\n\nother\n\n<!-- gpu")
    again = placed(once + "\nmore\n", page["section"](FOUND))
    assert again.count("## On a GPU") == 1
    assert again.endswith("more\n")
    assert "No GPU" not in again
