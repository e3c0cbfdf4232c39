"""What built-in extractors say of images that they cannot take; a fused ReLU would make a number of a NaN."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from ganbench.errors import BadInputError, GanbenchError, NonFiniteError
from ganbench.extractors.untrained import untrained

Of = Callable[[Any], Tensor]
NAMES = ["inception", "inception-torchvision", "lpips-alex"]


@pytest.fixture(scope="module", params=NAMES)
def of(request: pytest.FixtureRequest) -> Of:
    """What an extractor computes of images, on a CPU, where it is fused."""
    extractor: Any = untrained(request.param)
    moved = extractor.to("cpu")
    return moved.embed if request.param.startswith("lpips") else lambda images: moved(images)["features"]


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_what_is_not_finite_is_refused(of: Of, bad: float) -> None:
    images = torch.rand(2, 3, 48, 48) * 255
    assert of(images).isfinite().all()
    images[1, 0, 20, 20] = bad
    with pytest.raises(NonFiniteError, match="image 1 of this batch of 2"):
        of(images)


@pytest.mark.parametrize("shape", [[0, 3, 48, 48], [2, 3, 0, 48], [2, 48, 48, 3], [3, 48, 48]], ids=str)
def test_other_shapes_are_refused_as_they_are(of: Of, shape: list[int]) -> None:
    for dtype in (torch.uint8, torch.float32):
        with pytest.raises(BadInputError) as refused:
            of(torch.zeros(shape, dtype=dtype))
        assert f"found {shape}" in str(refused.value)


def test_what_is_no_tensor_is_refused(of: Of) -> None:
    with pytest.raises(BadInputError, match="found a ndarray"):
        of(torch.zeros(2, 3, 48, 48).numpy())


def test_pairs_of_other_shapes_are_refused() -> None:
    extractor: Any = untrained("lpips-alex")
    images = torch.zeros(2, 3, 48, 48)
    with pytest.raises(BadInputError, match="pairs of images of one shape"):
        extractor.distances(images, images[:1])
    with pytest.raises(GanbenchError, match="NaN"):
        extractor.to("cpu").distances(images, torch.full_like(images, torch.nan))
