import subprocess
import sys
from importlib.metadata import version

import ganbench

PUBLIC = {"load_model", "measure", "run", "checkpoints", "functional", "records", "testing", "__version__"}


def test_the_public_names_are_listed_before_they_are_imported() -> None:
    code = "import ganbench, sys; print(*dir(ganbench)); print('torch' in sys.modules)"
    names, torch = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split("\n")[:2]
    assert set(names.split()) >= PUBLIC
    assert not {name for name in names.split() if not name.startswith("__")} - PUBLIC
    assert torch == "False"


def test_every_listed_name_is_there() -> None:
    assert set(ganbench.__all__) == PUBLIC
    for name in dir(ganbench):
        assert getattr(ganbench, name) is not None or name == "__doc__"


def test_the_version_is_that_of_the_installed_package() -> None:
    assert ganbench.__version__ == version("ganbench")
