"""The checksum of a network's weights."""

import hashlib
from typing import Any

import torch
from torch import nn


def digest_of(about: str, model: Any) -> str:
    """Return the sha256 over a text and, of a network, over its parameters and buffers: names, types, shapes, content.

    Args:
        about: what besides the weights makes the model what it is.
        model: whose weights are taken, where it is a network.
    """
    content = hashlib.sha256(about.encode())
    if isinstance(model, nn.Module):
        for key, tensor in sorted(model.state_dict().items()):
            content.update(f"{key} {tensor.dtype} {list(tensor.shape)}".encode())
            content.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return content.hexdigest()
