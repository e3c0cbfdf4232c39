import math

import pytest
import torch
from torch import nn

from baselines.pix2pix.losses import conditional_discriminator_loss, generator_losses


class Seen(nn.Module):
    """A discriminator that answers with the mean of what it sees, and remembers it."""

    def __init__(self):
        super().__init__()
        self.inputs = []

    def forward(self, x):
        self.inputs.append(x)
        return x.mean((1, 2, 3)).view(-1, 1, 1, 1)


SOURCE, TRUTH, FAKE = (torch.full([2, channels, 4, 4], value) for channels, value in ((1, 1.0), (3, 0.5), (3, -0.5)))


def cross_entropy(logit, real):
    return math.log(1 + math.exp(-logit if real else logit))


def test_the_discriminator_sees_the_source_beside_truth_and_translation():
    D = Seen()
    loss = conditional_discriminator_loss(D, SOURCE, TRUTH, FAKE, "vanilla")
    for seen, other in zip(D.inputs, (TRUTH, FAKE), strict=True):
        assert torch.equal(seen, torch.cat([SOURCE, other], 1))
    real, fake = (1 + 3 * 0.5) / 4, (1 - 3 * 0.5) / 4
    assert loss.tolist() == pytest.approx([(cross_entropy(real, True) + cross_entropy(fake, False)) / 2] * 2)


@pytest.mark.parametrize(("mode", "expected"), [("vanilla", cross_entropy(-0.125, True)), ("lsgan", 1.125**2)])
def test_the_generator_fools_the_discriminator_and_keeps_near_the_truth(mode, expected):
    parts = generator_losses(Seen(), SOURCE, TRUTH, FAKE, mode, 100)
    assert parts["GAN"].tolist() == pytest.approx([expected] * 2)
    assert parts["L1"].tolist() == [100, 100]
