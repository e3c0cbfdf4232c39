"""Stand-ins for extractors whose weights are not here."""

import pytest
import torch

from ganbench.errors import MissingWeightsError
from ganbench.extractors import celebahq
from ganbench.extractors.opening import open_extractor, with_stand_ins, without_fetching
from ganbench.extractors.untrained import SHA256, untrained
from ganbench.types import AttributeExtractor, PerceptualExtractor


@pytest.mark.parametrize("name", ["inception", "vgg16", "inception-torchvision", "lpips-vgg16", "lpips-alex", "clip"])
def test_a_stand_in_has_the_layers_of_what_it_stands_for(name: str) -> None:
    if name == "clip":
        pytest.importorskip("timm", reason="the extra vit (timm) is not installed")
    extractor = untrained(name)
    assert extractor is not None
    images = torch.randint(0, 256, (1, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found = dict(extractor(images))
        if isinstance(extractor, PerceptualExtractor):
            found["embedding"] = extractor.embed(images.float())
    for layer, features in extractor.layers.items():
        assert found[layer].shape == (1, features)
    assert all(bool(value.isfinite().all()) for value in found.values())


def test_stand_ins_of_attribute_classifiers_share_one_network() -> None:
    extractor = untrained("celebahq")
    assert isinstance(extractor, AttributeExtractor)
    assert extractor.attributes == celebahq.ATTRIBUTES
    moved = extractor.to("cpu")
    assert isinstance(moved, celebahq.AttributeClassifiers)
    assert len({id(network) for network in moved.module}) == 1
    assert len(moved.module) == 40


def test_what_is_missing_is_told_and_stood_in_for_where_that_is_wanted() -> None:
    with without_fetching():
        with with_stand_ins() as lacking:
            assert open_extractor("lpips-alex").sha256 == SHA256
            assert open_extractor("digits").sha256 != SHA256
        assert list(lacking) == ["lpips-alex"]
        assert "alexnet-owt-7be5be79.pth" in lacking["lpips-alex"]
        with pytest.raises(MissingWeightsError):
            open_extractor("lpips-alex")


def test_what_is_not_known_has_no_stand_in() -> None:
    assert untrained("digits") is None
