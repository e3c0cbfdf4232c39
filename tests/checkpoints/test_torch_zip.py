"""Zips of tensors that were damaged after ``torch.save`` wrote them."""

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.serialization import set_crc32_options

from ganbench.checkpoints.contents import contents
from ganbench.checkpoints.format import Tensors
from ganbench.errors import BadInputError
from tests.checkpoints.sentences import assert_one_sentence

STATE = {"weight": torch.arange(8.0), "bias": torch.ones(3)}


def read(path: Path) -> Tensors:
    found = contents(path)
    assert isinstance(found, Tensors)
    return found


def same(found: dict[str, Tensor]) -> bool:
    return found.keys() == STATE.keys() and all(torch.equal(found[name], STATE[name]) for name in STATE)


def test_no_flipped_bit_gives_other_tensors(tmp_path: Path) -> None:
    """What does not matter, such as a date or the filling between entries, may change; the tensors may not."""
    path = tmp_path / "net.pth"
    torch.save(STATE, path)
    sound = path.read_bytes()
    refused = 0
    for at in range(0, len(sound), 3):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ (1 << at % 8)]) + sound[at + 1 :])
        try:
            assert same(dict(read(path))), f"bit {at % 8} of byte {at}"
        except BadInputError as error:
            assert_one_sentence(error, path)
            refused += 1
    assert refused > 100


def test_a_damaged_storage_is_named(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    torch.save(STATE, path)
    weights = torch.arange(8.0).numpy().tobytes()
    assert path.read_bytes().count(weights) == 1
    path.write_bytes(path.read_bytes().replace(weights, weights[:-1] + b"\x41"))
    with pytest.raises(BadInputError, match=r"net\.pth is damaged: 'net/data/0' does not have the checksum"):
        read(path)


def test_a_file_saved_without_checksums_is_read(tmp_path: Path) -> None:
    set_crc32_options(False)
    try:
        torch.save(STATE, tmp_path / "net.pth")
    finally:
        set_crc32_options(True)
    assert same(dict(read(tmp_path / "net.pth")))
