"""Adaptive discriminator augmentation (ADA), by the groups of its transformations."""

from baselines.training.ada.pipe import NONE, PIPES, AugmentPipe, pipe_of

__all__ = ["NONE", "PIPES", "AugmentPipe", "pipe_of"]
