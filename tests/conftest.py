"""What all tests share: a cache of their own, and the third-party package ``toygan`` on the path."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # kernels run on the CPU; read when Triton is first imported

PLUGIN = Path(__file__).resolve().parent / "plugin"
if str(PLUGIN) not in sys.path:
    sys.path.insert(0, str(PLUGIN))


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's cache or results."""
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("GANBENCH_RESULTS", str(tmp_path_factory.mktemp("results")))
    monkeypatch.delenv("GANBENCH_WEIGHTS", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(PLUGIN), prepend=os.pathsep)


@pytest.fixture
def untouched_random_state() -> Iterator[None]:
    """The code under test neither draws from nor seeds the global random states."""
    torch_before, numpy_before = torch.get_rng_state(), np.random.get_state()[1].copy()
    yield
    assert torch.equal(torch_before, torch.get_rng_state()), "torch's global random state was touched"
    assert (numpy_before == np.random.get_state()[1]).all(), "NumPy's global random state was touched"
