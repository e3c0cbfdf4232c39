"""The pickle machine against the interpreter's own unpickler on honest data, and alone on hostile data."""

import pickle
import struct
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganbench.checkpoints.inert import Instance
from ganbench.checkpoints.pickles import parse_pickle, read_pickle
from ganbench.errors import BadInputError, UnsafeFileError
from tests.checkpoints import forge
from tests.checkpoints.forge import call, name, number, octets, sizes, text
from tests.checkpoints.sentences import assert_one_sentence

keys = st.text(max_size=5) | st.integers(2 - 2**61, 2**61 - 2) | st.booleans() | st.none()
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**100), 2**100) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inside: (
        st.lists(inside)
        | st.dictionaries(keys, inside)
        | st.tuples(inside, inside)
        | st.sets(keys)
        | st.frozensets(keys)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(value=values, protocol=st.integers(2, 5))
def test_plain_values_come_back_as_the_interpreter_reads_them(value: Any, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    if protocol < 4 and b"frozenset" in data:
        return  # a global before protocol 4, and no checkpoint has one
    read = parse_pickle(data)
    assert read == value
    assert pickle.dumps(read, 4) == pickle.dumps(pickle.loads(data), 4)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("code", ["?", "i1", "u2", "<i4", ">i8", "f2", "<f4", ">f8", "c8"])
def test_arrays_come_back_as_numpy_reads_them(code: str, protocol: int) -> None:
    array = np.arange(12).reshape(3, 4).astype(code)
    for made in (array, array.T, array[:0], array[1, 2], np.asarray(array[0, 1])):
        read, true = parse_pickle(pickle.dumps(made, protocol)), pickle.loads(pickle.dumps(made, protocol))
        assert type(read) is type(true)
        assert read.dtype == true.dtype
        np.testing.assert_array_equal(read, true)


def test_long_texts_and_shared_parts_come_back(tmp_path: Path) -> None:
    shared = ["x" * 70_000, b"y" * 70_000, [0] * 3000]
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({"a": shared, "b": OrderedDict(c=shared)}, 4))
    read = read_pickle(path)
    assert read == {"a": shared, "b": {"c": shared}}
    assert read["a"] is read["b"]["c"]
    assert isinstance(read["b"], OrderedDict)


def test_a_class_that_is_only_named_keeps_its_state() -> None:
    data = forge.PROTO + name("torch.nn.modules.linear", "Linear") + b")\x81}" + text("bias") + b"NsbN0."
    made = parse_pickle(data)
    assert isinstance(made, Instance)
    assert (made.name, made.args, made.state) == ("torch.nn.modules.linear Linear", (), {"bias": None})


FORBIDDEN = {
    "os.system": call(name("os", "system"), text("touch PWNED")),
    "posix.system": call(name("posix", "system"), text("touch PWNED")),
    "eval": call(name("builtins", "eval"), text("open('PWNED', 'w')")),
    "getattr": call(name("builtins", "getattr"), text("x"), text("y")),
    "import": call(name("builtins", "__import__"), text("os")),
    "torch.load": call(name("torch.serialization", "load"), octets(b"x")),
    "an attribute of a known name": call(name("collections", "OrderedDict.fromkeys"), b"]"),
    "an attribute of a known function": name("torch._utils", "_rebuild_tensor_v2.__globals__"),
    "a path through a known module": name("collections", "sys.modules"),
    "a name split elsewhere": name("collections OrderedDict", ""),
    "a torch.nn name that is no module": call(name("torch.nn", "modules.utils.os.system"), text("touch PWNED")),
    "GLOBAL": b"cos\nsystem\n",
    "GLOBAL of a name with a space": b"ctorch.nn.modules.x os\nsystem\n",
    "INST": b"(" + text("touch PWNED") + b"ios\nsystem\n",
    "OBJ": b"(" + name("collections", "OrderedDict") + b"o",
    "NEWOBJ_EX": name("collections", "OrderedDict") + b")}\x92",
    "EXT1": b"\x82\x01",
    "EXT2": b"\x83\x01\x00",
    "EXT4": b"\x84\x01\x00\x00\x00",
    "PERSID": b"Pstorage\n",
    "BINPERSID": text("storage") + b"Q",
    "NEXT_BUFFER": b"\x97",
    "LONG4": b"\x8b" + struct.pack("<i", 2**31 - 1),
    "INT of protocol 0": b"I" + b"9" * 5000 + b"\n",
    "LONG of protocol 0": b"L" + b"9" * 5000 + b"L\n",
    "STRING of protocol 0": b"S'x'\n",
    "UNICODE of protocol 0": b"Vx\n",
    "calling a text": call(text("os.system"), text("touch PWNED")),
    "calling a constant": call(name("numpy", "ndarray"), sizes(2**40)),
    "the state of a text": text("x") + b"}b",
    "the state of a list": b"]}b",
    "the state of a name": name("numpy", "ndarray") + b"}b",
    "items of a text": text("x") + b"(NNu",
    "members of a dict": b"}(Na",
    "elements of a list as a set": b"](N\x90",
    "a dictionary from something": call(name("collections", "OrderedDict"), b"]"),
    "a set of a text": call(name("builtins", "set"), text("x" * 99)),
    "another codec": call(name("_codecs", "encode"), text("x"), text("idna")),
    "a tuple as a key": b"}K\x01K\x02\x86Ns",
    "a tuple in a set": b"\x8f(K\x01K\x02\x86\x90",
    "a tuple in a frozen set": b"(K\x01K\x02\x86\x91",
    "an object array": forge.array(sizes(1), b"\0" * 8, "O8"),
    "an array of texts": forge.array(sizes(1), b"\0" * 8, "U2"),
    "an array of records": forge.array(sizes(1), b"\0" * 8, "V8"),
    "an array far larger than its data": forge.array(sizes(2**20, 2**20), b"\0" * 8),
    "an array whose size overflows": forge.array(sizes(2**32, 2**32), b""),
    "an array of negative size": forge.array(sizes(-1), b"\0" * 8),
    "an array of very many axes": forge.array(sizes(*[1] * 5000), b"\0" * 4),
    "an array of a list": forge.array(b"]", b"\0" * 8),
    "a scalar without its bytes": call(name("numpy.core.multiarray", "scalar"), forge.dtype("f8"), octets(b"")),
    "an array of another class": call(name("numpy.core.multiarray", "_reconstruct"), name("torch", "Size"), sizes(0)),
    "a tensor over a list": call(name("torch._utils", "_rebuild_tensor_v2"), b"]", number(0), sizes(1), sizes(1)),
    "a parameter of a list": call(name("torch._utils", "_rebuild_parameter"), b"]", b"\x89", b"}"),
    "a storage from a text": call(name("torch.storage", "_load_from_bytes"), text("x")),
    "a persistent module": call(name("torch_utils.persistence", "_reconstruct_persistent_obj"), b"}"),
}


@pytest.mark.parametrize("case", FORBIDDEN)
def test_what_only_an_attacker_writes_is_refused(case: str, tmp_path: Path) -> None:
    path = forge.write(tmp_path / "hostile.pkl", FORBIDDEN[case])
    with pytest.raises(UnsafeFileError) as caught:
        read_pickle(path)
    assert_one_sentence(caught.value, path)


BROKEN = {
    "nothing on the stack": b"",
    "two values": b"NN",
    "only a mark": b"(",
    "a mark as a value": b"(\x85",
    "a mark remembered": b"(\x94",
    "no mark": b"Nt",
    "pop from nothing": b"0",
    "an unknown memo": b"h\x07",
    "an odd number of items": b"}(Nu",
    "a tuple from nothing": b"\x87",
    "a name that is a number": b"K\x01K\x01\x93",
    "no line end": b"c" + b"x" * 300,
    "text that is no text": b"\x8c\x02\xff\xff",
    "arguments missing": call(name("numpy", "dtype")),
    "a known name misused": call(name("torch._utils", "_rebuild_tensor_v2"), b"N"),
    "a dtype misused": forge.dtype("f4") + b"Nb",
    "an array misused": forge.array(sizes(1), b"\0" * 4) + b"Nb",
    "BINBYTES8 of 2**62": b"\x8e" + struct.pack("<Q", 2**62),
    "BINUNICODE8 of 2**62": b"\x8d" + struct.pack("<Q", 2**62),
    "BYTEARRAY8 of 2**62": b"\x96" + struct.pack("<Q", 2**62),
    "BINBYTES of 4 GiB": b"B" + struct.pack("<I", 2**32 - 1),
    "FRAME of 2**62": b"\x95" + struct.pack("<Q", 2**62),
    "an array of no elements and endless width": forge.array(sizes(0, 2**62, 2**62), b""),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_no_writer_writes_is_refused(case: str, tmp_path: Path) -> None:
    path = forge.write(tmp_path / "broken.pkl", BROKEN[case])
    with pytest.raises(BadInputError) as caught:
        read_pickle(path)
    assert_one_sentence(caught.value, path)


def test_a_memo_index_allocates_nothing() -> None:
    assert parse_pickle(forge.PROTO + b"Nr" + struct.pack("<I", 2**32 - 1) + b".") is None


def test_a_newer_protocol_is_named() -> None:
    with pytest.raises(BadInputError, match="protocol 6"):
        parse_pickle(b"\x80\x06N.")


def doubled(start: bytes, step: Callable[[bytes], bytes]) -> bytes:
    """Return a pickle's middle: forty containers, each of which holds the one before it twice."""
    return start + b"\x94" + b"".join(step(b"h" + bytes([i])) for i in range(40))


LAUGHS = {
    "tuple": doubled(b")", lambda before: before + b"\x86\x94"),
    "list": doubled(b"]", lambda before: b"0]\x94(" + before + before + b"e"),
    "dict": doubled(b"}", lambda before: b"0}\x94(K\x00" + before + b"K\x01" + before + b"u"),
    "Instance": doubled(b")", lambda before: b"0" + name("torch", "Size") + before + before + b"\x86R\x94"),
}


@pytest.mark.parametrize("kind", LAUGHS)
def test_structures_that_would_unfold_are_refused(kind: str) -> None:
    with pytest.raises(UnsafeFileError, match="expands to more than 2,000,000 values"):
        parse_pickle(forge.PROTO + LAUGHS[kind] + b".")
    with pytest.raises(UnsafeFileError, match=f"{kind} as a key"):
        parse_pickle(forge.PROTO + b"}" + LAUGHS[kind] + b"Ns.")


@pytest.mark.parametrize(
    "circle",
    [
        b"]\x94h\x00a",
        b"}\x94K\x00h\x00s",
        b"}\x94K\x00h\x00\x85s",
        name("torch", "Size") + b")R\x94h\x00b",
    ],
    ids=["list", "dict", "tuple in a dict", "state of itself"],
)
def test_what_holds_itself_is_refused(circle: bytes) -> None:
    with pytest.raises(UnsafeFileError, match="within itself"):
        parse_pickle(forge.PROTO + circle + b".")


@pytest.mark.parametrize("collect", [b"}(%se", b"\x8f(%s\x90", b"(%s\x91"], ids=["dict", "set", "frozenset"])
def test_keys_of_one_hash_are_refused(collect: bytes) -> None:
    """Integers that are equal modulo ``2**61 - 1`` are: thousands of them take minutes to collect."""
    keys = [pickle.dumps(k * (2**61 - 1), 2)[2:-1] + (b"N" if collect[:1] == b"}" else b"") for k in range(1, 4)]
    made = collect.replace(b"%s", b"".join(keys)).replace(b"e", b"u")
    with pytest.raises(UnsafeFileError, match="an integer of 61 bits as a key"):
        parse_pickle(forge.PROTO + made + b".")


@pytest.mark.parametrize("method", ["items", "values", "keys", "__class__", "get"])
def test_a_dictionary_keeps_its_methods(method: str) -> None:
    made = name("collections", "OrderedDict") + b")R}" + text(method) + b"Nsb"
    with pytest.raises(UnsafeFileError, match=f"replaces the method '{method}' of a dictionary"):
        parse_pickle(forge.PROTO + made + b".")
    assert parse_pickle(forge.PROTO + made.replace(text(method), text("_metadata")) + b".") == {}


def test_shared_structures_are_not_unfolded_in_messages_or_comparisons() -> None:
    laughs = b"K\x01" + b"\x94" + b"".join(b"h" + bytes([i]) + b"\x86\x94" for i in range(99))
    for made in (
        call(name("numpy", "dtype"), laughs, b"\x89\x88"),
        forge.array(laughs, b""),
        call(name("_codecs", "encode"), text("x"), laughs),
        call(name("numpy.core.multiarray", "scalar"), laughs, octets(b"")),
        laughs + b"\x85R",
    ):
        with pytest.raises(BadInputError) as caught:
            parse_pickle(forge.PROTO + made + b".")
        assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    "nest",
    [b"]" * 10**5 + b"a" * (10**5 - 1), b")" + b"\x85" * 10**5, b"}" + b"N}" * 10**5 + b"s" * 10**5],
    ids=["lists", "tuples", "dicts"],
)
def test_deep_nesting_is_refused(nest: bytes) -> None:
    with pytest.raises(UnsafeFileError, match="nests containers more than 100 deep"):
        parse_pickle(forge.PROTO + nest + b".")


def test_endless_steps_end() -> None:
    with pytest.raises(UnsafeFileError, match="more steps"):
        parse_pickle(forge.PROTO + b"N0" * 1_100_000 + b"N.")


def test_copies_of_one_long_text_are_counted() -> None:
    start = text("x" * 10**6) + b"\x94" + name("_codecs", "encode") + b"\x94" + b"00"
    bomb = start + (b"h\x01h\x00" + text("latin1") + b"\x86R0") * 1000
    with pytest.raises(UnsafeFileError, match="more memory"):
        parse_pickle(forge.PROTO + bomb + b"N.")


def test_copies_of_one_long_array_are_counted() -> None:
    data = octets(bytes(10**6)) + b"\x940"
    made = call(name("numpy.core.multiarray", "_reconstruct"), name("numpy", "ndarray"), sizes(0), octets(b"b"))
    one = made + b"(K\x01" + sizes(250_000) + forge.dtype("f4") + b"\x89h\x00tb0"
    with pytest.raises(UnsafeFileError, match="more memory"):
        parse_pickle(forge.PROTO + data + one * 1000 + b"N.")


@pytest.mark.parametrize("protocol", [2, 4])
def test_every_truncation_is_an_error(protocol: int) -> None:
    honest = {"a": [1, 2.5, "text", b"bytes", None], "b": np.arange(3.0), "c": OrderedDict(x={1, 2})}
    data = pickle.dumps(honest, protocol)
    for end in range(2, len(data)):
        with pytest.raises(BadInputError):
            parse_pickle(data[:end])
