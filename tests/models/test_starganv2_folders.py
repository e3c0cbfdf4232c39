"""Training StarGAN v2 on folders of domains, whose files may be of any size."""

from pathlib import Path
from typing import Any

import pytest

from ganbench.data import open_data
from ganbench.errors import BadInputError
from ganbench.models.starganv2 import adapter
from ganbench.types import Recipe
from tests.data.image_sets import noise, write_folder

TINY: dict[str, Any] = {
    **adapter.recipes["digits32"].settings,
    "hidden_dim": 4,
    "base_channels": 2,
    "max_conv_dim": 4,
    "kimg": 0.004,
    "batch": 2,
    "device": "cpu",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two domains, of files of several sizes."""
    for number, part in enumerate(("train/cat", "train/dog", "val/cat", "val/dog")):
        write_folder(tmp_path / "pets" / part, noise(2, size=20 + number))
    return tmp_path / "pets"


def test_files_of_any_size_are_brought_to_the_recipes(folder: Path, tmp_path: Path) -> None:
    recipe = Recipe("tiny", {**TINY, "img_size": 32})
    path = adapter.train(open_data(folder), recipe, tmp_path / "run", False, lambda tick: None)
    model = adapter.load(path, "cpu")
    assert (model.img_resolution, model.img_channels, model.domains) == (32, 3, ("cat", "dog"))
    with pytest.raises(BadInputError, match="resize them"):
        adapter.train(open_data(folder), Recipe("tiny", TINY), tmp_path / "other", False, lambda tick: None)


def test_the_papers_recipes_are_for_the_papers_size() -> None:
    sizes = {name: recipe.settings["img_size"] for name, recipe in adapter.recipes.items()}
    assert sizes == {
        "celebahq-256": 256,
        "afhq-256": 256,
        **dict.fromkeys(("digits32", "digits32-free")),
        "small32": 32,
        "small64": 64,
    }
