from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor

from ganbench.checkpoints import file_sha256
from tests.extractors.scripted_inception import Scripted, write


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[ModuleType, Mapping[str, Tensor]], None]:
    """Put weights where an extractor looks for its published file, and take their checksum for the published one."""
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path))
    (tmp_path / "weights").mkdir()

    def installed(module: ModuleType, state: Mapping[str, Tensor]) -> None:
        path = tmp_path / "weights" / module.URL.rsplit("/", 1)[1]
        torch.save(state, path)
        monkeypatch.setattr(module, "SHA256", file_sha256(path))

    return installed


@pytest.fixture
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without weights and without a network; the folder for weights."""

    def closed(*args: object, **options: object) -> None:
        raise OSError("the network is closed")

    monkeypatch.setattr("socket.create_connection", closed)
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path))
    return tmp_path / "weights"


@pytest.fixture(scope="session")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scripted]:
    """A TorchScript file in NVlabs' layout, and the network in it."""
    path = tmp_path_factory.mktemp("nvlabs") / "inception-2015-12-05.pt"
    return path, write(path)
