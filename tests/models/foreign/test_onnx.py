"""Programs in ONNX: what they give, and files that reach outside their folder."""

import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from strangers import DCGAN

from ganbench.errors import BadInputError
from ganbench.models.base import load_model
from ganbench.models.foreign.onnx_file import check_external_data, external_files, fields
from ganbench.testing import check_model
from tests.cli.command_line import ganbench
from tests.models.foreign.test_kinds import KINDS, PAIR, SAMPLES, TRANSLATED, measured, values

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def constant(name: str, array: Any) -> Any:
    return onnx.numpy_helper.from_array(np.asarray(array, np.float32), name)


def generator(batch: Any = "n", *, z_dim: Any = 8, labels: str = "") -> Any:
    """Return a model: the sine of latents times random weights, and of labels, as 32x32 images."""
    rng = np.random.default_rng(0)
    helper, number = onnx.helper, onnx.TensorProto
    inputs = [helper.make_tensor_value_info("z", number.FLOAT, [batch, z_dim])]
    weights = [constant("w", rng.normal(size=(8, 1024))), constant("v", rng.normal(size=(10, 1024)))]
    nodes, total = [helper.make_node("MatMul", ["z", "w"], ["zw"])], "zw"
    if labels == "one-hot":
        inputs.append(helper.make_tensor_value_info("c", number.FLOAT, [batch, 10]))
        nodes += [helper.make_node("MatMul", ["c", "v"], ["cv"]), helper.make_node("Add", ["zw", "cv"], ["sum"])]
    if labels == "index":
        inputs.append(helper.make_tensor_value_info("c", number.INT64, [batch]))
        nodes += [helper.make_node("Gather", ["v", "c"], ["cv"]), helper.make_node("Add", ["zw", "cv"], ["sum"])]
    total = "sum" if labels else "zw"
    shape = onnx.numpy_helper.from_array(np.array([-1, 1, 32, 32], np.int64), "shape")
    nodes += [helper.make_node("Sin", [total], ["y"]), helper.make_node("Reshape", ["y", "shape"], ["x"])]
    outputs = [helper.make_tensor_value_info("x", number.FLOAT, None)]
    graph = helper.make_graph(nodes, "g", inputs, outputs, [*weights[: 2 if labels else 1], shape])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def inverse() -> Any:
    helper, number = onnx.helper, onnx.TensorProto
    size = ["n", 1, 32, 32]
    nodes = [helper.make_node("Neg", ["x"], ["y"])]
    ends = [helper.make_tensor_value_info(name, number.FLOAT, size) for name in "xy"]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def saved(model: Any, path: Path) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return saved(generator(), tmp_path / "g.onnx")


def test_the_file_says_what_it_takes_and_gives_the_same_as_torch(file: Path) -> None:
    model = load_model(f"onnx:{file}")
    assert (model.z_dim, model.c_dim, model.img_resolution, model.img_channels) == (8, 0, 32, 1)
    z = torch.randn(3, 8)
    weights = torch.from_numpy(np.random.default_rng(0).normal(size=(8, 1024)).astype(np.float32))
    torch.testing.assert_close(model(z), (z @ weights).sin().reshape(3, 1, 32, 32), atol=1e-5, rtol=1e-5)
    check_model(model)


def test_it_is_measured_at_any_batch_size(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = measured(tmp_path / "a.json", f"onnx:{file}", *SAMPLES)
    assert first["model"]["provenance"]["program"] == "ONNX"
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))
    assert values(measured(tmp_path / "b.json", f"onnx:{file}", *SAMPLES, "--batch-size", "3")) == values(first)


