"""The main job in a process of its own: its memory, and what it takes to answer again when all is in the cache.

At 2,000, 500 and 500 samples in place of 50,000 each: issued again, the job reads what it kept of every shard, and
its intervals rest on two groups of shards in place of twenty.
"""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from tests.benchmarks.comparing import bound, child, shown_mib, shown_seconds

RUN = """
import sys
from ganbench.cli import main
sys.argv = ["ganbench", *sys.argv[1:]]
try:
    main()
except SystemExit as exit:
    assert not exit.code
"""
METRICS = "fid@2k,ppl2_wend@500,eqt_int@500"


@pytest.fixture(scope="module")
def cold(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, float], list[str]]:
    """Return what the job took with an empty cache, and its arguments."""
    cache, results = (str(tmp_path_factory.mktemp(name)) for name in ("cache", "results"))
    code = f"import os; os.environ['GANBENCH_CACHE'] = {cache!r}\n{RUN}"
    arguments = ["run", "--model", "stylegan3", "--metrics", METRICS, "--results-dir", results]
    return child(code, *arguments), [code, *arguments]


def test_warm_answer(benchmark: BenchmarkFixture, cold: tuple[dict[str, float], list[str]]) -> None:
    taken: list[float] = []
    benchmark.pedantic(lambda: taken.append(child(*cold[1])["cpu_s"]), rounds=3, warmup_rounds=0)
    what = f"`--model stylegan3 --metrics {METRICS}` issued again, CPU time with the start of Python"
    bound(benchmark, what, taken, 3, shown_seconds)


def test_importing_torch(benchmark: BenchmarkFixture) -> None:
    taken: list[float] = []
    benchmark.pedantic(lambda: taken.append(child("import torch")["cpu_s"]), rounds=3, warmup_rounds=0)
    bound(benchmark, "of that, `import torch`, CPU time", taken, 3, shown_seconds)


def test_peak_memory(benchmark: BenchmarkFixture, cold: tuple[dict[str, float], list[str]]) -> None:
    benchmark.pedantic(lambda: None, rounds=1)
    bound(benchmark, f"memory of `--model stylegan3 --metrics {METRICS}`", [cold[0]["mib"]], 1536, shown_mib)
