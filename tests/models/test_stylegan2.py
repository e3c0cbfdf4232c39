"""StyleGAN2 by its adapter: official files, our own, published ones, training, and files of something else."""

from pathlib import Path
from typing import Any

import pytest
import torch
import toygan
from torch import Tensor

from baselines.stylegan2.networks import Generator
from ganbench.errors import BadInputError
from ganbench.models.stylegan2 import adapter
from ganbench.types import Recipe
from tests.golden_cases import golden
from tests.models.tiny_stylegans import settings


@pytest.mark.parametrize("case", ["pkl_sg2_32", "pkl_sg2ada_cond3_32", "pkl_sg2ada_resnet_clamp_16"])
def test_official_snapshots_give_their_average_generator(case: str) -> None:
    model = adapter.load(golden(f"stylegan23/{case}") / "network.pkl", "cpu")
    # G_ema is the entry that was perturbed, G the plain initialisation with w_avg zero.
    assert model.mapping.w_avg.abs().max() > 0


def test_tensorflow_snapshots_give_theirs() -> None:
    case = golden("stylegan1/sg2_config_f_32")
    model = adapter.load(case / "network.pkl", "cpu")
    assert isinstance(model, Generator)
    assert model.mapping.w_avg.abs().max() > 0


def test_published_names_are_official_addresses() -> None:
    base = "https://api.ngc.nvidia.com/v2/models/nvidia/research/stylegan2/versions/1/files/"
    assert adapter.published["ffhq-1024"].url == base + "stylegan2-ffhq-1024x1024.pkl"
    assert adapter.published["cifar10-32"].url == base + "stylegan2-cifar10-32x32.pkl"
    assert len(adapter.published) == 15


def test_weights_of_another_architecture_are_refused() -> None:
    with pytest.raises(BadInputError, match=r"expected a StyleGAN2 generator in .*, found a StyleGAN3 generator"):
        adapter.load(golden("stylegan23/pkl_sg3t_32") / "network.pkl", "cpu")


class Labelled(toygan.Stripes):
    """Stripes of two kinds."""

    label_dim = 2

    def labels(self, indices: Any) -> Tensor:
        return torch.eye(2)[torch.tensor([index % 2 for index in indices])]


def test_conditional_training_takes_the_labels_of_the_data(tmp_path: Path) -> None:
    recipe = Recipe("tiny", settings("stylegan2", conditional=True))
    model = adapter.load(adapter.train(Labelled(), recipe, tmp_path / "run", False, lambda tick: None), "cpu")
    assert model.c_dim == 2
    with pytest.raises(BadInputError, match="expected labels for a conditional model, found none"):
        adapter.train(toygan.Stripes(), recipe, tmp_path / "other", False, lambda tick: None)
