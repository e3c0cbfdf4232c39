"""Scalar buffers whose value the host needs: read from the device once, and not again while nothing writes to them."""

import torch
from torch import Tensor
from torch.utils.weak import WeakIdKeyDictionary

__all__ = ["set_value", "value_of"]

# By tensor: its version when the value was known, and the value.  Every operation in place makes a new version.
KNOWN = WeakIdKeyDictionary()


def value_of(buffer: Tensor) -> float:
    """Return the value of ``buffer []``; the host waits for the device only if the value was changed there."""
    if buffer.is_inference():  # has no versions
        return float(buffer)
    if buffer not in KNOWN or KNOWN[buffer][0] != buffer._version:
        KNOWN[buffer] = buffer._version, float(buffer)
    value: float = KNOWN[buffer][1]
    return value


@torch.no_grad()
def set_value(buffer: Tensor, value: float) -> None:
    """Set ``buffer []`` to a value that need not be read back; it is rounded as the buffer's dtype demands."""
    rounded = torch.tensor(value, dtype=buffer.dtype)
    buffer.fill_(rounded.item())
    KNOWN[buffer] = buffer._version, float(rounded)
