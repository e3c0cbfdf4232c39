"""Which implementation of an operator runs: a fused Triton kernel on CUDA, or plain PyTorch."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import torch
from torch import Tensor

__all__ = ["CHOICES", "VARIABLE", "fusable", "implementation"]

CHOICES = ("auto", "reference", "triton")
"""``auto`` fuses on CUDA, ``reference`` never does, and ``triton`` also does on the CPU, in Triton's interpreter."""

VARIABLE = "BASELINES_OPS"
"""Environment variable with the choice at the start of the process."""

TRITON = find_spec("triton") is not None  # PyTorch for CUDA on Linux brings it along

_choice = os.environ.get(VARIABLE, "auto")


def fusable(device: torch.device, dtype: torch.dtype, *filters: Tensor | None) -> bool:
    """Return whether the fused kernels apply: to float16 or float32 on CUDA, with filters that are constants.

    Raises:
        ValueError: for an unknown choice.
    """
    if _choice not in CHOICES:
        raise ValueError(f"unknown {VARIABLE}={_choice!r}: choose one of {', '.join(CHOICES)}.")
    if _choice == "reference" or not TRITON or dtype not in (torch.float16, torch.float32):
        return False
    if any(f is not None and f.requires_grad for f in filters):
        return False
    return device.type == "cuda" or (_choice == "triton" and device.type == "cpu")


@contextmanager
def implementation(choice: str) -> Iterator[None]:
    """Use another of ``CHOICES`` inside the ``with`` statement, in all threads."""
    global _choice  # noqa: PLW0603 - the threads of a pass share it, unlike a context variable
    before, _choice = _choice, choice
    try:
        yield
    finally:
        _choice = before
