"""Random streams that depend on ``(seed, position, purpose)`` alone, so that a resumed run draws the same numbers."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from baselines.training.ranks import WHOLE, RankSlice


def stream(seed: int, position: int, purpose: str) -> torch.Generator:
    """Return a new CPU generator for one purpose; the global random state is neither read nor changed.

    Args:
        seed: of the run.
        position: the step or epoch of the draws.
        purpose: what the draws are for, such as ``"Gmain/z"``.
    """
    # Hashed, so that neighbouring seeds and steps give unrelated streams.
    digest = hashlib.blake2b(f"{seed}/{position}/{purpose}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)  # 63 bits, never negative


def normal(generator: torch.Generator, *shape: int, device: torch.device | str = "cpu") -> Tensor:
    """Return standard normal draws of a shape, float32; drawn on the CPU, so that all devices get the same."""
    return moved(torch.randn(*shape, generator=generator), device)


def normal_rows(
    draws: torch.Generator, count: int, shape: Sequence[int], device: torch.device, rows: RankSlice = WHOLE
) -> Tensor:
    """Return this process's rows of standard normal draws ``[count, *shape]``, for as many images.

    On a CPU, they are drawn for the whole batch. Elsewhere they are drawn on the device itself, because copying so much
    would be slow; so they differ between kinds of device.
    """
    if device.type == "cpu":
        return rows.of(torch.randn([count, *shape], generator=draws))
    # An image's noise has its own seed, so that a process draws that of its own images alone.
    seeds = rows.of(torch.randint(2**63 - 1, [count], generator=draws)).tolist()
    noise, device_draws = torch.empty([len(seeds), *shape], device=device), generator_on(device)
    for image, seed in zip(noise, seeds, strict=True):
        image.normal_(generator=device_draws.manual_seed(seed))
    return noise


def generator_on(device: torch.device | str) -> torch.Generator:
    """Return a generator that draws on a device, to be seeded."""
    return torch.Generator(device)


def moved(x: Tensor, device: torch.device | str) -> Tensor:
    """Return ``x`` on a device; a copy from the CPU to a GPU does not make the host wait for the GPU's work."""
    if x.is_cpu and torch.device(device).type == "cuda":
        return x.pin_memory().to(device, non_blocking=True)  # without pinning, the copy would be synchronous
    return x.to(device)


def like(x: Tensor, other: Tensor) -> Tensor:
    """Return ``x`` with the dtype of another tensor and on its device; see ``moved``."""
    return moved(x.to(other.dtype), other.device)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the CPU's global random state during the body, for constructors that draw from it, and restore it."""
    before = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)  # torch.manual_seed would also seed the GPUs
    try:
        yield
    finally:
        torch.set_rng_state(before)
