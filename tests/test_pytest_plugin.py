import subprocess
import sys
from pathlib import Path

import pytest

from ganbench.records.store import read
from tests.records.make import record, result
from tests.records.test_difference import known

pytest_plugins = "pytester"

A_TEST = """
def test_quality(ganbench_gate):
    ganbench_gate({record!r}, "fid=2%", baseline="baseline.json")
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Return a project with a baseline, and records of two seeds, of which one is worse for certain."""
    for name, value, error in (("baseline", 3.1, 0.05), ("chance", 3.2, 0.05), ("worse", 4.0, 0.05)):
        one = record(known(value, error), seed=0 if name == "baseline" else 1, at=value != 3.1)
        pytester.path.joinpath(f"{name}.json").write_text(one.to_json())
    return pytester


def test_a_regression_fails_the_test_and_says_why(project: pytest.Pytester) -> None:
    project.makepyfile(A_TEST.format(record="worse.json"))
    done = project.runpytest()
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*fid50k*exceeded, and the interval excludes 0*REGRESSION", "*of seed 1*"])
    assert "Traceback" not in done.stdout.str()


def test_what_chance_explains_passes(project: pytest.Pytester) -> None:
    project.makepyfile(A_TEST.format(record="chance.json"))
    project.runpytest().assert_outcomes(passed=1)


@pytest.mark.parametrize("name", ["none.json", "baseline.json", "."])
def test_what_cannot_be_judged_fails(project: pytest.Pytester, name: str) -> None:
    project.makepyfile(A_TEST.format(record=name))
    done = project.runpytest()
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*cannot judge: expected a record*"])


def test_numbers_that_do_not_compare_fail(project: pytest.Pytester) -> None:
    project.path.joinpath("other.json").write_text(record(result(count=500), at=2).to_json())
    project.makepyfile(A_TEST.format(record="other.json"))
    done = project.runpytest()
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*cannot judge: expected two numbers measured alike*"])


def test_baselines_are_replaced_on_request(project: pytest.Pytester) -> None:
    project.makepyfile(A_TEST.format(record="worse.json"))
    project.runpytest("--ganbench-update-baselines").assert_outcomes(passed=1)
    assert read(project.path / "baseline.json") == read(project.path / "worse.json")
    project.path.joinpath("baseline.json").unlink()
    project.runpytest("--ganbench-update-baselines").assert_outcomes(passed=1)
    assert project.path.joinpath("baseline.json").exists()


def test_starting_pytest_imports_nothing_of_ganbench_but_the_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # other plugins may import torch
    code = """
import sys, pytest
pytest.main(["-p", "ganbench.pytest_plugin", "--co", "-q"])
print(sorted(name for name in sys.modules if name.split(".")[0] in ("ganbench", "torch", "numpy")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "['ganbench', 'ganbench.pytest_plugin']"
