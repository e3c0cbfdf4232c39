"""How a run uses its device: its memory, and the arithmetic of GPUs. A resumed run may use it differently."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from baselines.training.settings import BatchSize

__all__ = ["DEFAULT", "Hardware"]


@dataclass(frozen=True)
class Hardware:
    """Use of the device.

    Attributes:
        batch_gpu: images per device and pass at most. A larger share of the batch is taken in parts whose gradients are
            added, with the result of one pass up to rounding. None for the whole share.
        allow_tf32: whether float32 products of GPUs may round their factors to TF32's 10 bits, which is faster.
        nobench: whether cuDNN takes its default algorithms, where it otherwise tries which are the fastest.

    Source: names and defaults are those of the options of StyleGAN2-ADA's and StyleGAN3's published code.
    """

    batch_gpu: BatchSize | None = None
    allow_tf32: bool = False
    nobench: bool = False

    @contextmanager
    def set(self) -> Iterator[None]:
        """Set torch's switches during the body."""
        matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
        before = matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark
        matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark = self.allow_tf32, self.allow_tf32, not self.nobench
        try:
            yield
        finally:
            matmul.allow_tf32, cudnn.allow_tf32, cudnn.benchmark = before


DEFAULT = Hardware()
