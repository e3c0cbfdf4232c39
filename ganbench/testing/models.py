"""The laws of models: those of all models, and those that each protocol adds."""

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from ganbench.inputs.generated import FARTHEST
from ganbench.rng import Streams
from ganbench.testing.laws import Laws
from ganbench.testing.tolerances import ALONE, FLOAT64
from ganbench.testing.translators import check_translator
from ganbench.types import EquivariantGenerator, FixedSamples, Generator, Rectangular, StyleGenerator, Translator

SHIFT = 0.125  # as a fraction of the image width
BATCH = 4


def check_model(model: Any, *, resolution: int = 64) -> None:
    """Check the laws of a model, on random latents or images.

    Args:
        model: the object that its adapter loads: a ``Generator``, a ``FixedSamples`` or a ``Translator``.
        resolution: height and width of images for a translator that takes any size.

    Raises:
        AssertionError: a law is broken.
    """
    laws = Laws(f"the model {type(model).__name__}")
    of_a_kind = isinstance(model, Generator | FixedSamples | Translator)
    laws.hold(of_a_kind, "it follows one protocol", "a Generator, FixedSamples or Translator", type(model).__name__)
    if isinstance(model, nn.Module):
        training = [name or "the model" for name, module in model.named_modules() if module.training]
        laws.hold(not training, "it is loaded in eval mode", "no part in train mode", ", ".join(training))
    with laws.untouched_random_state(), torch.inference_mode():
        if isinstance(model, FixedSamples):
            _check_samples(laws, model)
        if isinstance(model, Generator):
            _check_generator(laws, model)
        if isinstance(model, StyleGenerator):
            _check_mapping(laws, model)
            _check_synthesis(laws, model)
        if isinstance(model, EquivariantGenerator):
            _check_transform(laws, model)
        if isinstance(model, Translator):
            check_translator(laws, model, resolution)


