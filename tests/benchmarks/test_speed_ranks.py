"""Two processes of one thread each against one process of two threads, on the same samples of the embedded StyleGAN3.

Issued again, the same command only starts up and reads its cache; the difference is what the samples take. Both are
told: processes that start once a run cost little of a long one.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ganbench.engine.shards import cores
from tests.benchmarks.comparing import Result, note, shown_seconds

SHARDS, ROUNDS, LEAST = 4, 3, 0.9
METRIC = f"fid@{1024 * SHARDS}"


def issued(folder: Path, processes: int) -> float:
    """Return the seconds that the job takes in a cache of its own."""
    environment = {
        **os.environ,
        "GANBENCH_CACHE": str(folder),
        "OMP_NUM_THREADS": str(2 // processes),
    }
    command = ["run", "--model", "stylegan3", "--metrics", METRIC, "--batch-size", "32", "--nproc", str(processes)]
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "ganbench", *command, "--results-dir", str(folder)],
        check=True,
        env=environment,
        capture_output=True,
    )
    return time.perf_counter() - started


class Round(NamedTuple):
    """Seconds of one round.

    Attributes:
        one, two: of one process and of two, with an empty cache.
        one_again, two_again: the same commands issued again.
    """

    one: float
    two: float
    one_again: float
    two_again: float


@pytest.mark.skipif(cores() != 2, reason="one process would use more threads than two")
def test_two_processes_of_half_the_threads(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    rounds: list[Round] = []

    def both() -> None:
        folders = [(tmp_path / f"{len(rounds)}-{processes}", processes) for processes in (1, 2)]
        rounds.append(Round(*(issued(*each) for each in [*folders, *folders])))

    benchmark.pedantic(both, rounds=ROUNDS, warmup_rounds=0)
    work = [(it.one - it.one_again, it.two - it.two_again) for it in rounds]
    what = f"`{METRIC}` of StyleGAN3 by two processes of one thread each"
    told(benchmark, f"{what}, with their start", [(it.one, it.two) for it in rounds])
    told(benchmark, "the start of these, by issuing the command again", [it[2:] for it in rounds])
    told(benchmark, f"{what}, without their start", work)
    assert median(one / two for one, two in work) >= LEAST


def told(benchmark: BenchmarkFixture, what: str, pairs: Sequence[tuple[float, float]]) -> None:
    """Note the ratio of seconds of one process and of two."""
    ratios = [one / two for one, two in pairs]
    took = shown_seconds(median(two for _, two in pairs))
    spread = f"{min(ratios):.3g} to {max(ratios):.3g}"
    note(benchmark, Result(what, took, "one process of two threads", f"{median(ratios):.3g} times as fast", spread))
