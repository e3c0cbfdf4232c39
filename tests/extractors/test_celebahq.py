"""The attribute classifiers, from files of the official kind."""

from pathlib import Path

import pytest
import torch

from baselines.stylegan1.networks import Discriminator
from baselines.training.streams import seeded
from ganbench.checkpoints.download import without_fetching
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.extractors import celebahq
from ganbench.extractors.celebahq import AttributeClassifiers, open_celebahq
from ganbench.paths import cache_dir
from ganbench.testing import check_extractor
from ganbench.types import AttributeExtractor
from tests.checkpoints.tflib_records import record, write

CONFIG = {"c_dim": 0, "img_resolution": 256, "img_channels": 3, "fmap_base": 256, "fmap_max": 2, "mbstd_group_size": 0}
OFFICIAL = {"resolution": 256, "num_channels": 3, "fmap_base": 256, "fmap_max": 2, "mbstd_group_size": 0}


def network(seed: int) -> Discriminator:
    with seeded(seed):
        return Discriminator(**CONFIG, blur_filter=None, structure="fixed").requires_grad_(False).eval()  # type: ignore[arg-type]


@pytest.fixture
def classifiers(monkeypatch: pytest.MonkeyPatch) -> AttributeClassifiers:
    """Two classifiers, one of each kind of file, in the cache folder."""
    monkeypatch.setattr(celebahq, "ATTRIBUTES", ("male", "smiling"))
    folder = cache_dir() / "weights"
    folder.mkdir(parents=True)
    config = {**CONFIG, "structure": "fixed"}
    stored = [
        record(network(0), "D_basic", config, **OFFICIAL, structure="fixed", blur_filter=None),
        record(network(1), "D_paper", config, **OFFICIAL, structure="fixed"),
    ]
    for index, (name, one) in enumerate(zip(("male", "smiling"), stored, strict=True)):
        write(folder / f"celebahq-classifier-{index:02d}-{name}.pkl", one)
    with without_fetching():
        return open_celebahq()


def test_every_file_is_one_attribute(classifiers: AttributeClassifiers) -> None:
    images = torch.rand(2, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 4 - 2
    logits = classifiers.attribute_logits(images)
    torch.testing.assert_close(logits, torch.cat([network(0)(images), network(1)(images)], 1))
    assert isinstance(classifiers, AttributeExtractor)
    assert classifiers.attributes == ("male", "smiling")
    assert len(classifiers.sha256) == 64
    grey = images[:, :1]
    assert torch.equal(classifiers.attribute_logits(grey), classifiers.attribute_logits(grey.expand(-1, 3, -1, -1)))


def test_it_keeps_the_laws_of_extractors(classifiers: AttributeClassifiers) -> None:
    check_extractor(classifiers, num_images=2)


def test_bytes_are_scaled_to_the_range_of_the_generator(classifiers: AttributeClassifiers) -> None:
    images = torch.randint(256, [1, 3, 256, 256], dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(classifiers(images)["logits"], classifiers.attribute_logits(images / 127.5 - 1))
    with pytest.raises(BadInputError, match=r"expected 256x256 images .*, found 128x128"):
        classifiers(images[:, :, :128, :128])


def test_a_missing_file_is_named_with_its_address() -> None:
    words = r"celebahq-classifier-00-male\.pkl is not on this machine .*https://.*/celebahq-classifier-00-male\.pkl"
    with without_fetching(), pytest.raises(MissingWeightsError, match=words):
        open_celebahq()


def test_there_are_forty_attributes() -> None:
    assert len(set(celebahq.ATTRIBUTES)) == 40


def test_files_are_read_without_what_wrote_them(tmp_path: Path) -> None:
    from ganbench.checkpoints import load

    write(
        tmp_path / "a.pkl",
        record(network(2), "D_paper", {**CONFIG, "structure": "fixed"}, **OFFICIAL, structure="fixed"),
    )
    (name,) = load(tmp_path / "a.pkl")
    assert name == "D"
