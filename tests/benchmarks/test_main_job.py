"""The main job in a process of its own: its memory, and what it takes to answer again when all is in the cache.

At 2,000, 500 and 500 samples, and, as ``slow``, as the README has it: 50,000, 5,000 and 2,000, which take minutes when
the cache is empty.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

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
METRICS = ("fid@2k,ppl2_wend@500,eqt_int@500", pytest.param("fid50k,ppl,eqt", marks=pytest.mark.slow))


class Job(NamedTuple):
    """A job that has run once.

    Attributes:
        name: of the command.
        mib: peak memory with an empty cache.
        again: arguments of ``child`` that issue it again.
        records: folder of its records.
    """

    name: str
    mib: float
    again: tuple[str, ...]
    records: Path


@pytest.fixture(scope="module", params=METRICS)
def job(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Job:
    """Return a job that has run with an empty cache."""
    cache, results = (tmp_path_factory.mktemp(name) for name in ("cache", "results"))
    code = f"import os; os.environ['GANBENCH_CACHE'] = {str(cache)!r}\n{RUN}"
    command = ["run", "--model", "stylegan3", "--metrics", request.param]
    again = (code, *command, "--results-dir", str(results))
    return Job(f"`{' '.join(command[1:])}`", child(*again)["mib"], again, results / "records")


def test_warm_answer(benchmark: BenchmarkFixture, job: Job) -> None:
    taken: list[float] = []
    benchmark.pedantic(lambda: taken.append(child(*job.again)["cpu_s"]), rounds=3, warmup_rounds=0)
    what = f"{job.name} issued again, CPU time with the start of Python"
    bound(benchmark, what, taken, 3, shown_seconds)
    found: list[Any] = [json.loads(path.read_text())["results"] for path in job.records.iterdir()]
    assert len(found) == 4
    assert all(each == found[0] for each in found)


def test_peak_memory(benchmark: BenchmarkFixture, job: Job) -> None:
    benchmark.pedantic(lambda: None, rounds=1)
    bound(benchmark, f"memory of {job.name}", [job.mib], 1536, shown_mib)


def test_importing_torch(benchmark: BenchmarkFixture) -> None:
    taken: list[float] = []
    benchmark.pedantic(lambda: taken.append(child("import torch")["cpu_s"]), rounds=3, warmup_rounds=0)
    bound(benchmark, "of that, `import torch`, CPU time", taken, 3, shown_seconds)
