"""Every registered model keeps the laws of models."""

import pytest

from ganbench import registry
from ganbench.models.base import adapter_of, load_model
from ganbench.testing import check_model

NAMES = [name for name in registry.names("models") if not adapter_of(name).runs_code]
"""Those whose code is run are tested in ``tests/models/foreign``, each on a file of its kind."""


@pytest.mark.parametrize("name", NAMES)
def test_models_keep_their_laws(name: str) -> None:
    check_model(load_model(f"{name}:digits" if adapter_of(name).takes_path else name))
