"""``torchscript:FILE``: a program that ``torch.jit.save`` wrote, with its weights; it is run."""

import re
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from ganbench.checkpoints.digest import file_sha256
from ganbench.checkpoints.filekind import ZIP, kind_of
from ganbench.errors import BadInputError
from ganbench.models.adapter import BaseAdapter
from ganbench.models.foreign.program import reason
from ganbench.models.foreign.wrapping import loaded_model
from ganbench.types import Interface, LoadedModel

DEVICE = re.compile(r'torch\.device\("cuda|value="(cuda(:\d+)?)"')


class TorchScriptAdapter(BaseAdapter):
    """The way in for TorchScript files, whose saved attributes may describe what they take."""

    benchmark = ""
    takes_path = True
    runs_code = True

    def load(self, weights: Path | None, device: str) -> Any:
        """Return the model that the file's attributes describe; see ``open``."""
        return self.open("torchscript", weights, device, None, Interface()).model

    def open(
        self, name: str, weights: Path | None, device: str, entry: str | None, interface: Interface
    ) -> LoadedModel:
        """Return the program in a file as a model.

        Raises:
            BadInputError: no file is named, it is damaged or holds no program, or the program needs another device.
        """
        if weights is None:
            raise BadInputError("expected a TorchScript file, found none: name it as torchscript:FILE.")
        if entry is not None:
            raise BadInputError(f"expected one program in {weights}, found the entry {entry!r}: leave it out.")
        network = _read(weights, device)
        code = {"program": "TorchScript", "file": weights.name, "file sha256": file_sha256(weights)}
        return loaded_model(name, network, interface, device, str(weights), code)


def _read(path: Path, device: str) -> Any:
    if kind_of(path) != ZIP or not _holds_code(path):
        raise BadInputError(
            f"expected a TorchScript file, found one without a program: {path}; save it by torch.jit.save, or name the "
            "network's code with --model module:make --weights FILE."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", FutureWarning
            )  # the deprecation of TorchScript does not help someone who has a file
            network = torch.jit.load(str(path), map_location="cpu").eval()  # type: ignore[no-untyped-call]  # untyped in torch
        _check_device(network, path, device)
        return network.to(device)
    except BadInputError:
        raise
    except Exception as error:  # the reader in C++ has no error classes of its own
        raise BadInputError(
            f"expected a whole TorchScript file, found that torch cannot read it ({reason(error)}): {path}; copy or "
            "save it again."
        ) from error


def _holds_code(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any("/code/" in name for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise BadInputError(
            f"expected a whole TorchScript file, found a damaged one: {path}; copy it again."
        ) from error


def _check_device(network: Any, path: Path, device: str) -> None:
    if device.startswith("cuda"):
        return
    found = DEVICE.search(str(network.inlined_graph))
    if found:
        raise BadInputError(
            f"expected a TorchScript file for any device, found that its program makes tensors on cuda: {path}; trace "
            "it on the CPU, or run with --device cuda."
        )


adapter = TorchScriptAdapter()
