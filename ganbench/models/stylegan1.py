"""StyleGAN: the embedded digits generator, official TensorFlow snapshots, and generators trained here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import baselines.stylegan1
from baselines.stylegan1.networks import Generator
from baselines.stylegan1.options import OPTIONS
from baselines.stylegan1.own_data import OWN, auto
from baselines.stylegan1.recipes import RECIPES
from baselines.stylegan1.recipes import Recipe as Settings
from baselines.training.frame import PreparedRun
from ganbench.models.stylegan import StyleGANAdapter
from ganbench.models.training import recipes_of
from ganbench.types import Checkpoint, Embedded, Recipe

DRIVE = "https://drive.google.com/uc?id="
DATA = {  # short name -> official name, key of the file on Google Drive
    "ffhq-1024": ("ffhq-1024x1024", "1MEGjdvVpUsu1jB4zrXZN7Y4kBBOzizDQ"),
    "celebahq-1024": ("celebahq-1024x1024", "1MGqJl28pN4t7SAtSrPdSRJSQJqahkzUf"),
    "bedrooms-256": ("bedrooms-256x256", "1MOSKeGF0FJcivpBI7s63V9YHloUTORiF"),
    "cars-512": ("cars-512x384", "1MJ6iCfNtMIRicihwRorsM3b7mmtmK9c3"),
    "cats-256": ("cats-256x256", "1MQywl0FNt6lHu8E_EUqnRbviagS7fbiJ"),
}


def _published(official: str, key: str) -> Checkpoint:
    note = f"StyleGAN of {official.rsplit('-', 1)[0]} by NVIDIA, for non-commercial use (CC BY-NC 4.0)"
    # No checksums are published with these files; the first download reports its own.
    return Checkpoint(f"{DRIVE}{key}", "", "stylegan1", note, file=f"karras2019stylegan-{official}.pkl")


class StyleGAN1Adapter(StyleGANAdapter):
    """Adapter of StyleGAN; for attributes see ``StyleGANAdapter``."""

    title = "StyleGAN"
    network = Generator
    settings = Settings
    options = OPTIONS
    recipes: Mapping[str, Recipe] = recipes_of(RECIPES, OWN, auto=True)
    published: Mapping[str, Checkpoint] = {short: _published(*where) for short, where in DATA.items()}
    benchmark = "stylegan1"
    embedded = Embedded(
        weights=Path(baselines.stylegan1.__path__[0]) / "weights" / "digits32.safetensors",
        note=(
            "stylegan1 is the embedded digits32 generator, a small StyleGAN of scikit-learn's digits, grown to 32x32: "
            "its numbers are not comparable with published ones."
        ),
        benchmark="digits",
        data="digits",
    )

    def automatic(self, resolution: int, images: int, devices: int) -> dict[str, Any]:
        """Return the settings of the recipe ``auto`` for data of a resolution and a number of images."""
        return auto(resolution, images, devices)

    def trainer(self) -> Callable[..., PreparedRun[Any]]:
        """Return the function that prepares a run."""
        from baselines.stylegan1.train import prepare

        return prepare


adapter = StyleGAN1Adapter()
