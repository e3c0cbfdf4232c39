"""Files that try to execute, lie or break, each opened in a process of its own with bounded memory and time."""

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkpoints import forge
from tests.checkpoints.forge import call, name, number, octets, sizes, text
from tests.checkpoints.sentences import assert_one_sentence
from tests.golden_cases import GOLDEN

# Opens files with the memory bounded and says what came of each.
OPEN = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]) << 30,) * 2)
from ganbench import checkpoints
from ganbench.errors import GanbenchError
told = []
for path in sys.argv[3:]:
    try:
        getattr(checkpoints, sys.argv[1])(path)
        told.append(["", ""])
    except GanbenchError as error:
        told.append([type(error).__name__, str(error)])
peak = [int(line.split()[1]) >> 10 for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(json.dumps([told, "torch" in sys.modules, peak[0]]))
"""
GOLDEN_FILES = sorted((GOLDEN / "hostile").glob("*.pkl"))
HARMLESS = {"00_control_good.pkl", "07_build_module_src.pkl"}
REFUSALS = ("UnsafeFileError", "BadInputError")


def opened(verb: str, folder: Path, *paths: Path, with_torch: bool = False) -> list[list[str]]:
    """Return class and text of the error for each file; nothing may have been executed, nor much memory taken."""
    command = [sys.executable, "-c", OPEN, verb, "8" if with_torch else "3", *map(str, paths)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    told: list[list[str]]
    told, torch_loaded, peak = json.loads(done.stdout)
    assert torch_loaded == with_torch
    assert peak < (1000 if with_torch else 100)  # MiB; torch and scipy alone take some 600
    assert list(folder.iterdir()) == []
    return told


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("path", GOLDEN_FILES, ids=lambda path: path.stem)
def test_golden_files_are_read_or_refused(path: Path, empty: Path) -> None:
    ((kind, message),) = opened("read_pickle", empty, path)
    if path.name in HARMLESS:
        assert kind == ""
    else:
        assert kind in REFUSALS
        assert_one_sentence(message, path)


@pytest.mark.parametrize("path", GOLDEN_FILES, ids=lambda path: path.stem)
def test_golden_files_make_no_networks(path: Path, empty: Path) -> None:
    ((kind, message),) = opened("load", empty, path, with_torch=path.name in HARMLESS)
    assert kind in REFUSALS
    assert_one_sentence(message, path)
    # The variables of those that are read are toys, which fit no network.
    assert ("holds the variable G_synthesis/4x4/Const/const" in message) == (path.name in HARMLESS)


def _repeated_modules(path: Path) -> Path:
    """Write modules that each hold the next one twice: few bytes, and 2**14 modules when walked."""
    empty = call(name("torch_utils.persistence", "_reconstruct_persistent_obj"), _meta(b"}"))
    nest = empty + b"\x940"
    for level in range(14):
        twice = b"}(" + text("a") + b"j" + struct.pack("<I", level) + text("b") + b"j" + struct.pack("<I", level) + b"u"
        state = b"}" + text("_modules") + twice + b"s"
        nest += call(name("torch_utils.persistence", "_reconstruct_persistent_obj"), _meta(state)) + b"\x940"
    return forge.write(path, nest, b"}" + text("G_ema") + b"h\x0es")


def _meta(state: bytes) -> bytes:
    known = b"".join(text(key) + text(value) for key, value in {"type": "class", "class_name": "Generator"}.items())
    return b"}(" + known + text("state") + state + b"u"


def _module_inside_itself(path: Path) -> Path:
    modules = b"}q\x00"
    made = call(
        name("torch_utils.persistence", "_reconstruct_persistent_obj"),
        _meta(b"}" + text("_modules") + modules + b"s"),
    )
    knot = made + b"q\x01" + b"h\x00" + text("a") + b"h\x01s0"
    return forge.write(path, b"}" + text("G_ema") + knot + b"s")


SOUND = {"z_dim": 8, "c_dim": 0, "w_dim": 8, "img_resolution": 16, "img_channels": 1, "channel_max": 4}
SIZES = b"".join(text(key) + number(value) for key, value in SOUND.items())


def _same_tensor_everywhere(path: Path) -> Path:
    """Write one tensor of 4 MB under a thousand names."""
    import torch

    values = torch.zeros(10**6)
    tensor = forge.tensor(forge.inner(values), sizes(10**6), sizes(1)) + b"q\x000"
    names = b"".join(text(f"x{i}") + b"h\x00" for i in range(1000)) + text("freqs") + b"h\x00"
    parameters = b"}" + text("_parameters") + b"}(" + names + b"us"
    inside = call(name("torch_utils.persistence", "_reconstruct_persistent_obj"), _meta(parameters))
    for outer in ("input", "synthesis"):
        state = b"}(" + text("_modules") + b"}" + text(outer) + inside + b"s"
        state += text("_init_kwargs") + b"}" + b"(" + SIZES + b"u" + b"u"
        inside = call(name("torch_utils.persistence", "_reconstruct_persistent_obj"), _meta(state))
    return forge.write(path, tensor, b"}" + text("G_ema") + inside + b"s")


def _endless_arguments(**kwargs: object) -> Callable[[Path], Path]:
    """Return a writer of a sound little snapshot whose constructor would compute for ever, or take all memory."""

    def write(path: Path) -> Path:
        from baselines.stylegan3.networks import Generator

        G = Generator(**SOUND)  # type: ignore[arg-type]
        return forge.snapshot(path, G_ema=forge.stored(G, "Generator", {**SOUND, **kwargs}))

    return write


WALKED = {
    "modules that repeat": _repeated_modules,
    "a module inside itself": _module_inside_itself,
    "one tensor everywhere": _same_tensor_everywhere,
    "endless layers": _endless_arguments(num_layers=10**9),
    "many layers": _endless_arguments(num_layers=10**5),
    "endless width": _endless_arguments(channel_max=2**20, channel_base=2**20, z_dim=2**20, w_dim=2**20),
    "wide beyond counting": _endless_arguments(channel_max=2**62),
    "a vast image": _endless_arguments(img_resolution=2**20),
    "a large image": _endless_arguments(img_resolution=4096),
    "endless filters": _endless_arguments(filter_size=2**20, use_radial_filters=True),
    "rates that jump": _endless_arguments(first_cutoff=1e-6, first_stopband=1e-5, use_radial_filters=True),
    "rates that jump up": _endless_arguments(num_layers=3, img_resolution=4096, use_radial_filters=True),
    "rates of nothing": _endless_arguments(first_cutoff=0.0),
    "rates below zero": _endless_arguments(first_stopband=-1.0),
    "only critical layers": _endless_arguments(num_layers=14, num_critical=14),
    "endless mapping": _endless_arguments(mapping_kwargs={"num_layers": 10**6}),
    "arguments in arguments": _endless_arguments(mapping_kwargs={"a": {"b": {"c": {"d": 1}}}}),
    "a text for a number": _endless_arguments(channel_base="many"),
    "an unknown argument": _endless_arguments(class_name="os.system"),
    "infinite gain": _endless_arguments(output_scale=float("inf")),
}


def test_networks_that_would_never_end_are_refused(tmp_path: Path, empty: Path) -> None:
    paths = [write(tmp_path / f"{case}.pkl") for case, write in WALKED.items()]
    for path, (kind, message) in zip(paths, opened("load", empty, *paths, with_torch=True), strict=True):
        assert kind in REFUSALS, path.stem
        assert_one_sentence(message, path)


DECLARED = {
    "BINBYTES8": b"\x8e" + struct.pack("<Q", 2**40),
    "BINUNICODE8": b"\x8d" + struct.pack("<Q", 2**40),
    "LONG4": b"\x8b" + struct.pack("<i", 2**31 - 1),
    "memo": b"Nr" + struct.pack("<I", 2**32 - 1) + b"r" + struct.pack("<I", 2**32 - 1) + b"0",
    "array": forge.array(sizes(2**30), bytes(4)),
    "storage": call(name("torch.storage", "_load_from_bytes"), octets(b"\x80\x02")),
    "tensor": call(name("torch._utils", "_rebuild_tensor_v2"), b"N", number(0), sizes(2**40), sizes(1)),
}


def test_declared_sizes_take_no_memory(tmp_path: Path, empty: Path) -> None:
    paths = [forge.write(tmp_path / f"{case}.pkl", opcodes) for case, opcodes in DECLARED.items()]
    for path, (kind, message) in zip(paths, opened("read_pickle", empty, *paths), strict=True):
        assert kind in REFUSALS, path.stem
        assert_one_sentence(message, path)
