"""Pickles written by hand: Python's reader and ours find the same values, which always give the same bytes."""

import io
import pickle
from typing import Any

import numpy as np
import pytest
import torch

from ganbench.checkpoints.pickles import parse_pickle
from ganbench.checkpoints.writing import Made, Name, pickled, torch_file

PLAIN: list[Any] = [None, True, False, 0, 1, 255, -1, 2**40, -(2**15), 1.5, "é", "", b"", b"a" * 300, (), (1,), [], {}]
TENSORS = [torch.randn(3, 4), torch.tensor(2.0), torch.arange(5), torch.randn(2, 2).half(), torch.zeros(0)]


@pytest.mark.parametrize("value", [*PLAIN, {"a": [1, {"b": (2, "c")}], "d": None}], ids=repr)
def test_plain_values_come_back_from_both_readers(value: Any) -> None:
    assert pickle.loads(pickled(value)) == parse_pickle(pickled(value)) == value
    assert type(pickle.loads(pickled(value))) is type(value)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "i8", "u1"])
def test_arrays_come_back_in_their_type_and_order(dtype: str) -> None:
    for array in (np.arange(6).reshape(2, 3).astype(dtype), np.arange(6).astype(dtype).reshape(3, 2).T, np.array(1.0)):
        for found in (pickle.loads(pickled(array)), parse_pickle(pickled({"a": array}))["a"]):
            assert found.dtype == array.dtype
            assert np.array_equal(found, array)


@pytest.mark.parametrize("tensor", [*TENSORS, torch.arange(12).reshape(3, 4).T], ids=lambda tensor: str(tensor.dtype))
def test_tensors_come_back_from_both_readers(tensor: torch.Tensor) -> None:
    assert torch.equal(pickle.loads(pickled(tensor)), tensor)
    assert np.array_equal(parse_pickle(pickled(tensor)).numpy(), tensor.numpy())


def test_an_object_met_twice_is_one_object_and_no_other_takes_its_place() -> None:
    made = Made(Name("collections", "OrderedDict"))
    many = [np.full(3, number) for number in range(50)]  # wrapped in objects that are gone at once
    first, arrays, second = pickle.loads(pickled([made, many, made]))
    assert first is second
    assert all(np.array_equal(found, array) for found, array in zip(arrays, many, strict=True))


def test_the_same_values_give_the_same_bytes() -> None:
    value = {"a": torch.ones(3), "b": np.ones(3), "c": Made(Name("collections", "OrderedDict"))}
    assert pickled(value) == pickled({**value, "a": torch.ones(3), "b": np.ones(3)})
    assert torch_file({"a": {"b": torch.ones(3)}}) == torch_file({"a": {"b": torch.ones(3)}})


def test_views_are_written_without_the_rest_of_their_storage() -> None:
    whole = torch.randn(1000, 10)
    written = torch_file({"part": whole[:2]})
    assert len(written) < 4000
    assert torch.equal(torch.load(io.BytesIO(written), weights_only=True)["part"], whole[:2])


def test_a_value_of_another_type_is_refused() -> None:
    with pytest.raises(TypeError, match="found a set"):
        pickled({1})
