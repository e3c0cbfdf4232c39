"""Where batches come from: real images, generated images, pairs along latent paths, generators with moving inputs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from ganbench.functional import lerp, slerp
from ganbench.inputs.batch import Setting
from ganbench.inputs.domains import NO_DOMAINS
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
NO_REALS = "it compares with real images and there are none: name them with --data FOLDER, ZIP or NAME."


@dataclass(frozen=True)
class Reals:
    """The images of the data set, in its order: ``image [N, C, H, W]`` uint8."""

    name = "reals"

    def depends(self, setting: Setting) -> Mapping[str, Any]:
        """Return the fingerprint of the data."""
        return {"data": setting.data.fingerprint if setting.data else None}

    def length(self, setting: Setting) -> int | None:
        """Return the size of the data set."""
        return len(setting.data) if setting.data else None

    def problems(self, setting: Setting) -> list[str]:
        """Return the lack of data, if it is one."""
        if setting.data is None:
            return [NO_DOMAINS if isinstance(setting.model, Translator) else NO_REALS]
        return []

    def draw(self, setting: Setting, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return ``image [N, C, H, W]`` uint8."""
        assert setting.data is not None
        return {"image": setting.data.images(indices)}


def labels_of(setting: Setting, streams: Streams) -> Tensor | None:
    """Return the labels of randomly chosen reals, ``[N, c_dim]``, or None for an unconditional model.

    Source: StyleGAN2-ADA, metric_utils: labels follow the distribution of the training set.
    """
    if not setting.model.c_dim:
        return None
    assert setting.data is not None
    chosen = streams.integers("label", len(setting.data)).tolist()
    return setting.data.labels(chosen).to(setting.device)


def _latents(setting: Setting, streams: Streams, purpose: str) -> Tensor:
    return streams.normal(purpose, (setting.model.z_dim,)).to(setting.device)


def _generated_depends(setting: Setting) -> dict[str, Any]:
    conditional = bool(getattr(setting.model, "c_dim", 0)) and setting.data is not None
    labels = setting.data.fingerprint if conditional and setting.data else None
    return {"weights": setting.weights_sha256, "seed": setting.seed, "labels": labels}


def translator_problems(setting: Setting) -> list[str]:
    """Return that the model makes no images from latents but translates some, if it is so, and what to measure then."""
    if not isinstance(setting.model, Translator):
        return []
    suited = (
        "fid_latent, fid_reference, lpips_latent or lpips_reference"
        if isinstance(setting.model, StyleTranslator)
        else "fid_translated, accuracy or cycle"
    )
    return [f"it measures images made from latents, and this model translates images: take {suited} instead."]


def _label_problems(setting: Setting) -> list[str]:
    c_dim = getattr(setting.model, "c_dim", 0)
    have = setting.data.label_dim if setting.data else 0
    if c_dim and have != c_dim:
        return [
            f"the model takes labels of {c_dim} classes and the data has {have}: name its training data with --data."
        ]
    return []


