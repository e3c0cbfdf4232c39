"""Ours against a named alternative in the same run, and a bound that something keeps; ``conftest.py`` shows both.

A benchmark calls ``compare`` or ``bound``. One that times by itself writes ``times_as_fast_as_NAME`` into its
``extra_info``, which is shown, too.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata
from statistics import median
from typing import Any

from pytest_benchmark.fixture import BenchmarkFixture

MIB = 2**20
RESULTS = "results"  # the key in ``extra_info``


@dataclass(frozen=True)
class Result:
    """A line of the table, in words.

    Attributes:
        what: what was done, with its size.
        ours: what it took here, with the unit.
        against: the alternative and its version, or the bound.
        result: the ratio, or how much of the bound is used.
        spread: least and greatest result of the rounds.
    """

    what: str
    ours: str
    against: str
    result: str
    spread: str = ""


def seconds(function: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the time that a call takes."""
    started = clock()
    function()
    return clock() - started


def compare(
    benchmark: BenchmarkFixture,
    what: str,
    ours: Callable[[], Any],
    alternative: str,
    theirs: Callable[[], Any],
    *,
    rounds: int = 5,
    clock: Callable[[], float] = time.perf_counter,
) -> tuple[Any, Any]:
    """Take both in turn, note the median of the rounds' ratios, and return what both made.

    A round takes ours and theirs one right after the other, as the load of a shared machine changes over minutes.

    Args:
        alternative: its name; the version is added where that is a package.
        clock: ``time.process_time`` counts the CPU time of all threads, which a loaded machine changes little.
    """
    made = ours(), theirs()  # warms up
    pairs = []
    benchmark.pedantic(
        lambda: pairs.append((seconds(ours, clock), seconds(theirs, clock))), rounds=rounds, warmup_rounds=0
    )
    ratios = [theirs / ours for ours, theirs in pairs]
    spread = f"{min(ratios):.3g} to {max(ratios):.3g}"
    took = shown_seconds(median(ours for ours, _ in pairs))
    note(benchmark, Result(what, took, versioned(alternative), f"{median(ratios):.3g} times as fast", spread))
    return made


def bound(
    benchmark: BenchmarkFixture, what: str, values: list[float], most: float, shown: Callable[[float], str]
) -> None:
    """Note the median of some values beside the most that it may be, and hold it to that."""
    middle = median(values)
    spread = f"{shown(min(values))} to {shown(max(values))}" if len(values) > 1 else ""
    share = f"{middle / most:.0%} of that" if middle > 0 else "less than nothing"
    note(benchmark, Result(what, shown(middle), f"at most {shown(most)}", share, spread))
    assert middle <= most


def note(benchmark: BenchmarkFixture, result: Result) -> None:
    """Keep a result for the table, and in the file of ``--benchmark-json``."""
    benchmark.extra_info.setdefault(RESULTS, []).append(asdict(result))


def results_of(name: str, median_s: float, least_s: float, most_s: float, info: Mapping[str, Any]) -> list[Result]:
    """Return the results that a benchmark noted, or those of its ``times_as_fast_as_NAME``."""
    noted = [Result(**result) for result in info.get(RESULTS, [])]
    prefix = "times_as_fast_as_"
    for key, ratio in info.items():
        if key.startswith(prefix):
            spread = f"{ratio * median_s / most_s:.3g} to {ratio * median_s / least_s:.3g}"
            against = versioned(key.removeprefix(prefix).replace("_", "-"))
            noted.append(Result(name, shown_seconds(median_s), against, f"{ratio:.3g} times as fast", spread))
    return noted


def versioned(name: str) -> str:
    """Return the name of an alternative, with its version where a package is called so."""
    try:
        return f"{name} {metadata.version(name)}"
    except (metadata.PackageNotFoundError, ValueError):
        return name.replace("-", " ")


def shown_seconds(value: float) -> str:
    """Return a time with its unit: ``0.31 s``, ``4.2 ms``."""
    return f"{value:.3g} s" if value >= 0.1 else f"{1000 * value:.3g} ms"


def child(code: str, *arguments: str) -> dict[str, float]:
    """Run Python code in a fresh process, and return ``cpu_s``, and ``mib`` and ``children_mib``.

    The CPU time includes that of its children. Memory is the peak of the resident set, that of the children the one of
    the largest child.
    """
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, code, *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


_MEASURED = """
import json, os, resource, sys
code = sys.argv.pop(1)
exec(compile(code, "measured", "exec"), {"__name__": "measured"})
uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
cpu = sum(use.ru_utime + use.ru_stime for use in uses)
mib, children_mib = (use.ru_maxrss / 1024 for use in uses)
if os.path.exists("/proc/self/status"):  # elsewhere, and for children, what this process was when it forked counts, too
    with open("/proc/self/status") as status:
        mib = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
print()
print(json.dumps({"cpu_s": cpu, "mib": mib, "children_mib": children_mib}))
"""

shown_mib = partial("{:,.0f} MiB".format)
