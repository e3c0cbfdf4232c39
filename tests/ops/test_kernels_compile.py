"""The kernels compile for a GPU, by Triton's own compiler and assembler, without a GPU."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton", reason="Triton is not installed")

ROOT = Path(__file__).resolve().parents[2]
SHARED_MEMORY = 232_448  # bytes that a program may use on an H100

PROGRAM = """
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from baselines.ops import triton_bands, triton_upfirdn

def shared(kernel, pointers, constants, warps, stages):
    kinds = {
        name: "constexpr" if name in constants
        else pointers[name] if name in pointers
        else "fp32" if name in ("scale", "gain", "slope", "clamp")
        else "i32"
        for name in kernel.arg_names
    }
    indexed = {(kernel.arg_names.index(name),): value for name, value in constants.items()}
    source = ASTSource(fn=kernel, signature=kinds, constexprs=indexed)
    options = {"num_warps": warps, "num_stages": stages}
    print(triton.compile(source, target=GPUTarget("cuda", 90, 32), options=options).metadata.shared)

names = ["v_ptr", "x_ptr", "y_ptr", "v_by", "v_bx", "x_by", "x_bx", "g_by", "g_bx"]
filters = dict(v_factor=2, v_taps=12, v_terms=1, x_factor=2, x_taps=12, x_terms=1, g_factor=2)
tile = dict(COARSE=triton_bands.COARSE, FINE=triton_bands.FINE)
for masked, terms in ((False, 4), (True, 1)):
    constants = {**filters, **tile, "g_terms": terms, "masked": masked, "stacked": True, "precision": "ieee"}
    pointers = dict.fromkeys(names, "*fp16")
    shared(triton_bands.resample, pointers, constants, triton_bands.WARPS, triton_bands.STAGES)
taps = dict(taps_y=4, taps_x=4, up_y=1, up_x=1, down_y=2, down_x=2, flip=False)
blocks = dict(ROWS=triton_upfirdn.ROWS, COLUMNS=triton_upfirdn.COLUMNS)
shared(triton_upfirdn.resample, {"x_ptr": "*fp16", "f_ptr": "*fp32", "y_ptr": "*fp16"}, {**taps, **blocks}, 4, 2)
"""


@pytest.mark.slow
def test_kernels_compile_and_fit_the_chip(tmp_path: Path) -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    sizes = [int(line) for line in done.stdout.split()]
    assert len(sizes) == 3
    assert max(sizes) < SHARED_MEMORY
