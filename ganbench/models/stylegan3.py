"""StyleGAN3-T and -R: the embedded digits generator, official snapshots, and generators trained here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import baselines.stylegan3
from baselines.stylegan3.networks import Generator
from baselines.stylegan3.options import OPTIONS
from baselines.stylegan3.own_data import OWN, auto, base
from baselines.stylegan3.recipes import RECIPES
from baselines.stylegan3.recipes import Recipe as Settings
from baselines.training.frame import PreparedRun
from ganbench.models.stylegan import StyleGANAdapter
from ganbench.models.training import recipes_of
from ganbench.types import Checkpoint, Embedded, Recipe

NGC = "https://api.ngc.nvidia.com/v2/models/nvidia/research/stylegan3/versions/1/files"
DATA = {  # short name -> official name with the resolution spelt out
    "ffhq-1024": "ffhq-1024x1024",
    "ffhqu-1024": "ffhqu-1024x1024",
    "ffhqu-256": "ffhqu-256x256",
    "metfaces-1024": "metfaces-1024x1024",
    "metfacesu-1024": "metfacesu-1024x1024",
    "afhqv2-512": "afhqv2-512x512",
}


def _published(short: str, official: str, kind: str) -> Checkpoint:
    note = f"StyleGAN3-{kind.upper()} of {short.rsplit('-', 1)[0]} by NVIDIA, for research and non-commercial use"
    # No checksums are published with these files; the first download reports its own.
    return Checkpoint(f"{NGC}/stylegan3-{kind}-{official}.pkl", "", "stylegan3", note)


class StyleGAN3Adapter(StyleGANAdapter):
    """Adapter of StyleGAN3; for attributes see ``StyleGANAdapter``."""

    title = "StyleGAN3"
    network = Generator
    settings = Settings
    options = OPTIONS
    recipes: Mapping[str, Recipe] = recipes_of(RECIPES, OWN, auto=True)
    published: Mapping[str, Checkpoint] = {
        f"{short}-{kind}": _published(short, official, kind) for short, official in DATA.items() for kind in "tr"
    }
    # As in the authors' program: as StyleGAN2's, and no blur, which only helps untrained networks.
    fine_tuning: Mapping[str, Any] = {"ada_kimg": 100, "ema_rampup": None, "blur_init_sigma": 0}
    benchmark = "stylegan3"
    embedded = Embedded(
        weights=Path(baselines.stylegan3.__path__[0]) / "weights" / "digits32.safetensors",
        note=(
            "stylegan3 is the embedded digits32 generator, a small StyleGAN3-T of scikit-learn's digits at 32x32: "
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
        from baselines.stylegan3.train import prepare

        return prepare


adapter = StyleGAN3Adapter()
