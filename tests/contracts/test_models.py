"""Every registered model keeps the laws of models."""

import pytest

from ganbench import registry
from ganbench.models.base import adapter_of, load_model
from ganbench.testing import check_model


@pytest.mark.parametrize("name", registry.names("models"))
def test_models_keep_their_laws(name: str) -> None:
    check_model(load_model(f"{name}:digits" if adapter_of(name).takes_path else name))
