"""StyleGAN2 and StyleGAN2-ADA: the embedded digits generator, official snapshots, and generators trained here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import baselines.stylegan2
from baselines.stylegan2.lightweight import LightweightGenerator
from baselines.stylegan2.networks import Generator
from baselines.stylegan2.options import OPTIONS
from baselines.stylegan2.own_data import OWN, auto, base
from baselines.stylegan2.recipes import RECIPES
from baselines.stylegan2.recipes import Recipe as Settings
from baselines.training.frame import PreparedRun
from ganbench.models.stylegan import StyleGANAdapter
from ganbench.models.training import recipes_of
from ganbench.types import Checkpoint, Embedded, Recipe

NGC = "https://api.ngc.nvidia.com/v2/models/nvidia/research/stylegan2/versions/1/files"
DATA = {  # short name -> official name with the resolution spelt out
    "ffhq-1024": "ffhq-1024x1024",
    "ffhq-512": "ffhq-512x512",
    "ffhq-256": "ffhq-256x256",
    "ffhqu-1024": "ffhqu-1024x1024",
    "ffhqu-256": "ffhqu-256x256",
    "metfaces-1024": "metfaces-1024x1024",
    "metfacesu-1024": "metfacesu-1024x1024",
    "afhqv2-512": "afhqv2-512x512",
    "afhqcat-512": "afhqcat-512x512",
    "afhqdog-512": "afhqdog-512x512",
    "afhqwild-512": "afhqwild-512x512",
    "brecahad-512": "brecahad-512x512",
    "cifar10-32": "cifar10-32x32",
    "celebahq-256": "celebahq-256x256",
    "lsundog-256": "lsundog-256x256",
}


def _published(short: str, official: str) -> Checkpoint:
    note = f"StyleGAN2 of {short.rsplit('-', 1)[0]} by NVIDIA, for research and non-commercial use"
    # No checksums are published with these files; the first download reports its own.
    return Checkpoint(f"{NGC}/stylegan2-{official}.pkl", "", "stylegan3", note)


class StyleGAN2Adapter(StyleGANAdapter):
    """Adapter of StyleGAN2; for attributes see ``StyleGANAdapter``."""

    title = "StyleGAN2"
    network = (Generator, LightweightGenerator)
    settings = Settings
    options = OPTIONS
    recipes: Mapping[str, Recipe] = recipes_of(RECIPES, OWN, auto=True)
    published: Mapping[str, Checkpoint] = {short: _published(short, official) for short, official in DATA.items()}
    # As in the authors' programs: augmentation adapts faster, and the average keeps what it starts from for longer.
    fine_tuning: Mapping[str, Any] = {"ada_kimg": 100, "ema_rampup": None}
    benchmark = "stylegan3"  # StyleGAN3's authors measured both models by one protocol
    embedded = Embedded(
        weights=Path(baselines.stylegan2.__path__[0]) / "weights" / "digits32.safetensors",
        note=(
            "stylegan2 is the embedded digits32 generator, a small StyleGAN2 of scikit-learn's digits at 32x32: "
            "its numbers are not comparable with published ones."
        ),
        benchmark="digits",
        data="digits",
    )

    def automatic(self, resolution: int, images: int, devices: int) -> dict[str, Any]:
        """Return the settings of the recipe ``auto`` for data of a resolution and a number of images."""
        return auto(resolution, images, devices)

    def base(self, cfg: str, given: Mapping[str, Any], resolution: int, images: int, devices: int) -> dict[str, Any]:
        """Return the settings of the official program's base configuration of a name; see ``TrainableAdapter``."""
        return base(cfg, given, resolution, images, devices)

    def trainer(self) -> Callable[..., PreparedRun[Any]]:
        """Return the function that prepares a run."""
        from baselines.stylegan2.train import prepare

        return prepare


adapter = StyleGAN2Adapter()