def test_a_batch_size_that_was_exported_is_kept(file: Path, tmp_path: Path) -> None:
    free, fixed = load_model(f"onnx:{file}"), load_model(f"onnx:{saved(generator(3), tmp_path / 'three.onnx')}")
    z = torch.randn(7, 8)
    torch.testing.assert_close(fixed(z), free(z), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("labels", ["one-hot", "index"])
def test_labels_are_passed_in_their_format(labels: str, tmp_path: Path) -> None:
    path = saved(generator(labels=labels), tmp_path / "c.onnx")
    said = {"classes": 10} if labels == "index" else {}
    model = load_model(f"onnx:{path}", **said)
    assert model.c_dim == 10
    check_model(model)


def test_a_translator_is_known_by_its_input(tmp_path: Path) -> None:
    path = saved(inverse(), tmp_path / "t.onnx")
    found = values(measured(tmp_path / "a.json", f"onnx:{path}", *PAIR, *TRANSLATED))
    assert found == values(measured(tmp_path / "b.json", *KINDS["one direction"]))


def test_a_network_exported_by_torch_is_measured(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    network, z = DCGAN().eval(), torch.randn(2, 8, 1, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (z,), str(tmp_path / "g.onnx"), dynamo=False, dynamic_axes={"z": {0: "n"}},
                          input_names=["z"])  # fmt: skip
    model = load_model(f"onnx:{tmp_path / 'g.onnx'}")
    torch.testing.assert_close(model(z[:, :, 0, 0]), network(z).detach(), atol=1e-5, rtol=1e-5)


def with_external(location: str) -> Any:
    """Return a model whose weights are said to lie in another file."""
    model = generator()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(4 * 8 * 1024))):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    return model


@pytest.mark.parametrize("location", ["/etc/passwd", "../weights.bin", "a/../../weights.bin", "C:\\weights.bin"])
def test_weights_outside_the_folder_are_refused_before_loading(
    location: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(with_external(location), tmp_path / "g.onnx")
    assert external_files(path) == [location]
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # nobody may load it
    with pytest.raises(BadInputError, match=r"lie in its own folder, found that it reads .*nothing was loaded"):
        load_model(f"onnx:{path}")


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "weights.bin").write_bytes(bytes(4 * 8 * 1024))
    (tmp_path / "inner" / "weights.bin").symlink_to(tmp_path / "weights.bin")
    path = saved(with_external("weights.bin"), tmp_path / "inner" / "g.onnx")
    with pytest.raises(BadInputError, match=r"found that it reads 'weights.bin'"):
        check_external_data(path)


def test_weights_beside_the_file_are_read_and_recorded(tmp_path: Path, file: Path) -> None:
    path = saved(with_external("weights.bin"), tmp_path / "external.onnx")
    with pytest.raises(BadInputError, match=r"expected the weights 'weights.bin' beside .*, found no such file"):
        load_model(f"onnx:{path}")
    weights = np.random.default_rng(0).normal(size=(8, 1024)).astype(np.float32)
    (tmp_path / "weights.bin").write_bytes(weights.tobytes())
    z = torch.randn(2, 8)
    assert torch.equal(load_model(f"onnx:{path}")(z), load_model(f"onnx:{file}")(z))


def test_tensors_are_looked_for_wherever_they_may_lie(tmp_path: Path) -> None:
    helper = onnx.helper
    inner = with_external("../deep.bin").graph
    node = helper.make_node("If", ["a"], ["b"], then_branch=inner, else_branch=helper.make_graph([], "e", [], []))
    held = helper.make_node("Constant", [], ["k"], value=with_external("/held.bin").graph.initializer[0])
    model = helper.make_model(helper.make_graph([node, held], "outer", [], []))
    model.functions.append(helper.make_function("d", "f", [], [], [held], [helper.make_opsetid("", 17)]))
    assert external_files(saved(model, tmp_path / "m.onnx")) == ["../deep.bin", "/held.bin"]


def test_damaged_files_are_told(file: Path, tmp_path: Path) -> None:
    content = file.read_bytes()
    for name, part in (("cut", content[:-50]), ("text", b"hello, this is text"), ("one", content[: len(content) // 2])):
        (tmp_path / name).write_bytes(part)
        done = ganbench("run", "--model", f"onnx:{tmp_path / name}", *SAMPLES)
        assert done.exit_code == 2
        assert "expected a whole ONNX file, found" in done.stderr.splitlines()[-1]


def test_fields_are_those_of_the_wire_format() -> None:
    # Field 1 a varint of 300, field 2 the bytes "hi", field 3 a fixed 32-bit number.
    message = memoryview(bytes([0x08, 0xAC, 0x02, 0x12, 0x02, 0x68, 0x69, 0x1D, 1, 0, 0, 0]))
    assert [(number, bytes(content)) for number, content in fields(message)] == [(2, b"hi")]
    for damaged in (b"\x12\x05hi", b"\x08\xac", b"\x0b", b"\x02\x00"):
        with pytest.raises(ValueError, match=r"."):
            list(fields(memoryview(damaged)))


def test_a_missing_onnxruntime_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BadInputError, match=r"found it missing: install it by pip install 'ganbench\[onnx\]'"):
        load_model(f"onnx:{file}")
