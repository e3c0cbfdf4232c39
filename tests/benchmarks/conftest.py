"""What the benchmarks found, in a table at the end of the run, and in the file that ``--performance`` names."""

import os
import platform
import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from ganbench.engine.shards import cores
from tests.benchmarks.comparing import Result, results_of
from tests.benchmarks.performance import Line, Machine, updated

FOUND = pytest.StashKey[list[Result]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--performance", metavar="FILE", help="write the table of the benchmarks into this file")


@pytest.fixture(autouse=True)
def collected(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep what the benchmark noted."""
    benchmark = request.getfixturevalue("benchmark") if "benchmark" in request.fixturenames else None
    yield
    if benchmark is not None and benchmark.stats:
        stats = benchmark.stats.stats
        name = request.node.name.removeprefix("test_").replace("_", " ")
        found = results_of(name, stats.median, stats.min, stats.max, benchmark.extra_info)
        request.config.stash.setdefault(FOUND, []).extend(found)
        write(request.config, found)


def write(config: pytest.Config, found: list[Result]) -> None:
    """Write what a benchmark found into the table, at once, so that an interruption loses no more than its own."""
    if file := config.getoption("--performance", None):
        path, today = Path(file), datetime.now(UTC).date().isoformat()
        lines = [Line(it.what, it.ours, it.against, it.result, it.spread, today) for it in found]
        path.write_text(updated(path.read_text() if path.exists() else "", machine(), lines))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table."""
    found = config.stash.get(FOUND, [])
    if not found:
        return
    terminalreporter.section("ours against a named alternative")
    for it in found:
        spread = f" ({it.spread})" if it.spread else ""
        terminalreporter.write_line(f"{it.what}: {it.ours}; against {it.against}: {it.result}{spread}")


def machine() -> Machine:
    """Return where the benchmarks ran."""
    cpu = platform.processor() or platform.machine()
    if (info := Path("/proc/cpuinfo")).exists():
        names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0] if names else cpu
    threads = os.environ.get("OMP_NUM_THREADS", str(torch.get_num_threads()))
    system = f"{platform.system()}, Python {platform.python_version()}, torch {torch.__version__}"
    return Machine(f"{cpu}, {cores()} cores, {threads} threads; {system}", shlex.join(["pytest", *sys.argv[1:]]))
