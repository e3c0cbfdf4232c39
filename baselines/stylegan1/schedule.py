"""How a training run grows: level of detail, batch size and learning rate over time.

Source: Karras et al., Progressive Growing of GANs (ICLR 2018), section 2 and appendix A; Karras et al., A Style-Based
Generator Architecture (CVPR 2019), appendix C.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from baselines.training.data import BatchSegment


@dataclass(frozen=True)
class Stage:
    """What holds at one moment of the training.

    Attributes:
        lod: level of detail: 0 for full size, 1 for half of it; in between, a level is fading in.
        resolution: of the finest level that is there, wholly or in part.
        batch: images in a step.
        g_lr, d_lr: learning rates.
    """

    lod: float
    resolution: int
    batch: int
    g_lr: float
    d_lr: float


@dataclass(frozen=True)
class Growth:
    """The progressive growing of one run. All dictionaries are by resolution; what they lack has the base value.

    Attributes:
        img_resolution: of the grown networks.
        initial_resolution: to start at.
        training_kimg: at each level, before the next one.
        transition_kimg: over which a level fades in.
        batch: images in a step.
        batches: other batch sizes.
        g_lr, d_lr: learning rates.
        g_lrs, d_lrs: other learning rates.
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
        """Return what holds after ``nimg`` images."""
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
        """Return the level of detail after ``nimg`` images."""
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
            steps = self._steps_alike(shown, batch) or math.ceil((nimg - shown) / batch)
            step, shown = step + steps, shown + steps * batch
        return tuple(found)

    def _steps_alike(self, nimg: int, batch: int) -> int:
        """Return for how many steps the batch size surely stays, one at least; 0 once the networks are grown.

        It can change where a level begins to fade in or the next one's training begins. Near there it is looked at in
        every step, so that rounding decides nothing.
        """
        if self.lod(nimg) == 0:
            return 0
        if self.at(nimg + batch).batch != batch:
            return 1
        phase = self.training_kimg + self.transition_kimg
        passed = (nimg / 1000) % phase
        left = (self.training_kimg if passed < self.training_kimg else phase) - passed
        return max(int(left * 1000 / batch) - 1, 1)
