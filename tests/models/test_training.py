"""What all adapters of trainable models do alike: settings, errors, and the model before it is trained."""

from pathlib import Path
from typing import Any

import pytest
import torch
import toygan

from baselines.errors import SettingsError, TrainingError, WriteError
from ganbench.data import open_data
from ganbench.errors import BadInputError
from ganbench.models.base import adapter_of
from ganbench.models.training import user_errors
from ganbench.types import EquivariantGenerator, Generator, Recipe, StyleGenerator, StyleTranslator, Translator

MODELS = {
    "progan": ("digits", Generator),
    "stylegan1": ("digits", StyleGenerator),
    "stylegan2": ("digits", StyleGenerator),
    "stylegan3": ("digits", EquivariantGenerator),
    "cyclegan": ("digit-domains:3,8", Translator),
    "starganv2": ("digit-domains", StyleTranslator),
}


@pytest.mark.usefixtures("untouched_random_state")
@pytest.mark.parametrize("name", MODELS)
def test_the_model_before_training_is_like_the_one_after(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    data, protocol = MODELS[name]
    adapter = adapter_of(name)
    model, trained = adapter.untrained(open_data(data), adapter.recipes["digits32"]), adapter.load(None, "cpu")
    assert isinstance(model, protocol)
    assert type(model) is type(trained)
    assert not model.training
    assert [(n, p.shape) for n, p in model.named_parameters()] == [(n, p.shape) for n, p in trained.named_parameters()]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"no_such": 1}, "unknown setting no_such"),
        ({"seed": 1.5}, "expected the setting seed to be a whole number from 0 to .*, found 1.5"),
        ({"seed": -1}, "seed to be a number from 0"),
        ({"device": 5}, "expected the setting device to be a text or nothing, found 5"),
        ({"conditional": "yes"}, "conditional to be true or false, found 'yes'"),
        ({"batch": "many"}, "batch to be a whole number from 1 to .*, found 'many'"),
        ({"kimg": 1e300}, "kimg to be a number above 0 to 1e.09, found 1e.300"),
    ],
)
def test_a_setting_that_cannot_be_is_named(name: str, settings: dict[str, Any], words: str, tmp_path: Path) -> None:
    adapter = adapter_of(name)
    recipe = Recipe("odd", {**adapter.recipes["digits32"].settings, **settings})
    with pytest.raises(BadInputError, match=words):
        adapter.train(open_data(MODELS[name][0]), recipe, tmp_path / "run", False, lambda tick: None)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("error", [TypeError("a mistake"), ValueError("a mistake"), OSError("a mistake")])
def test_a_mistake_inside_training_is_not_told_as_the_users(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr("baselines.stylegan2.losses.discriminator_loss", broken)
    adapter = adapter_of("stylegan2")
    recipe = Recipe("short", {**adapter.recipes["digits32"].settings, "kimg": 0.016, "device": "cpu"})
    with pytest.raises(type(error), match="a mistake") as found:
        adapter.train(toygan.Stripes(), recipe, tmp_path / "run", False, lambda tick: None)
    assert not isinstance(found.value, BadInputError)


@pytest.mark.parametrize("error", [TrainingError("a."), SettingsError("b."), WriteError(28, "full", "c")])
def test_what_baselines_mean_for_the_user_is_bad_input(error: Exception) -> None:
    with pytest.raises(BadInputError, match=str(error).partition("(")[0]), user_errors():
        raise error


def test_a_model_that_has_no_training_knows_no_model_before_it() -> None:
    assert adapter_of("images").untrained(toygan.Stripes(), Recipe("none")) is None
    assert torch.is_grad_enabled()
