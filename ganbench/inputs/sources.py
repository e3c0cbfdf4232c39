"""Sources of batches: real images, generated images, pairs along latent paths, generators with transformed inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from ganbench.data.labels import one_hot
from ganbench.functional import lerp, slerp
from ganbench.inputs.batch import BaseSource, Check
from ganbench.inputs.context import Context
from ganbench.inputs.domains import NO_DOMAINS
from ganbench.inputs.generated import RangeCheck, checked_images
from ganbench.inputs.stored import class_problems_of_stored, members_of
from ganbench.rng import Streams
from ganbench.types import (
    EquivariantGenerator,
    FixedSamples,
    Generator,
    StyleGenerator,
    StyleTranslator,
    Translator,
)

Space = Literal["z", "w"]
Sampling = Literal["full", "end"]
NO_REALS = "expected real images, found none: name them with --data FOLDER, ZIP or NAME."


NAME_THEM = "name the images with --data."


@dataclass(frozen=True)
class Reals(BaseSource):
    """The images of the data set, in its order: ``image [N, C, H, W]`` uint8, and their labels where it has any.

    Attributes:
        label: number of the class to take images of; None for all.
    """

    label: int | None = None

    generates: ClassVar[bool] = False
    only_reads: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """Name of the pass."""
        return "reals" if self.label is None else f"reals of class {self.label}"

    def depends(self, context: Context) -> Mapping[str, Any]:
        """Return the fingerprint of the data."""
        return {"data": context.data.fingerprint if context.data else None}

    def length(self, context: Context) -> int | None:
        """Return the number of images."""
        if context.data is None:
            return None
        return len(context.data) if self.label is None else len(context.members(self.label))

    def problems(self, context: Context) -> list[str]:
        """Return a problem if there are no images, or none of the class."""
        if context.data is None:
            if context.statistics is not None:
                return [
                    f"expected images of the reals, found statistics alone in {context.statistics.file}: {NAME_THEM}"
                ]
            return [NO_DOMAINS if isinstance(context.model, Translator) else NO_REALS]
        if self.label is not None and self.label >= context.data.label_dim:
            have = context.data.label_dim or "no"
            return [f"expected reals of class {self.label}, found {have} classes in {context.data.name}: name another."]
        return []

    def draw(self, context: Context, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return ``image [N, C, H, W]`` uint8, and ``c [N, label_dim]`` of labelled data."""
        assert context.data is not None
        if self.label is not None:
            members = context.members(self.label)
            indices = tuple(members[index] for index in indices)
        labels = {"c": context.data.labels(indices)} if context.data.label_dim else {}
        return {"image": context.data.images(indices), **labels}


def labels_of(context: Context, streams: Streams, label: int | None = None) -> Tensor | None:
    """Return the labels of random reals, or of one class, ``[N, c_dim]``; None for an unconditional model.

    Source: the official code of StyleGAN2-ADA: labels follow the distribution of the training set.
    """
    if not context.c_dim:
        return None
    if label is not None:
        return one_hot(torch.full([len(streams)], label), context.c_dim).to(context.device)
    assert context.data is not None
    chosen = streams.integers("label", len(context.data)).tolist()
    return context.data.labels(chosen).to(context.device)


def _latents(context: Context, streams: Streams, purpose: str) -> Tensor:
    return streams.normal(purpose, (context.model.z_dim,)).to(context.device)


class GeneratedSource(BaseSource):
    """Base of the sources of generated images. Labels of a conditional model are drawn from the data."""

    reads_data: ClassVar[bool] = False

    def depends(self, context: Context) -> Mapping[str, Any]:
        """Return weights, seed and, for a conditional model, the data that its labels come from."""
        labels = context.data.fingerprint if context.c_dim and context.data else None
        return {"weights": context.weights_sha256, "seed": context.seed, "labels": labels}


def translator_problems(context: Context) -> list[str]:
    """Return a problem if the model translates images, with the metrics that suit it."""
    if not isinstance(context.model, Translator):
        return []
    suited = (
        "fid_latent, fid_reference, lpips_latent or lpips_reference"
        if isinstance(context.model, StyleTranslator)
        else "fid_translated, accuracy or cycle"
    )
    return [f"expected a generator of images from latents, found a translator of images: take {suited} instead."]


def _class_problems(context: Context, label: int) -> list[str]:
    if label < context.c_dim:
        return []
    have = f"{context.c_dim} classes" if context.c_dim else "no classes"
    return [f"expected a model with class {label}, found one with {have}: leave the class out, or name another."]


