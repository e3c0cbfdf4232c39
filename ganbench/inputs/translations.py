"""The source of translated images: the validation images of every domain, translated to every other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from ganbench.inputs.batch import BaseSource
from ganbench.inputs.context import Context
from ganbench.inputs.domains import (
    by_target,
    domain_data,
    domain_problems,
    matched_domains,
    matching_problems,
    target_domains,
    translate,
    validation_floats,
    validation_images,
)
from ganbench.rng import Streams, generator
from ganbench.types import MaskedTranslator, StyleTranslator, Translator

Mode = Literal["latent", "reference", "plain"]
WING = "https://www.dropbox.com/s/tjxpypwpt38926e/wing.ckpt?dl=1"  # StarGAN v2's landmark network


class Task(NamedTuple):
    """An ordered pair of domains, each by its index among the data's domains.

    Attributes:
        source: domain of the source images.
        target: domain of the translations.
        images: indices of the validation images of the source domain.
    """

    source: int
    target: int
    images: Sequence[int]


class Sample(NamedTuple):
    """One source image and one target domain.

    Attributes:
        source: domain of the source image.
        target: domain of the translations.
        image: index of the validation image.
        number: number of samples of the same target before this one.
    """

    source: int
    target: int
    image: int
    number: int


@dataclass(frozen=True)
class Translations(BaseSource):
    """Validation images translated to every other domain: ``image [N, num_outputs, C, H, W]`` float32, nominally -1..1.

    Samples are numbered by target domain, then by source domain, then by image, all in the data's order; one sample is
    one source image with all its outputs.

    Attributes:
        mode: origin of the styles: ``latent`` for random latents, ``reference`` for validation images of the target
            domain, ``plain`` for translators without styles.
        num_outputs: outputs per source image; 1 for translators without styles.
        count: source images per domain; None for all.
        min_references: smallest number of validation images of a target domain, in mode ``reference``.

    Source: the evaluation protocol of Choi et al., StarGAN v2 (CVPR 2020), appendix C and the official code.
    Deviation: as in the official code, references run through each target's validation images in random order, again
    and again. Here, consecutive references serve the outputs of one source image; the official loop distributes them
    over a batch of source images. Which reference meets which source image is random in both.
    """

    mode: Mode
    num_outputs: int = 10
    count: int | None = None
    min_references: int = 32

    @property
    def name(self) -> str:
        """Name of the pass."""
        return "translations" if self.mode == "plain" else f"translations by {self.mode}"

    @property
    def images_per_sample(self) -> int:  # type: ignore[override]  # read-only, as in the protocol
        """The outputs of a source image."""
        return self.num_outputs

    def depends(self, context: Context) -> Mapping[str, Any]:
        """Return weights, seed, validation images, domains, and the matching of the model's domains with the data's."""
        return {
            "weights": context.weights_sha256,
            "seed": None if self.mode == "plain" else context.seed,
            "validation": domain_data(context).validation.fingerprint,
            "names": domain_data(context).domains,  # a classifier is asked for these names
            "domains": matched_domains(context),
            "targets": target_domains(context),
        }

    def length(self, context: Context) -> int | None:
        """Return the number of source images over all ordered pairs of domains."""
        return sum(len(task.images) for task in self.tasks(context))

    def tasks(self, context: Context) -> list[Task]:
        """Return the ordered pairs of domains, in the order of the samples."""
        images = validation_images(context)
        return [
            Task(source, target, images[source][: self.count])
            for target in target_domains(context)
            for source in range(len(images))
            if source != target
        ]

    def samples(self, context: Context, indices: Sequence[int]) -> list[Sample]:
        """Return the samples with these numbers."""
        tasks = self.tasks(context)
        return [self._sample(tasks, index) for index in indices]

    @staticmethod
    def _sample(tasks: Sequence[Task], index: int) -> Sample:
        number = index
        for place, task in enumerate(tasks):
            if place and task.target != tasks[place - 1].target:
                number = index
            if index < len(task.images):
                return Sample(task.source, task.target, task.images[index], number)
            index -= len(task.images)
        raise AssertionError("a sample beyond the last")

    def problems(self, context: Context) -> list[str]:
        """Return what model or data lack."""
        model = context.model
        if not isinstance(model, Translator):
            return [
                "expected a translator of images, found another kind of model: take a metric of samples instead, such "
                "as fid50k or lpips10k."
            ]
        has_style = isinstance(model, StyleTranslator)
        if has_style == (self.mode == "plain"):
            said = (
                "translates with a style: choose a metric of" if has_style else "has no style: choose a metric without"
            )
            return [f"this model {said} latent or reference styles."]
        # Without masks, the images would not be those that the paper measured.
        if isinstance(model, MaskedTranslator) and model.needs_masks:
            return [
                "the model translates with masks of faces, and the landmark network that makes them is neither in its "
                f"file of weights nor on this machine: download {WING} elsewhere and put it as wing.ckpt into the "
                "folder that GANBENCH_WEIGHTS names."
            ]
        return domain_problems(context) or matching_problems(context) or self._reference_problems(context)

    def _reference_problems(self, context: Context) -> list[str]:
        if self.mode != "reference":
            return []
        data, need = domain_data(context), max(self.num_outputs, self.min_references)
        have = {data.domains[target]: len(validation_images(context)[target]) for target in target_domains(context)}
        name = min(have, key=have.__getitem__)
        if have[name] >= need:
            return []
        return [f"expected {need} references in the domain {name!r}, found {have[name]} validation images: add images."]

    @torch.inference_mode()
    def draw(self, context: Context, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return the translations, and what they were made from.

        Returns:
            ``image [N, num_outputs, C, H, W]`` float32; ``source [N, C, H, W]`` float32, -1..1; ``index [N]`` int64,
            numbers among the validation images; ``task [N, 2]`` int64, source and target domain, as indices among the
            data's; with styles, ``style [N, num_outputs, style_dim]``.
        """
        samples = self.samples(context, indices)
        index = [sample.image for sample in samples]
        source = validation_floats(context, index)
        task = torch.tensor([(sample.source, sample.target) for sample in samples])
        drawn = {"source": source, "index": torch.tensor(index), "task": task}
        repeated, style = source.repeat_interleave(self.num_outputs, 0), None
        if self.mode != "plain":
            style = self._styles(context, indices, samples)
            drawn["style"] = style.reshape(len(samples), self.num_outputs, -1)
        image = translate(context, repeated, task[:, 1].repeat_interleave(self.num_outputs), style)
        return {**drawn, "image": image.reshape(len(samples), self.num_outputs, *image.shape[1:])}

    def _styles(self, context: Context, indices: tuple[int, ...], samples: Sequence[Sample]) -> Tensor:
        """Return the style of each output, ``[N num_outputs, style_dim]``."""
        model: StyleTranslator = context.model
        targets = torch.tensor([sample.target for sample in samples]).repeat_interleave(self.num_outputs)
        if self.mode == "latent":
            z = self.latents(context, indices).flatten(0, 1).to(context.device)
            return by_target(context, targets, lambda target: model.style_from_latent(z, target))
        chosen = [image for sample in samples for image in self.references(context, sample)]
        x = validation_floats(context, chosen)
        return by_target(context, targets, lambda target: model.style_from_reference(x, target))

    def latents(self, context: Context, indices: tuple[int, ...]) -> Tensor:
        """Return the latents of the samples' styles, ``[N, num_outputs, latent_dim]``, one for each output."""
        return Streams(context.seed, indices).normal("translation-z", (self.num_outputs, context.model.latent_dim))

    def references(self, context: Context, sample: Sample) -> list[int]:
        """Return the validation images that give a sample its styles, one for each output.

        Sample number k of a target takes the positions ``k num_outputs`` to ``(k + 1) num_outputs - 1`` of an endless
        sequence: all validation images of the target in random order, then all again in another order, and so on.
        """
        images = validation_images(context)[sample.target]
        found = []
        for position in range(sample.number * self.num_outputs, (sample.number + 1) * self.num_outputs):
            turn, place = divmod(position, len(images))
            found.append(images[_shuffled(context.seed, sample.target, turn, len(images))[place]])
        return found


@lru_cache(maxsize=256)
def _shuffled(seed: int, target: int, turn: int, count: int) -> tuple[int, ...]:
    return tuple(generator(seed, turn, f"references/{target}").permutation(count).tolist())
