"""Whether what a model returns is what was asked for."""

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toygan import Waves

import ganbench
from ganbench.errors import BadInputError, MeasuringWarning
from ganbench.inputs.generated import Extremes, RangeCheck, checked


class Plain(nn.Module):
    """A generator without styles, whose images are changed on their way out."""

    z_dim, c_dim, img_resolution, img_channels = 6, 0, 32, 1

    def __init__(self, change: Any = lambda x: x) -> None:
        super().__init__()
        self.inner, self.change = Waves(), change

    def forward(self, z: Tensor, c: Tensor | None = None) -> Any:
        return self.change(self.inner(z).clamp(-1, 1))


def numbers(change: Any) -> dict[str, float]:
    return ganbench.measure(Plain(change).eval(), ["fid@40"], benchmark="toy", batch_size=16)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x[:-1], r"\[15, 1, 32, 32\]"),
        (lambda x: torch.cat([x, x]), r"found \[32, 1, 32, 32\]"),
        (lambda x: x.expand(-1, 3, -1, -1), r"found \[16, 3, 32, 32\]"),
        (lambda x: x[..., :16], r"found \[16, 1, 32, 16\]"),
        (lambda x: x.permute(0, 2, 3, 1), r"found \[16, 32, 32, 1\]"),
        (lambda x: x[:, 0], r"found \[16, 32, 32\]"),
        (lambda x: x[0], r"found \[1, 32, 32\]"),
        (lambda x: (x, None), "found a tuple"),
        (lambda x: [x], "found a list"),
        (lambda x: {"sample": x}, "found a dict"),
        (lambda x: None, "found a NoneType"),
        (lambda x: x.to_sparse(), r"found torch.sparse_coo on cpu"),
        (lambda x: x.to("meta"), r"found torch.strided on meta"),
        (lambda x: torch.nested.nested_tensor(list(x), layout=torch.jagged), "found a nested one"),
        (lambda x: x.to(torch.float8_e4m3fn), "found torch.float8_e4m3fn"),
        (lambda x: x.numpy(), r"found a ndarray of shape \[16, 1, 32, 32\]"),
        (lambda x: ((x + 1) * 127.5).byte(), "found torch.uint8"),
        (lambda x: (x + 1) * 127.5, "found values from"),
        (lambda x: x * -1e4, "found values from"),
    ],
)
def test_what_came_and_what_was_expected_is_said(change: Any, words: str) -> None:
    with pytest.raises(BadInputError, match=words) as caught:
        numbers(change)
    assert "expected the model to return a tensor [16, 1, 32, 32] of floats in -1..1" in str(caught.value)


def test_honest_images_are_measured_without_a_word() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert numbers(lambda x: x) == numbers(lambda x: x.double().float())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_measured_as_the_float32_that_it_is(dtype: torch.dtype) -> None:
    assert numbers(lambda x: x.to(dtype)) == numbers(lambda x: x.to(dtype).float())
    assert checked(torch.zeros(2, 3, 4, 4, dtype=dtype), 2).dtype == torch.float32


def test_images_of_which_nothing_is_below_0_are_suspicious() -> None:
    with pytest.warns(MeasuringWarning, match="no value of the first 40 images is below 0"):
        numbers(lambda x: (x + 1) / 2)


def test_the_warning_stands_in_the_record_also_when_all_is_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Waves, "synthesis", lambda self, ws, **_: ws[:, :1, :1, None].abs().expand(-1, 1, 32, 32) * 0.1)
    for _ in range(2):
        (record,) = ganbench.run("waves", "fid@40")
        assert len(record.warnings) == 1
        assert "below 0" in record.warnings[0]


def test_a_nan_is_left_to_those_who_name_its_sample() -> None:
    image = torch.full((2, 1, 4, 4), float("nan"))
    assert checked(image, 2) is image


@pytest.mark.parametrize("value", [10.0, -10.0])
def test_the_range_ends_at_ten(value: float) -> None:
    checked(torch.full((1, 1, 2, 2), value), 1)
    with pytest.raises(BadInputError, match="found values"):
        checked(torch.full((1, 1, 2, 2), value * 1.001), 1)


def test_extremes_are_those_of_all_rows_in_any_order() -> None:
    first, second = Extremes(), Extremes()
    first.update(torch.tensor([[0.5, 0.75], [0.25, 1.0]]))
    second.update(torch.tensor([[-0.5, 0.5]]))
    assert "below 0" in RangeCheck().warning(first)
    first.merge(second)
    restored = Extremes.from_state(first.state())
    assert (restored.count, restored.low, restored.high) == (3, -0.5, 1.0)
    assert RangeCheck().warning(restored) == ""
    assert np.isfinite(restored.state()["range"]).all()