def _label_problems(context: Context) -> list[str]:
    c_dim = context.c_dim
    have = context.data.label_dim if context.data else 0
    if c_dim and have != c_dim:
        return [f"expected labels of the model's {c_dim} classes, found {have} in the data: name its data with --data."]
    return []


@dataclass(frozen=True)
class Samples(GeneratedSource):
    """Images of the generator: ``image [N, C, H, W]`` float32, and the latents and labels they came from.

    Attributes:
        truncation_psi: factor of the distance from w_avg; 1 for no truncation.
        truncation_cutoff: number of layers truncated; None for all.
        label: number of the class to generate; None for labels drawn from the data's.
    """

    truncation_psi: float = 1.0
    truncation_cutoff: int | None = None
    label: int | None = None

    @property
    def name(self) -> str:
        """Name of the pass."""
        return self._kind if self.label is None else f"{self._kind} of class {self.label}"

    @property
    def _kind(self) -> str:
        layers = "" if self.truncation_cutoff is None else f" in {self.truncation_cutoff} layers"
        return "samples" if self.truncation_psi == 1 else f"samples at psi {self.truncation_psi}{layers}"

    def length(self, context: Context) -> int | None:
        """Return the number of samples if a folder of samples stands in for the model, else None."""
        if not isinstance(context.model, FixedSamples):
            return None
        return len(context.model) if self.label is None else len(members_of(context.model, self.label))

    def shortage(self, context: Context, count: int) -> str:
        """Return a problem if a folder has fewer samples than the metric's name says."""
        have = self.length(context)
        if have is None or have >= count:
            return ""
        return f"expected {count} samples, found {have}: ask for fewer, as with --limit {have}."

    def problems(self, context: Context) -> list[str]:
        """Return what the model lacks."""
        if self.truncation_psi != 1 and not isinstance(context.model, StyleGenerator):
            return translator_problems(context) or [
                "expected a latent space w for truncation, found a model without one: leave the truncation out."
            ]
        if isinstance(context.model, FixedSamples):
            return class_problems_of_stored(context.model, self.label)
        if not isinstance(context.model, Generator):
            return translator_problems(context) or [
                "expected a generator of images from latents, found another kind of model: take another metric."
            ]
        if self.label is not None:
            return _class_problems(context, self.label)
        return _label_problems(context)

    def draw(self, context: Context, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return ``image`` and ``z``; for a style-based generator also ``ws``, for a conditional one ``c``."""
        model, streams = context.model, Streams(context.seed, indices)
        if isinstance(model, FixedSamples):
            chosen = indices if self.label is None else [members_of(model, self.label)[index] for index in indices]
            return {"image": checked_images(model.images(chosen), len(indices), context)}
        z, c = _latents(context, streams, "z"), labels_of(context, streams, self.label)
        inputs = {"z": z} if c is None else {"z": z, "c": c}
        if not isinstance(model, StyleGenerator):
            return {"image": checked_images(model(z, c), len(z), context), **inputs}
        ws = model.mapping(z, c, truncation_psi=self.truncation_psi, truncation_cutoff=self.truncation_cutoff)
        image = model.synthesis(ws, noise_mode="random", streams=streams)
        return {"image": checked_images(image, len(z), context), "ws": ws, **inputs}

    def checks(self, context: Context) -> list[Check]:
        """Return a check of the images' range; none for stored images, whose range is known."""
        return [] if isinstance(context.model, FixedSamples) else [RangeCheck()]


@dataclass(frozen=True)
class PathPairs(GeneratedSource):
    """Images at two close points of a path between two latents: ``image0, image1 [N, C, H, W]``.

    Both images share labels and noise.

    Attributes:
        space: space of the path: slerp in z, which any generator has, or lerp in w.
        sampling: ``full`` draws t uniformly from 0..1, ``end`` takes t = 0.
        epsilon: distance of the two points along the path.
        float64: whether everything is computed in float64.

    Source: Karras et al., A style-based generator architecture (CVPR 2019), section 4.1.
    """

    space: Space
    sampling: Sampling
    epsilon: float = 1e-4
    float64: bool = False

    @property
    def name(self) -> str:
        """Name of the pass."""
        return f"path pairs in {self.space}"

    def problems(self, context: Context) -> list[str]:
        """Return what the model lacks."""
        if self.space == "w" and not isinstance(context.model, StyleGenerator):
            return translator_problems(context) or [
                "expected a style-based generator, found a model without a latent space w: take another metric."
            ]
        if not isinstance(context.model, Generator):
            return translator_problems(context) or [
                "expected a generator of images from latents, found another kind of model: take another metric."
            ]
        if self.float64 and not isinstance(context.model, nn.Module):
            kind = type(context.model).__name__
            return [f"expected a torch module to compute in float64, found a {kind}: leave out --float64."]
        return _label_problems(context)

    def draw(self, context: Context, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return ``image0`` and ``image1``."""
        model, streams = context.model_in(self.float64), Streams(context.seed, indices)
        z0, z1 = _latents(context, streams, "path-z0"), _latents(context, streams, "path-z1")
        t = streams.uniform("path-t").to(context.device) * (self.sampling == "full")
        c = labels_of(context, streams)
        if self.float64:
            z0, z1, t, c = z0.double(), z1.double(), t.double(), None if c is None else c.double()
        if isinstance(model, StyleGenerator):
            ends = path_ends(model, z0, z1, t, c, space=self.space, epsilon=self.epsilon)
            # Both ends get the same noise: otherwise its difference over epsilon squared would drown the path length.
            paired = Streams(context.seed, indices * 2)
            image = model.synthesis(ends, noise_mode="random", streams=paired, force_fp32=True)
        else:
            image = model(z_ends(z0, z1, t, self.epsilon), twice(c))
        image0, image1 = checked_images(image, 2 * len(indices), context).chunk(2)
        return {"image0": image0, "image1": image1}


def twice(c: Tensor | None) -> Tensor | None:
    """Return labels for both ends of each path step."""
    return None if c is None else torch.cat([c, c])


def z_ends(z0: Tensor, z1: Tensor, t: Tensor, epsilon: float) -> Tensor:
    """Return the z of both ends of each path step, ``[2N, z_dim]``; arguments and order are those of ``path_ends``."""
    return torch.cat([slerp(z0, z1, t[:, None]), slerp(z0, z1, t[:, None] + epsilon)])


def path_ends(
    model: StyleGenerator, z0: Tensor, z1: Tensor, t: Tensor, c: Tensor | None, *, space: Space, epsilon: float
) -> Tensor:
    """Return the w of both ends of each path step, ``[2N, num_ws, w_dim]``: first all at t, then all at t + epsilon.

    Args:
        model: model with the mapping network.
        z0: start of each path, ``[N, z_dim]``.
        z1: end of each path, ``[N, z_dim]``.
        t: position on each path, ``[N]``, 0..1.
        c: labels ``[N, c_dim]``, or None.
        space: space of the interpolation.
        epsilon: step along the path.

    Source: Karras et al. (CVPR 2019), section 4.1, the equations of l_Z and l_W.
    """
    if space == "z":
        return model.mapping(z_ends(z0, z1, t, epsilon), twice(c))
    w0, w1 = model.mapping(torch.cat([z0, z1]), twice(c)).chunk(2)
    t = t[:, None, None]
    return torch.cat([lerp(w0, w1, t), lerp(w0, w1, t + epsilon)])


@dataclass(frozen=True)
class Transformed(GeneratedSource):
    """Latents to be rendered unmoved and moved: ``ws [N, num_ws, w_dim]`` and the motions.

    The unmoved image is a view, so that translation and rotation metrics share it in one pass.

    Attributes:
        translate_max: largest shift, in image widths.
        rotate_max: largest angle, in half turns.
        float64: whether everything is computed in float64.

    Source: Karras et al., Alias-free generative adversarial networks (NeurIPS 2021), appendix E.
    Deviation: every image has its own motion; the official code draws one for each batch of four.
    """

    translate_max: float = 0.125
    rotate_max: float = 1.0
    float64: bool = False

    name = "transformed inputs"

    def problems(self, context: Context) -> list[str]:
        """Return what the model lacks."""
        if not isinstance(context.model, EquivariantGenerator):
            return translator_problems(context) or [
                "expected a generator with an input transform, found a model without one: take another metric."
            ]
        return _label_problems(context)

    def draw(self, context: Context, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return ``ws``, ``shift_int`` and ``shift_frac [N, 2]`` in image widths, ``angle [N]`` in radians."""
        model, streams = context.model_in(self.float64), Streams(context.seed, indices)
        z, c = _latents(context, streams, "z"), labels_of(context, streams)
        if self.float64:
            z, c = z.double(), None if c is None else c.double()
        reach, size = self.translate_max, model.img_resolution
        # Drawn in image widths, then rounded to whole pixels, as in the official code.
        whole = (streams.uniform("shift-int", (2,)) * 2 - 1) * reach
        return {
            "ws": model.mapping(z, c),
            "shift_int": (whole * size).round() / size,
            "shift_frac": (streams.uniform("shift-frac", (2,)) * 2 - 1) * reach,
            "angle": (streams.uniform("angle") * 2 - 1) * (self.rotate_max * torch.pi),
        }
