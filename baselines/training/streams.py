"""Random streams that depend on (seed, position, purpose) alone: a resumed run draws what it would have drawn."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


def stream(seed: int, position: int, purpose: str) -> torch.Generator:
    """Return a fresh CPU generator for one draw; the global random state is neither read nor changed.

    Args:
        seed: of the run.
        position: of the draw: a step or an epoch.
        purpose: what the draw is for, such as ``"Gmain/z"``.
    """
    digest = hashlib.blake2b(f"{seed}/{position}/{purpose}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)


def normal(generator: torch.Generator, *shape: int, device: torch.device | str = "cpu") -> Tensor:
    """Return standard normal draws, float32, the same on every device because they are drawn on the CPU."""
    return torch.randn(*shape, generator=generator).to(device)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the CPU's global stream for the body, for constructors that draw from it, and then put it back."""
    before = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)  # torch.manual_seed would also seed the GPUs
    try:
        yield
    finally:
        torch.set_rng_state(before)