@dataclass(frozen=True)
class Samples:
    """Images of the generator: ``image [N, C, H, W]`` float32, and the latents they came from.

    Attributes:
        truncation_psi: 1 for none; interpolates from w_avg.
        truncation_cutoff: number of layers truncated; None for all.
    """

    truncation_psi: float = 1.0
    truncation_cutoff: int | None = None

    @property
    def name(self) -> str:
        """What the pass is called."""
        layers = "" if self.truncation_cutoff is None else f" in {self.truncation_cutoff} layers"
        return "samples" if self.truncation_psi == 1 else f"samples at psi {self.truncation_psi}{layers}"

    def depends(self, setting: Setting) -> Mapping[str, Any]:
        """Return weights, seed, and for a conditional model the labels."""
        return _generated_depends(setting)

    def length(self, setting: Setting) -> int | None:
        """Return the number of samples where a folder stands in for the model, else None."""
        return len(setting.model) if isinstance(setting.model, FixedSamples) else None

    def problems(self, setting: Setting) -> list[str]:
        """Return what the model lacks."""
        if self.truncation_psi != 1 and not isinstance(setting.model, StyleGenerator):
            return translator_problems(setting) or [
                "truncation needs a model with a latent space w, which this model lacks."
            ]
        if isinstance(setting.model, FixedSamples):
            return []
        if not isinstance(setting.model, Generator):
            return translator_problems(setting) or [
                "it needs a generator of images from latents, which this model is not."
            ]
        return _label_problems(setting)

    def draw(self, setting: Setting, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return ``image``; of a style generator also ``z`` and ``ws``."""
        model, streams = setting.model, Streams(setting.seed, indices)
        if isinstance(model, FixedSamples):
            return {"image": model.images(indices)}
        z, c = _latents(setting, streams, "z"), labels_of(setting, streams)
        if not isinstance(model, StyleGenerator):
            return {"image": model(z, c), "z": z}
        ws = model.mapping(z, c, truncation_psi=self.truncation_psi, truncation_cutoff=self.truncation_cutoff)
        return {"image": model.synthesis(ws, noise_mode="random", streams=streams), "z": z, "ws": ws}


@dataclass(frozen=True)
class PathPairs:
    """Images at two near points of a path between two latents: ``image0, image1 [N, C, H, W]``.

    Attributes:
        space: slerp in z, or lerp in w.
        sampling: ``full`` draws t uniformly from 0..1, ``end`` takes t = 0.
        epsilon: distance of the two points along the path.
        double: whether everything is computed in float64.

    Source: StyleGAN, section 4.1; labels and noise are shared by both ends.
    """

    space: Space
    sampling: Sampling
    epsilon: float = 1e-4
    double: bool = False

    @property
    def name(self) -> str:
        """What the pass is called."""
        return f"path pairs in {self.space}"

    def depends(self, setting: Setting) -> Mapping[str, Any]:
        """Return weights, seed, and for a conditional model the labels."""
        return _generated_depends(setting)

    def length(self, setting: Setting) -> int | None:
        """Return None: there is no end."""
        return None

    def problems(self, setting: Setting) -> list[str]:
        """Return what the model lacks."""
        if not isinstance(setting.model, StyleGenerator):
            return translator_problems(setting) or [
                "it walks through the latent space of a style-based generator, which this model lacks."
            ]
        return _label_problems(setting)

    def draw(self, setting: Setting, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return ``image0`` and ``image1``."""
        model, streams = setting.model_in(self.double), Streams(setting.seed, indices)
        z0, z1 = _latents(setting, streams, "path-z0"), _latents(setting, streams, "path-z1")
        t = streams.uniform("path-t").to(setting.device) * (self.sampling == "full")
        c = labels_of(setting, streams)
        if self.double:
            z0, z1, t, c = z0.double(), z1.double(), t.double(), None if c is None else c.double()
        ends = path_ends(model, z0, z1, t, c, space=self.space, epsilon=self.epsilon)
        paired = Streams(setting.seed, indices * 2)
        image0, image1 = model.synthesis(ends, noise_mode="random", streams=paired, force_fp32=True).chunk(2)
        return {"image0": image0, "image1": image1}


def path_ends(
    model: StyleGenerator, z0: Tensor, z1: Tensor, t: Tensor, c: Tensor | None, *, space: Space, epsilon: float
) -> Tensor:
    """Return the w of both ends of each path step, ``[2N, num_ws, w_dim]``: first all at t, then all at t + epsilon.

    Args:
        model: its mapping network is used.
        z0: ``[N, z_dim]`` start of each path.
        z1: ``[N, z_dim]`` end of each path.
        t: ``[N]`` position, 0..1.
        c: ``[N, c_dim]`` or None.
        space: of the interpolation.
        epsilon: step.

    Source: StyleGAN, section 4.1, equations for l_Z and l_W.
    """
    both = None if c is None else torch.cat([c, c])
    if space == "z":
        t = t[:, None]
        return model.mapping(torch.cat([slerp(z0, z1, t), slerp(z0, z1, t + epsilon)]), both)
    w0, w1 = model.mapping(torch.cat([z0, z1]), both).chunk(2)
    t = t[:, None, None]
    return torch.cat([lerp(w0, w1, t), lerp(w0, w1, t + epsilon)])


@dataclass(frozen=True)
class Transformed:
    """Latents whose images are wanted still and moved: ``ws [N, num_ws, w_dim]`` and the motions.

    The still image is a view, so that translation and rotation metrics share it in one pass.

    Attributes:
        translate_max: largest shift, in image widths.
        rotate_max: largest angle, in half turns.
        double: whether everything is computed in float64.

    Source: StyleGAN3, appendix E.
    Deviation: every image has its own motion; the official code draws one for each batch of four.
    """

    translate_max: float = 0.125
    rotate_max: float = 1.0
    double: bool = False

    name = "moved inputs"

    def depends(self, setting: Setting) -> Mapping[str, Any]:
        """Return weights, seed, and for a conditional model the labels."""
        return _generated_depends(setting)

    def length(self, setting: Setting) -> int | None:
        """Return None: there is no end."""
        return None

    def problems(self, setting: Setting) -> list[str]:
        """Return what the model lacks."""
        if not isinstance(setting.model, EquivariantGenerator):
            return translator_problems(setting) or [
                "it moves the generator's input, and this model has no input transform."
            ]
        return _label_problems(setting)

    def draw(self, setting: Setting, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return ``ws``, ``shift_int`` and ``shift_frac [N, 2]`` in image widths, ``angle [N]`` in radians."""
        model, streams = setting.model_in(self.double), Streams(setting.seed, indices)
        z, c = _latents(setting, streams, "z"), labels_of(setting, streams)
        if self.double:
            z, c = z.double(), None if c is None else c.double()
        reach, size = self.translate_max, model.img_resolution
        whole = (streams.uniform("shift-int", (2,)) * 2 - 1) * reach
        return {
            "ws": model.mapping(z, c),
            "shift_int": (whole * size).round() / size,
            "shift_frac": (streams.uniform("shift-frac", (2,)) * 2 - 1) * reach,
            "angle": (streams.uniform("angle") * 2 - 1) * (self.rotate_max * torch.pi),
        }
