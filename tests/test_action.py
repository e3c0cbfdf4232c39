"""The GitHub Action in ``.ci/action``."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import ganbench

ACTION = Path(__file__).resolve().parents[1] / ".ci" / "action"


def gate(tmp_path: Path, path: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Return a run of the action's script, with ``path`` in front of the paths of programs."""
    environment = {
        **os.environ,
        "PATH": f"{path}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_ACTIONS": "true",
        "TMPDIR": str(tmp_path),
        **variables,
    }
    return subprocess.run(
        [ACTION / "gate.sh"], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
    )


def test_it_measures_and_judges(tmp_path: Path) -> None:
    line = ("run", "--model", "waves", "--metrics", "fid@8", "--results-dir", tmp_path)
    assert ganbench(*line, "--record", tmp_path / "baseline.json").exit_code == 0
    variables = {"GATE_BASELINE": "baseline.json", "GATE_MAX_REGRESSION": "fid=1%\n", "GATE_JUNIT": "gate.xml"}
    line = "--model waves --metrics fid@8 --seed 1\n --results-dir more"
    done = gate(tmp_path, Path(sys.executable).parent, GATE_RUN=line, **variables)
    assert done.returncode in (0, 1), done.stderr
    assert "fid@8 (" in done.stdout
    assert (tmp_path / "gate.xml").exists()
    name, _, record = (tmp_path / "output").read_text().strip().partition("=")
    assert name == "record"
    assert Path(record).exists()
    done = gate(tmp_path, Path(sys.executable).parent, GATE_RUN="--model nothing", **variables)
    assert done.returncode == 2
    assert "unknown" in done.stderr


def test_nothing_that_is_put_in_is_run(tmp_path: Path) -> None:
    stub = tmp_path / "ganbench"
    stub.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[1:])\n")
    stub.chmod(0o755)
    evil = "$(touch${IFS}owned);`touch owned`"
    done = gate(
        tmp_path, tmp_path, GATE_RUN=f"--model {evil} * ~", GATE_BASELINE=evil, GATE_MAX_REGRESSION=f"{evil}\n\nfid=2%"
    )
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("['run', '--model', '$(touch${IFS}owned);`touch', 'owned`', '*', '~', '--record', ")
    assert second.startswith(
        f"['check', '--baseline', {evil!r}, '--max-regression', {evil!r}, '--max-regression', 'fid=2%'"
    )
    assert not (tmp_path / "owned").exists()


def test_its_description_is_whole() -> None:
    yaml: Any = pytest.importorskip("yaml")
    action = yaml.safe_load((ACTION / "action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    used: set[str] = set()
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")  # a shell would run what is put in
        used |= set(re.findall(r"inputs\.([a-z-]+)", str(step)))
    assert used == set(action["inputs"])
    assert all(each.get("required") or "default" in each for each in action["inputs"].values())
