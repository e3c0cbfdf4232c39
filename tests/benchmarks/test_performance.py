"""The table of the benchmarks: what is measured again replaces what was, and the text around it stays."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.comparing import Result, results_of
from tests.benchmarks.performance import BEGIN, END, Line, Machine, lines_of, updated

HERE = Machine("some CPU, 4 cores, 4 threads; Linux", "pytest tests/benchmarks")
FID = Line("FID, 2048", "0.3 s", "scipy 1.15", "26 times as fast", "24 to 27", "2026-11-01")
IS = Line("IS", "1 s", "torch-fidelity 0.3.0", "2 times as fast", "", "2026-11-01")


def table(text: str) -> list[Line]:
    return lines_of(text.partition(BEGIN)[2].partition(END)[0])


def test_lines_measured_again_are_replaced_and_the_text_around_stays():
    text = updated(f"# Performance\n\n{BEGIN}\n{END}\n\nGPU\n", HERE, [FID, IS])
    assert table(text) == [FID, replace(IS, spread="-")]
    newer = replace(FID, against="scipy 1.16", result="30 times as fast", date="2026-11-02")
    again = updated(text, HERE, [newer])
    assert table(again) == [newer, replace(IS, spread="-")]
    assert again.startswith("# Performance\n")
    assert again.endswith("\n\nGPU\n")


def test_lines_of_another_machine_go():
    text = updated("", HERE, [FID, IS])
    assert table(updated(text, replace(HERE, name="another CPU, 4 cores, 4 threads; Linux"), [FID])) == [FID]


def test_a_benchmark_may_name_its_alternative_in_extra_info():
    (found,) = results_of("frechet", 2.0, 1.0, 4.0, {"times_as_fast_as_sqrtm": 8.0, "cores": 2})
    assert found == Result("frechet", "2 s", "sqrtm", "8 times as fast", "4 to 16")


def test_an_interrupted_run_keeps_what_it_found(tmp_path: Path):
    (tmp_path / "conftest.py").write_text("from tests.benchmarks.conftest import *\n")
    (tmp_path / "test_two.py").write_text(
        "from tests.benchmarks.comparing import compare\n"
        "def test_one(benchmark):\n"
        "    compare(benchmark, 'sums', lambda: sum(range(9)), 'a loop', lambda: sum(range(99)), rounds=1)\n"
        "def test_two(benchmark):\n"
        "    raise KeyboardInterrupt\n"
    )
    file = tmp_path / "performance.md"
    # The warning of an unused fixture is an error here, as in all tests, and ends the session early.
    words = [sys.executable, "-m", "pytest", "-o", "addopts=", "-p", "no:cacheprovider", "-W", "error", str(tmp_path)]
    root, options = Path(__file__).parents[2], [f"--rootdir={tmp_path}", "--performance", str(file)]
    alone = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}  # no worker of xdist
    done = subprocess.run([*words, *options], cwd=root, env=alone, capture_output=True, check=False)
    assert done.returncode
    assert [(line.what, line.against) for line in table(file.read_text())] == [("sums", "a loop")]
