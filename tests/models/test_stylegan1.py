"""StyleGAN by its adapter: official files, our own, published ones, training, and files of something else."""

from pathlib import Path

import pytest

from baselines.stylegan1.networks import Generator
from ganbench.checkpoints.download import fetch, without_fetching
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.models.stylegan1 import adapter
from tests.golden_cases import golden


def test_official_snapshots_give_the_average_generator() -> None:
    model = adapter.load(golden("stylegan1/sg1_main_32") / "network.pkl", "cpu")
    assert isinstance(model, Generator)
    assert model.mapping.w_avg.sum().item() == pytest.approx(1.926828222349286, rel=1e-5)  # of Gs; G has another


def test_another_architecture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"expected a StyleGAN generator in .*, found a StyleGAN2 generator"):
        adapter.load(golden("stylegan1/sg2_config_f_32") / "network.pkl", "cpu")


def test_published_files_have_names_of_their_own() -> None:
    names = {checkpoint.file for checkpoint in adapter.published.values()}
    assert len(names) == len(adapter.published) == 5
    one = adapter.published["ffhq-1024"]
    words = "karras2019stylegan-ffhq-1024x1024.pkl is not on this machine .* download https://drive.google.com/"
    with without_fetching(), pytest.raises(MissingWeightsError, match=words):
        fetch(one.url, one.sha256, name=one.file)
