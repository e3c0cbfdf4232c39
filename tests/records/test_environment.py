import json
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from ganbench.records import environment


def test_the_environment_is_what_is_installed() -> None:
    found = environment.describe()
    assert found["python"] == platform.python_version()
    assert found["torch"] == version("torch")
    assert json.loads(json.dumps(found)) == found


def test_a_package_that_is_not_there_has_no_version() -> None:
    assert environment.package_version("there-is-no-such-package") is None


def test_records_are_read_without_torch_or_pandas() -> None:
    code = (
        "import sys\n"
        "from ganbench.records import check, environment, record, render, store, table\n"
        "environment.describe()\n"
        "print(sorted({'torch', 'numpy', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_commit_is_the_checkouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=e", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    module = tmp_path / "ganbench" / "records" / "environment.py"
    module.parent.mkdir(parents=True)
    module.write_text("")
    monkeypatch.setattr(environment, "__file__", str(module))
    assert environment.describe()["commit"] is None
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    assert environment.describe()["commit"] == git("rev-parse", "HEAD")
    module.write_text("changed = True")
    assert environment.describe()["commit"] == git("rev-parse", "HEAD") + "+changed"
