"""The first small batch of a foreign model: what it returns, and whether it draws random numbers or uses its batch."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from baselines.ops.tiles import single_core_pool
from ganbench.errors import BadInputError
from ganbench.models.foreign.pictures import Pictures, extremes, range_of, tensor_of
from ganbench.models.foreign.program import Program, random_states, random_states_kept
from ganbench.types import Interface

BATCH = 4
DRAWS = " It draws random numbers, and so runs one image at a time, seeded by the image's input."
ALONE = 1e-3  # largest difference of an image from the same image in another batch, relative to the largest value


@dataclass(frozen=True)
class Trial:
    """Findings from a first batch.

    Attributes:
        pictures: conversion of the images to those that are measured.
        returned: channels, height and width of the images returned.
        measured: channels, height and width of the images measured.
        extremes: smallest and largest value returned.
        digest: sha256 of the images returned, which differs for another program or other weights.
        warnings: sentences for the record.
        draws: whether it draws random numbers.
    """

    pictures: Pictures
    returned: tuple[int, int, int]
    measured: tuple[int, int, int]
    extremes: tuple[float, float]
    digest: str
    warnings: tuple[str, ...]
    draws: bool

    @property
    def remark(self) -> str:
        """One line for people on size and range of the images."""
        (low, high), (least, most), (channels, height, width) = self.pictures.range, self.extremes, self.returned
        return (
            f"{self.pictures.name} makes images of {width}x{height} with {channels} channel{'s' * (channels > 1)}; its "
            f"first values, {least:.3g}..{most:.3g}, are taken to be of {low:g}..{high:g}.{DRAWS * self.draws}"
        )

    def about(self) -> dict[str, Any]:
        """Return the findings for the record."""
        return {
            "range": list(self.pictures.range),
            "values of the first batch": list(self.extremes),
            "size": list(self.returned),
            "draws random numbers": self.draws,
        }


def tried(program: Program, inputs: tuple[Tensor, ...], interface: Interface) -> Trial:
    """Return the findings from a first batch; if the program draws random numbers, set ``program.draws``.

    On a CPU it runs on one core, as it does later, so that the last bits and the digest are the same in every process.

    Args:
        program: the program.
        inputs: its inputs, for up to four images.
        interface: range and size of its images, as far as they are given.

    Raises:
        BadInputError: it raised an exception, did not return images of the range, or returned other images for the same
            inputs and seeds.
    """
    run = _on_one_core if inputs[0].is_cpu else _here
    with random_states_kept():
        before = random_states()
        returned = run(program, inputs)
        program.draws = random_states() != before
    if program.draws:
        returned = run(program, inputs)
    raw = tensor_of(program.name, returned, len(inputs[0]))
    pictures = Pictures(program.name, range_of(program.name, raw, interface.range), interface.resize)
    _check_repeats(program, raw, run(program, inputs))
    alone = tensor_of(program.name, run(program, tuple(each[:1] for each in inputs)), 1)
    digest = hashlib.sha256(raw.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes()).hexdigest()
    measured = pictures.of(raw, len(raw))
    return Trial(
        pictures, _size(raw), _size(measured), extremes(raw), digest, _warnings(raw, alone, program.name), program.draws
    )


def _size(images: Tensor) -> tuple[int, int, int]:
    _, channels, height, width = images.shape
    return channels, height, width


def _on_one_core(program: Program, inputs: tuple[Tensor, ...]) -> Any:
    with single_core_pool(1) as pool:
        return pool.submit(_here, program, inputs).result()


@torch.inference_mode()
def _here(program: Callable[..., Any], inputs: tuple[Tensor, ...]) -> Any:
    return program(*inputs)


def _check_repeats(program: Program, first: Tensor, second: Any) -> None:
    again = tensor_of(program.name, second, len(first))
    if first.shape == again.shape and _difference(first, again) <= (0 if first.is_cpu else ALONE):
        return
    raise BadInputError(
        f"expected equal images from {program.name} for equal inputs, found others at the second call although torch, "
        "NumPy and Python's random were seeded alike: draw its noise from one of them, or seed its own generator in "
        "each call."
    )


def _difference(one: Tensor, other: Tensor) -> float:
    """Return the largest difference, relative to the largest value."""
    reach = max(1e-30, float(one.double().abs().max()))
    return float((one.double() - other.double()).abs().max()) / reach


def _warnings(together: Tensor, alone: Tensor, name: str) -> tuple[str, ...]:
    if alone.shape[1:] == together.shape[1:] and _difference(together[:1], alone) > ALONE:
        return (
            f"an image of {name} depends on the others in its batch, such as by batch statistics: its numbers "
            "hold for this device and batch size.",
        )
    return ()
