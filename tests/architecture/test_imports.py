"""Who may import whom: nothing points back."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEAVES = {"atomic", "counts", "errors", "launch", "paths", "plugins", "printable", "registry", "truncation", "waiting"}
MAY_IMPORT = {
    "functional": {"errors"},
    "images": {"errors"},
    "rng": {"errors"},
    "types": set(),
    "errors": set(),
    "atomic": set(),
    "paths": set(),
    "plugins": set(),
    "printable": set(),
    "waiting": set(),
    "counts": {"errors"},
    "launch": {"errors"},
    "truncation": set(),
    "registry": {"errors"},
    "data": LEAVES | {"images", "types", "rng", "checkpoints"},
    "extractors": LEAVES | {"images", "types", "checkpoints", "functional"},
    "checkpoints": LEAVES | {"types"},
    "formats": LEAVES | {"checkpoints"},
    "inputs": LEAVES | {"extractors", "data", "images", "rng", "types", "functional"},
    "metrics": LEAVES | {"inputs", "functional", "types"},
    "benchmarks": LEAVES | {"metrics", "data"},
    "models": LEAVES | {"checkpoints", "types", "rng", "images", "data"},
    "records": LEAVES,
    "pytest_plugin": LEAVES | {"records"},
    "report": LEAVES | {"records"},
    "doctor": LEAVES | {"benchmarks", "data", "engine", "extractors", "metrics", "models", "records", "types"},
    "explain": LEAVES | {"data", "engine", "extractors", "images", "inputs", "metrics", "models", "records", "types"},
    "engine": LEAVES
    | {"inputs", "data", "extractors", "records", "types", "rng", "metrics", "benchmarks", "models", "functional"},
}
MAY_IMPORT["testing"] = {*MAY_IMPORT, "pictures"}  # all but the command line
NO_TORCH = (
    "records",
    "report",
    "registry",
    "errors",
    "atomic",
    "paths",
    "counts",
    "truncation",
    "printable",
    "waiting",
)


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: import from the package's name, not relatively"
            # `from ganbench import registry` names a module, too.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    """Return the folder or module of ganbench that a file belongs to."""
    return path.relative_to(ROOT / "ganbench").with_suffix("").parts[0]


@pytest.mark.parametrize("path", modules("ganbench"), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    own = room(path)
    if own in ("cli", "__init__", "__main__", "pictures"):  # these may import anything
        return
    reached = {name.split(".")[1] for name in imported(path) if name.startswith("ganbench.")}
    assert reached <= MAY_IMPORT[own] | {own}, f"{own} may not import {reached - MAY_IMPORT[own] - {own}}"
    if any(name.split(".")[0] == "baselines" for name in imported(path)):
        reached = {name for name in imported(path) if name.split(".")[0] == "baselines"}
        shared = ("baselines.ops.tiles", "baselines.ops.processes", "baselines.training.ranks")  # know no network
        only_tiles = own == "engine" and all(name.startswith(shared) for name in reached)
        allowed = own in ("models", "checkpoints", "formats", "data", "extractors", "atomic") or only_tiles
        assert allowed, f"{own} may not import {reached}"


@pytest.mark.parametrize("path", modules("ganbench/testing"), ids=lambda path: path.stem)
def test_checks_need_no_test_framework(path: Path) -> None:
    assert "pytest" not in {name.split(".")[0] for name in imported(path)}


NEUTRAL = {"ops", "translation"}  # of baselines: no paper's
WRITER = ("baselines.training.weights", "baselines.training.snapshots")  # how our own files are laid out


def papers(path: Path) -> set[str]:
    names = [name for name in imported(path) if name.startswith("baselines.") and not name.startswith(WRITER)]
    return {name.split(".")[1] for name in names} - NEUTRAL


@pytest.mark.parametrize("path", modules("ganbench/formats"), ids=lambda path: path.stem)
def test_a_format_imports_its_own_paper_alone(path: Path) -> None:
    assert papers(path) <= {path.stem.partition("_")[0]}


@pytest.mark.parametrize("path", modules("ganbench/checkpoints"), ids=lambda path: path.stem)
def test_containers_are_read_without_knowing_a_model(path: Path) -> None:
    assert papers(path) == set()


@pytest.mark.parametrize("path", modules("baselines"), ids=lambda p: str(p.relative_to(ROOT)))
def test_baselines_know_nothing_of_ganbench(path: Path) -> None:
    roots = {name.split(".")[0] for name in imported(path)} - set(sys.stdlib_module_names)
    assert roots <= {"baselines", "torch", "torchvision", "numpy", "scipy", "sklearn", "safetensors", "PIL", "triton"}


@pytest.mark.parametrize(
    "name", ["ganbench", *(f"ganbench.{room}" for room in NO_TORCH), "ganbench.cli", "ganbench.pytest_plugin"]
)
def test_light_modules_start_without_torch(name: str) -> None:
    code = f"import sys, {name}; print([m for m in ('torch', 'sklearn', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", modules("ganbench") + modules("baselines"), ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
            assert node.end_lineno - node.lineno + 1 <= 60, f"{node.name} is too long"
