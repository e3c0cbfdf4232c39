"""``onnx:FILE``: a program in ONNX, run by onnxruntime (``pip install 'ganbench[onnx]'``)."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganbench.checkpoints.digest import file_sha256
from ganbench.checkpoints.filekind import check_readable
from ganbench.errors import BadInputError
from ganbench.models.adapter import BaseAdapter
from ganbench.models.foreign.onnx_file import check_external_data, external_files
from ganbench.models.foreign.program import Shared, reason
from ganbench.models.foreign.translator import UNNAMED
from ganbench.models.foreign.wrapping import loaded_model
from ganbench.types import Interface, LoadedModel

DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
}


class OnnxAdapter(BaseAdapter):
    """The way in for ONNX files, which describe their inputs except for dimensions that were left open."""

    benchmark = ""
    takes_path = True
    runs_code = True

    def load(self, weights: Path | None, device: str) -> Any:
        """Return the model that the file describes; see ``open``."""
        return self.open("onnx", weights, device, None, Interface()).model

    def open(
        self, name: str, weights: Path | None, device: str, entry: str | None, interface: Interface
    ) -> LoadedModel:
        """Return the program in a file as a model.

        Raises:
            BadInputError: no file is named, it is damaged, takes weights from outside its folder, or onnxruntime is
                missing.
        """
        if weights is None:
            raise BadInputError("expected an ONNX file, found none: name it as onnx:FILE.")
        if entry is not None:
            raise BadInputError(f"expected one program in {weights}, found the entry {entry!r}: leave it out.")
        check_readable(weights)
        check_external_data(weights)
        code = {"program": "ONNX", "file": weights.name, "file sha256": file_sha256(weights)}
        for beside in external_files(weights):
            code[f"{beside} sha256"] = file_sha256(weights.parent / beside)
        return loaded_model(name, OnnxProgram(weights, device), interface, device, str(weights), code)


class OnnxProgram(Shared):
    """A session of onnxruntime as a function of tensors, which several threads may call.

    Attributes:
        z_dim, c_dim: shape of a latent and number of classes, if it is a generator and the file has them.
        label_format: ``index`` if labels are whole numbers.
        domains, img_channels, img_resolution: of the input images, if it is a translator.
    """

    def __init__(self, path: Path, device: str) -> None:
        super().__init__(self._run, safe=True)
        self.session = _session(path, device)
        self.inputs, self.device = self.session.get_inputs(), device
        if not 1 <= len(self.inputs) <= 2:
            shown = ", ".join(each.name for each in self.inputs)
            raise BadInputError(
                f"expected an ONNX file with one input or two, found {len(self.inputs)} ({shown}): {path}; export "
                "what turns latents, or images, into images."
            )
        first = self.inputs[0].shape
        images = len(first) == 4 and not (first[2] == first[3] == 1)
        self.z_dim = None if images else tuple(first[1:]) if all(isinstance(each, int) for each in first[1:]) else None
        of_numbers = len(self.inputs) == 2 and self.inputs[1].type in ("tensor(int64)", "tensor(int32)")
        self.label_format = "index" if of_numbers else None
        self.domains = UNNAMED if images and len(self.inputs) == 1 else None
        self.img_channels = first[1] if images else None
        square = images and first[2] == first[3] and isinstance(first[2], int)
        self.img_resolution = first[2] if square else None
        self.batch = first[0] if first and isinstance(first[0], int) and first[0] > 0 else None

    @property
    def c_dim(self) -> int | None:
        """Number of classes, if labels are one-hot and their length is known."""
        last = self.inputs[-1].shape
        return last[1] if len(self.inputs) == 2 and len(last) == 2 and isinstance(last[1], int) else None

    def _run(self, *inputs: Tensor) -> Tensor:
        if len(inputs) != len(self.inputs):
            names = ", ".join(each.name for each in self.inputs)
            raise BadInputError(
                f"expected {len(inputs)} inputs of the ONNX file, found {len(self.inputs)} ({names}): pass --classes N "
                "or --domains A,B,... where it takes labels, and leave them out where it does not."
            )
        count, size = len(inputs[0]), self.batch or len(inputs[0])
        parts = [self._batch([_padded(each[at : at + size], size) for each in inputs]) for at in range(0, count, size)]
        return torch.cat(parts)[:count] if self.batch else torch.cat(parts)

    def _batch(self, inputs: list[Tensor]) -> Tensor:
        fed = {
            each.name: given.detach().cpu().numpy().astype(DTYPES.get(each.type, np.float32))
            for each, given in zip(self.inputs, inputs, strict=True)
        }
        return torch.from_numpy(np.array(self.session.run(None, fed)[0])).to(self.device)


def _padded(part: Tensor, size: int) -> Tensor:
    """Return a batch of the size that was exported, with its last input repeated."""
    lacking = size - len(part)
    return torch.cat([part, part[-1:].expand(lacking, *part.shape[1:])]) if lacking else part


def _session(path: Path, device: str) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise BadInputError(
            f"expected onnxruntime to run {path}, found it missing: install it by pip install 'ganbench[onnx]'."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # each tile has one core, and last bits do not vary
    options.log_severity_level = 4
    wanted = ["CUDAExecutionProvider"] if device.startswith("cuda") else []
    providers = [each for each in (*wanted, "CPUExecutionProvider") if each in onnxruntime.get_available_providers()]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime's errors have no common class
        raise BadInputError(
            f"expected a whole ONNX file, found that onnxruntime cannot load it ({reason(error)}): {path}; copy or "
            "export it again."
        ) from error


adapter = OnnxAdapter()
