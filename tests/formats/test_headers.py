"""Headers of our own files that say what no network takes: one sentence names the field."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from baselines.training.weights import load_state, read_header, to_bytes
from ganbench import load_model
from ganbench.checkpoints.fields import Choice, Filter, Flag, Number
from ganbench.errors import BadInputError
from ganbench.models import adapter_of
from tests.checkpoints.sentences import assert_one_sentence

# model -> field, and values that no network takes
WRONG: dict[str, dict[str, list[Any]]] = {
    "progan": {
        "z_dim": ["word", 0, -1, 1.5, None, [1], True],
        "fused_scale": ["auto", 1, None],
        "nonlinearity": ["tanh", 1],
        "pixel_norm_epsilon": [-1, "word", None],
        "use_pixel_norm": [1, "yes", None],
    },
    "stylegan1": {
        "z_dim": ["word", 0, -1, 1.5, None, [1], True],
        "blur_filter": [[0.0], [], "word", [1, "a"], 3],
        "fused_scale": [2, "often", None],
        "structure": ["grown", 1],
        "nonlinearity": ["tanh", 1],
        "use_noise": [1, "yes", None],
        "mapping_kwargs.lr_multiplier": [-1, "word", None],
        "mapping_kwargs": [3, "word", [1]],
    },
    "stylegan2": {
        "conv_clamp": ["word", -1, [1], True],
        "architecture": ["none", 3, None],
        "num_fp16_res": [-1, 0.5, "word"],
        "resample_filter": [[0], "word"],
        "mapping_kwargs.w_avg_beta": [2, -0.1, "word"],
    },
    "stylegan3": {
        "conv_clamp": ["word", -1],
        "first_cutoff": ["word", -1, None],
        "use_radial_filters": [1, "no"],
        "magnitude_ema_beta": [1.5, -1],
        "c_dim": [-1, 0.5],
    },
    "cyclegan": {"norm": ["layer", 1], "ngf": [0, -1, 1.5, "word"], "n_blocks": [-1, "word"], "use_dropout": [1]},
    "stargan": {"c_dim": [0, -1, 1.5, "word"], "repeat_num": [-1, "word"], "conv_dim": [0, None]},
    "starganv2": {"generator.img_size": [0, -1, 5000, "word"], "generator.w_hpf": [-1, "word"]},
}
CASES = [
    (model, field, value) for model, fields in WRONG.items() for field, values in fields.items() for value in values
]


def changed(path: Path, model: str, header: Mapping[str, Any]) -> Path:
    """Write a model's embedded weights with another header."""
    embedded = adapter_of(model).embedded
    assert embedded is not None
    texts = {name: json.dumps(value) for name, value in {**read_header(embedded.weights), **header}.items()}
    path.write_bytes(to_bytes(load_state(embedded.weights), texts))
    return path


def config(model: str, field: str, value: Any) -> dict[str, Any]:
    embedded = adapter_of(model).embedded
    assert embedded is not None
    made: dict[str, Any] = read_header(embedded.weights)["config"]
    *outer, name = field.split(".")
    inside = made
    for part in outer:
        inside = inside[part]
    inside[name] = value
    return made


@pytest.mark.parametrize(("model", "field", "value"), CASES, ids=str)
def test_an_argument_of_another_kind_or_out_of_range_is_named(
    model: str, field: str, value: Any, tmp_path: Path
) -> None:
    path = changed(tmp_path / "w.safetensors", model, {"config": config(model, field, value)})
    with pytest.raises(BadInputError, match=rf"{field.rpartition('.')[2]} is .*, expected ") as refused:
        load_model(model, path)
    assert_one_sentence(refused.value, path)


@pytest.mark.parametrize(
    ("model", "field", "values"),
    [
        ("cyclegan", "img_resolution", ["word", -1, 0, 1.5, True, 10**9, [1]]),
        ("cyclegan", "domains", ["word", 3, ["a"], ["a", "a"], [1, 2]]),
        ("stargan", "img_resolution", ["word", -1, 0, 1.5, True, 10**9, [1]]),
        ("stargan", "domains", ["word", 3, ["a"], [1] * 10, ["a"] * 10]),
        ("starganv2", "domains", ["word", 3, ["a"], [1] * 10, ["a"] * 10]),
    ],
)
def test_a_note_of_another_kind_is_named(model: str, field: str, values: list[Any], tmp_path: Path) -> None:
    for value in values:
        path = changed(tmp_path / "w.safetensors", model, {field: value})
        with pytest.raises(BadInputError, match=f"{field} .*header|header .*{field}|domains") as refused:
            load_model(model, path)
        assert_one_sentence(refused.value, path)


@pytest.mark.parametrize(
    ("field", "right", "wrong"),
    [
        (Number(0, 1), [0, 0.5, 1], [-0.1, True, "1", None, float("nan")]),
        (Number(1, whole=True, optional=True), [1, None], [1.0, 0]),
        (Flag(), [True, False], [1, None]),
        (Choice((True, "auto")), [True, "auto"], [1, "other"]),
        (Filter(), [None, [1, 3], (1,)], [[], [1, -1], "1", [None]]),
    ],
    ids=str,
)
def test_kinds_and_ranges(field: Any, right: list[Any], wrong: list[Any]) -> None:
    assert all(map(field.holds, right))
    assert not any(map(field.holds, wrong))
    assert field.expected


def test_ranges_are_told_in_words() -> None:
    told = {
        Number(1, 9): "a number from 1 to 9",
        Number(high=9): "a number up to 9",
        Number(1, whole=True, optional=True): "a whole number from 1 or null",
        Choice(("a", None)): "one of a, null",
    }
    assert {field: field.expected for field in told} == told
