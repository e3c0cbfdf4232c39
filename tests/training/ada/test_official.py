"""Every pipe against the authors' program, given the same numbers in place of random ones."""

import numpy as np
import pytest
import torch

from baselines.training.ada import PIPES, AugmentPipe
from tests.golden_cases import SUBSET
from tests.training.ada.replay import Replay, images


@pytest.mark.parametrize("p", [0.5, 1.0])
@pytest.mark.parametrize("name", PIPES)
def test_the_same_numbers_give_the_authors_images(name: str, p: float) -> None:
    large = "f" in name
    with np.load(SUBSET / "ada" / "values.npz") as values:
        expected = torch.from_numpy(values[f"{name}_{p}"])
    with Replay():
        found = AugmentPipe(name, p)(images(*((22, 24) if large else (9, 12))), torch.Generator())
    step = 3 if large else 1
    torch.testing.assert_close(found[:, :, ::step, ::step].float(), expected, rtol=1e-5, atol=2e-6)
