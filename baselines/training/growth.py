"""Schedule of progressive growing: level of detail, batch size and learning rate over time.

Source: Karras et al., Progressive Growing of GANs (ICLR 2018), section 2 and appendix A; Karras et al., A Style-Based
Generator Architecture (CVPR 2019), appendix C.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from baselines.training.data import BatchSegment


@dataclass(frozen=True)
class Stage:
    """Settings at one point of the training.

    Attributes:
        lod: level of detail: 0 for full size, 1 for half of it; at fractions, a level is fading in.
        resolution: resolution of the finest level that is at least partly faded in.
        batch: images per step.
        g_lr, d_lr: learning rates.
    """

    lod: float
    resolution: int
    batch: int
    g_lr: float
    d_lr: float


@dataclass(frozen=True)
class Growth:
    """The progressive growing of one run.

    Attributes:
        img_resolution: final resolution.
        initial_resolution: resolution at the start.
        training_kimg: thousands of images at each level before the next one fades in.
        transition_kimg: thousands of images over which a level fades in.
        batch: images per step.
        batches: exceptions to ``batch``, by resolution.
        g_lr, d_lr: learning rates.
        g_lrs, d_lrs: exceptions to the learning rates, by resolution.
    """

    img_resolution: int
    initial_resolution: int = 8
    training_kimg: float = 600
    transition_kimg: float = 600
    batch: int = 32
    batches: Mapping[int, int] = field(default_factory=dict)
    g_lr: float = 0.001
    d_lr: float = 0.001
    g_lrs: Mapping[int, float] = field(default_factory=dict)
    d_lrs: Mapping[int, float] = field(default_factory=dict)

    def at(self, nimg: int) -> Stage:
        """Return the settings after ``nimg`` images."""
        lod = self.lod(nimg)
        resolution = self.img_resolution >> math.floor(lod)
        return Stage(
            lod,
            resolution,
            self.batches.get(resolution, self.batch),
            self.g_lrs.get(resolution, self.g_lr),
            self.d_lrs.get(resolution, self.d_lr),
        )

    def lod(self, nimg: int) -> float:
        """Return the level of detail after ``nimg`` images; 0 is full size."""
        start = math.log2(self.img_resolution / self.initial_resolution)
        kimg, phase = nimg / 1000, self.training_kimg + self.transition_kimg
        done = math.floor(kimg / phase) if phase > 0 else start
        fading = max(kimg - done * phase - self.training_kimg, 0.0)
        share = fading / self.transition_kimg if self.transition_kimg > 0 else 0.0
        return max(start - done - share, 0.0)

    def segments(self, nimg: int) -> tuple[BatchSegment, ...]:
        """Return the steps that show ``nimg`` images, in segments of one batch size."""
        found = [BatchSegment(0, 0, self.at(0).batch)]
        step = shown = 0
        while shown < nimg:
            batch = self.at(shown).batch
            if batch != found[-1].batch:
                found.append(BatchSegment(step, shown, batch))
            # Many steps at once, because a published run has hundreds of thousands of them.
            steps = self._steps_alike(shown, batch) or math.ceil((nimg - shown) / batch)
            step, shown = step + steps, shown + steps * batch
        return tuple(found)

    def _steps_alike(self, nimg: int, batch: int) -> int:
        """Return a number of steps over which the batch size cannot change; 0 once the networks are fully grown.

        The batch size can change where a level starts or ends fading in. Near such a point the result is 1, so that
        every step is checked and rounding cannot matter.
        """
        if self.lod(nimg) == 0:
            return 0
        if self.at(nimg + batch).batch != batch:
            return 1
        phase = self.training_kimg + self.transition_kimg
        passed = (nimg / 1000) % phase
        left = (self.training_kimg if passed < self.training_kimg else phase) - passed
        return max(int(left * 1000 / batch) - 1, 1)