def _check_samples(laws: Laws, model: FixedSamples) -> None:
    count = len(model)
    laws.hold(count > 0, "there are samples", "one at least", count)
    indices = list(dict.fromkeys((0, count // 2, count - 1)))
    images = model.images(indices)
    laws.tensor(images, (len(indices), *_size(model)), "samples are of the declared size")
    laws.equal(torch.float32, images.dtype, "samples are float32")
    _check_range(laws, images, 1.0)
    law = "sample i is image i in any order of indices"
    laws.equal(images.flip(0), model.images(indices[::-1]), law)
    laws.equal(images[:1], model.images(indices[:1]), law)


def _size(model: Any) -> tuple[int, int, int]:
    size = model.height_and_width if isinstance(model, Rectangular) else (model.img_resolution,) * 2
    return model.img_channels, size[0], size[1]


def _check_range(laws: Laws, images: Tensor, most: float) -> None:
    low, high = float(images.min()), float(images.max())
    law = "images are nominally in -1..1"
    laws.hold(max(-low, high) <= most, law, f"no value beyond +-{most:g}", f"{low:.4g}..{high:.4g}")
    laws.hold(low < 0, law, "some value below 0", f"{low:.4g}..{high:.4g}")


def _inputs(model: Generator, indices: tuple[int, ...] = tuple(range(BATCH))) -> tuple[Tensor, Tensor | None]:
    streams = Streams(0, indices)
    z = streams.normal("z", (model.z_dim,))
    return z, one_hot(streams.integers("label", model.c_dim), model.c_dim).float() if model.c_dim else None


def _row(c: Tensor | None, row: int) -> Tensor | None:
    return None if c is None else c[row : row + 1]


def _check_generator(laws: Laws, model: Generator) -> None:
    z, c = _inputs(model)
    before = z.clone()
    images = model(z, c)
    laws.equal(before, z, "latents are left as they are")
    laws.tensor(images, (BATCH, *_size(model)), "images are of the declared size")
    laws.hold(images.is_floating_point(), "images are floating point", "floats", images.dtype)
    _check_range(laws, images, FARTHEST)
    laws.equal(images, model(z, c), "equal latents give equal images")
    laws.hold(not torch.equal(images[0], images[1]), "other latents give another image", "another", "the same")
    for row in (0, BATCH - 1):
        laws.close(
            images[row : row + 1], model(z[row : row + 1], _row(c, row)), "an image does not depend on its batch"
        )


def _check_mapping(laws: Laws, model: StyleGenerator) -> None:
    z, c = _inputs(model)
    ws = model.mapping(z, c)
    laws.tensor(ws, (BATCH, model.num_ws, model.w_dim), "mapping returns [N, num_ws, w_dim]")
    laws.close(ws[:1], model.mapping(z[:1], _row(c, 0)), "the w of a latent does not depend on its batch", ALONE)
    laws.equal(ws, model.mapping(z, c, truncation_psi=1.0), "psi 1 truncates nothing")
    mean, half = (model.mapping(z, c, truncation_psi=psi) for psi in (0.0, 0.5))
    laws.close((ws + mean) / 2, half, "psi interpolates between w_avg and w", ALONE)
    if not model.c_dim:
        laws.close(mean[:1].expand_as(mean), mean, "psi 0 is w_avg for every latent", ALONE)
    first = model.mapping(z, c, truncation_psi=0.5, truncation_cutoff=1)
    laws.close(half[:, :1], first[:, :1], "a cutoff of 1 truncates the first layer", ALONE)
    laws.close(ws[:, 1:], first[:, 1:], "a cutoff of 1 leaves the other layers as they are", ALONE)


def _check_synthesis(laws: Laws, model: StyleGenerator) -> None:
    ws = model.mapping(*_inputs(model))
    before, streams = ws.clone(), Streams(0, tuple(range(BATCH)))
    for mode in ("const", "none"):
        images = model.synthesis(ws, noise_mode=mode)
        laws.tensor(images, (BATCH, *_size(model)), f"images with noise {mode} are of the declared size")
        laws.equal(images, model.synthesis(ws, noise_mode=mode), f"noise {mode} is the same each time")
        laws.close(images[:1], model.synthesis(ws[:1], noise_mode=mode), "an image does not depend on its batch")
    noisy = model.synthesis(ws, noise_mode="random", streams=streams)
    laws.equal(before, ws, "ws are left as they are")
    laws.equal(noisy, model.synthesis(ws, noise_mode="random", streams=streams), "noise comes from the streams alone")
    last = model.synthesis(ws[-1:], noise_mode="random", streams=Streams(0, (BATCH - 1,)))
    laws.close(noisy[-1:], last, "random noise belongs to the image and not to its place in the batch")
    _check_float64(laws, model, ws)


def _check_float64(laws: Laws, model: StyleGenerator, ws: Tensor) -> None:
    if not isinstance(model, nn.Module):
        return
    single = model.synthesis(ws, noise_mode="const", force_fp32=True)
    double = copy.deepcopy(model).double().synthesis(ws.double(), noise_mode="const", force_fp32=True)
    laws.equal(torch.float64, double.dtype, "the float64 twin makes float64 images")
    laws.close(single, double, "the float64 twin makes the same images", FLOAT64)
    again = model.synthesis(ws, noise_mode="const", force_fp32=True)
    laws.equal(single, again, "making the float64 twin leaves the model as it is")


def _check_transform(laws: Laws, model: EquivariantGenerator) -> None:
    ws = model.mapping(*_inputs(model))
    moves = torch.eye(3).repeat(BATCH, 1, 1)
    moves[1:, 0, 2] = SHIFT
    still = model.synthesis(ws)
    try:
        model.set_transform(torch.eye(3))
        laws.equal(still, model.synthesis(ws), "the identity transforms nothing")
        model.set_transform(moves[1])
        moved = model.synthesis(ws)
        laws.hold(not torch.equal(moved, still), "a shift moves the image", "another image", "the same")
        model.set_transform(moves)
        each = model.synthesis(ws)
    finally:
        model.set_transform(torch.eye(3))
    expected = torch.cat([still[:1], moved[1:]])
    laws.close(expected, each, "one transform an image does what each does alone", ALONE)
    laws.equal(still, model.synthesis(ws), "the transform can be taken back")
