"""Every registered extractor keeps the laws of extractors, those of published networks with random weights."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from ganbench import registry
from ganbench.checkpoints import file_sha256
from ganbench.extractors import alexnet, inception, inception_torchvision, vgg16
from ganbench.extractors.opening import open_extractor
from ganbench.testing import check_extractor
from tests.extractors import random_weights

PUBLISHED = {
    inception: lambda: random_weights.inception(num_classes=1008, aux_logits=False).state_dict(),
    inception_torchvision: lambda: random_weights.inception(transform_input=True).state_dict(),
    vgg16: random_weights.whole_vgg16,
    alexnet: lambda: random_weights.convolutions(alexnet),
}
ELSEWHERE = {
    "attributes": "it opens a file of its own: tests/extractors/test_attributes.py",
    "celebahq": "it opens forty pickles: tests/extractors/test_celebahq.py",
    "clip": "it is of an extra: tests/extractors/test_clip.py",
    "clip-l14-336": "it is of an extra: tests/extractors/test_clip.py",
    "dinov2": "it is of an extra: tests/extractors/test_dinov2.py",
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Random weights in place of the published files, under checksums of their own."""
    folder = tmp_path_factory.mktemp("published")
    (folder / "weights").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for module, state in PUBLISHED.items():
            path = folder / "weights" / module.URL.rsplit("/", 1)[1]
            torch.save(state(), path)
            patch.setattr(module, "SHA256", file_sha256(path))
        yield folder


@pytest.mark.parametrize("name", registry.names("extractors"))
def test_extractors_keep_their_laws(name: str, weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if name in ELSEWHERE:
        pytest.skip(ELSEWHERE[name])
    monkeypatch.setenv("GANBENCH_CACHE", str(weights))
    check_extractor(open_extractor(name), num_images=2)
