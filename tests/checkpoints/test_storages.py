"""Tensors in pickles: honest ones as torch wrote them, forged ones refused."""

import pickle
from typing import Any

import numpy as np
import pytest
import torch

from ganbench.checkpoints.inert import StoredTensor
from ganbench.checkpoints.pickles import parse_pickle
from ganbench.errors import BadInputError, UnsafeFileError
from tests.checkpoints import forge
from tests.checkpoints.forge import name, number, octets, sizes, text

ONE = torch.arange(6.0)


def parse(*opcodes: bytes) -> Any:
    return parse_pickle(forge.PROTO + b"".join(opcodes) + b".")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "dtype",
    [torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.uint8, torch.bool],
)
def test_tensors_come_back_as_torch_wrote_them(dtype: torch.dtype, protocol: int) -> None:
    base = torch.randn(4, 5, generator=torch.Generator().manual_seed(0)).mul(3).to(dtype)
    for made in (base, base.t(), base[1:, ::2], base[2, 3], base[:0], torch.nn.Parameter(base.float())):
        read = parse_pickle(pickle.dumps({"x": made}, protocol))["x"]
        assert isinstance(read, StoredTensor)
        assert read.shape == tuple(made.shape)
        expected = made.detach()
        expected = expected.float() if expected.dtype == torch.bfloat16 else expected
        np.testing.assert_array_equal(read.numpy(), expected.numpy())
        assert read.numpy().dtype == expected.numpy().dtype


def test_the_sign_of_a_tensor_is_kept() -> None:
    negated = torch.complex(ONE, -ONE).conj().imag  # of which only the opposite is stored
    assert negated.is_neg()
    np.testing.assert_array_equal(parse_pickle(pickle.dumps(negated, 4)).numpy(), ONE.numpy())
    with pytest.raises(UnsafeFileError, match="truth values with the other sign"):
        parse_pickle(pickle.dumps(torch._neg_view(ONE > 0), 4))


def test_parameters_with_attributes_come_back() -> None:
    parameter = torch.nn.Parameter(ONE)
    parameter.note = "x"  # type: ignore[attr-defined]
    np.testing.assert_array_equal(parse_pickle(pickle.dumps(parameter, 4)).numpy(), ONE.numpy())


@pytest.mark.parametrize("device", ["cpu", "cuda:0", "cuda:7", "mps"])
def test_the_device_it_was_saved_from_does_not_matter(device: str) -> None:
    read = parse(forge.tensor(forge.inner(ONE, device), sizes(2, 3), sizes(3, 1)))
    np.testing.assert_array_equal(read.numpy(), ONE.reshape(2, 3).numpy())


FORGED = {
    "more elements than stored": (sizes(2, 4), sizes(4, 1), 0),
    "one number repeated": (sizes(10**6, 10**6), sizes(0, 0), 0),
    "strides that leave the storage": (sizes(2, 3), sizes(4, 1), 0),
    "an offset behind the end": (sizes(6), sizes(1), 1),
    "an endless offset": (sizes(1), sizes(1), 2**62),
    "a negative offset": (sizes(1), sizes(1), -1),
    "a negative stride": (sizes(6), sizes(-1), 5),
    "a size that overflows": (sizes(2**40, 2**40), sizes(1, 1), 0),
    "fewer strides than sizes": (sizes(2, 3), sizes(1), 0),
    "a shape that is no tuple": (b"]", sizes(1), 0),
    "a shape of texts": (b"(" + text("6") + b"t", sizes(1), 0),
    "an endless stride of one element": (sizes(1), sizes(2**63), 0),
    "an endless size beside none": (sizes(2**70, 0), sizes(1, 1), 0),
    "sizes whose product is endless beside none": (sizes(2**40, 2**40, 0), sizes(1, 1, 1), 0),
    "very many axes": (sizes(*[1] * 99), sizes(*[1] * 99), 0),
}


@pytest.mark.parametrize("case", FORGED)
def test_forged_shapes_are_refused(case: str) -> None:
    shape, strides, offset = FORGED[case]
    with pytest.raises(BadInputError):
        parse(forge.tensor(forge.inner(ONE), shape, strides, offset))


def damaged(old: bytes, new: bytes) -> bytes:
    data = forge.inner(ONE)
    assert old in data
    return data.replace(old, new)


COUNT = (6).to_bytes(8, "little")
STORAGES = {
    "calls something": damaged(b"ctorch\nFloatStorage\n", b"cposix\nsystem\n"),
    "names a function": damaged(b"ctorch\nFloatStorage\n", b"ctorch._utils\n_rebuild_tensor_v2\n"),
    "another magic number": damaged(b"\xfc\x9cF\xf9", b"\xfc\x9cF\xf8"),
    "another protocol": damaged(b"M\xe9\x03.", b"M\xea\x03."),
    "big-endian": damaged(b"\x88", b"\x89"),
    "another tag": damaged(text("storage"), text("module!")),
    "fewer bytes than announced": forge.inner(ONE)[:-1],
    "a larger count in front of the data": damaged(COUNT, (2**60).to_bytes(8, "little")),
    "a larger count everywhere": damaged(COUNT, (2**60).to_bytes(8, "little")).replace(number(6), number(2**60)),
    "a negative count": damaged(number(6), number(-6)),
    "a zip archive": b"PK\x03\x04" + bytes(100),
    "a pickle of a call": forge.PROTO + name("posix", "system") + text("touch PWNED") + b"\x85R.",
    "nothing": b"",
}


@pytest.mark.parametrize("case", STORAGES)
def test_forged_storages_are_refused(case: str) -> None:
    with pytest.raises(BadInputError):
        parse(forge.tensor(STORAGES[case], sizes(6), sizes(1)))


def test_keys_that_compare_for_ever_are_refused() -> None:
    laughs = b"N" + b"".join(b"q" + bytes([i]) + b"h" + bytes([i]) + b"\x86" for i in range(99))
    data = forge.inner(ONE)
    key = data[data.index(b"FloatStorage") :].split(b"X")[1]
    old = b"X" + key[: 4 + int.from_bytes(key[:4], "little")]
    assert data.count(old) == 2
    with pytest.raises(UnsafeFileError, match="torch's layout"):
        parse(forge.tensor(data.replace(old, laughs), sizes(6), sizes(1)))


def test_steps_inside_storages_count() -> None:
    slow = octets(b"\x80\x02" + b"N0" * 100_000 + forge.inner(ONE)[2:])
    load = name("torch.storage", "_load_from_bytes")
    with pytest.raises(UnsafeFileError, match="more steps"):
        parse(slow, b"q\x000", *[load + b"h\x00\x85R0"] * 100, b"N")
