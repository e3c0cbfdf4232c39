"""Files of weights by other programs, and headers that announce what cannot be read."""

import json

import pytest

from baselines.training.weights import from_bytes


def written(header: object, size: int = 0) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(size)


def entry(kind: str, shape: list[int], size: int) -> dict[str, object]:
    return {"dtype": kind, "shape": shape, "data_offsets": [0, size]}


def test_notes_of_other_writers_are_left_alone():
    tensors, header = from_bytes(written({"__metadata__": None, "a": entry("F32", [2], 8)}, 8), "it")
    assert (tensors["a"].tolist(), header) == ([0, 0], {})
    notes = {"sha256": "of their own", "model": "stylegan2"}
    _, header = from_bytes(written({"__metadata__": notes, "a": entry("BF16", [2], 4)}, 4), "it")
    assert header == {"model": "stylegan2"}


@pytest.mark.parametrize(
    ("kind", "shape", "size", "words"),
    [
        ("F4", [4], 2, "expected numbers of a type that PyTorch has, found 'F4' in it"),
        ("F32", [0, 2**62, 2**62], 0, "expected a complete safetensors file, found it"),
        ("F8_E4M3", [4], 4, "match its sha256"),
    ],
)
def test_headers_of_what_cannot_be_read_end_in_one_sentence(kind, shape, size, words):
    header = {"__metadata__": {"sha256": "0", "model": "a", "config": "{}"}, "a": entry(kind, shape, size)}
    with pytest.raises(ValueError, match=words) as caught:
        from_bytes(written(header, size), "it")
    assert "\n" not in str(caught.value)
