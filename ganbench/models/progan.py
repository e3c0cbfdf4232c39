"""Progressive GAN: the embedded digits generator, official TensorFlow snapshots, and networks trained here."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import baselines.progan
from baselines.progan.networks import Generator
from baselines.progan.options import OPTIONS
from baselines.progan.own_data import OWN, auto
from baselines.progan.recipes import RECIPES
from baselines.progan.recipes import Recipe as Settings
from baselines.training.frame import PreparedRun
from ganbench.models.stylegan import StyleGANAdapter
from ganbench.models.training import recipes_of
from ganbench.types import Checkpoint, Embedded, Recipe

DRIVE = "https://drive.google.com/uc?id="
FOLDER = "https://drive.google.com/drive/folders/15hvzxt_XxuokSmj0uO4xxMTMWVc0cIMU"  # where its authors keep them all
KEYS = {  # official name -> where it lies; of the others only the folder is documented
    "celebahq-1024x1024": "188K19ucknC6wg1R6jbuPEhTq9zoufOx4",
    "lsun-cat-256x256": "1xuFIDNAO_A_fVU0jFcgQd_C9A4Fn8GnT",
}
LSUN = (
    "airplane bedroom bicycle bird boat bottle bridge bus car cat chair churchoutdoor classroom conferenceroom cow "
    "diningroom diningtable dog horse kitchen livingroom motorbike person pottedplant restaurant sheep sofa tower "
    "train tvmonitor"
)
DATA = {  # short name -> official name
    "celebahq-1024": "celebahq-1024x1024",
    **{f"lsun-{category}-256": f"lsun-{category}-256x256" for category in LSUN.split()},
    "cifar10-32": "cifar10-32x32",
}


def _published(official: str) -> Checkpoint:
    note = f"Progressive GAN of {official.rsplit('-', 1)[0]} by NVIDIA, for non-commercial use (CC BY-NC 4.0)"
    url = f"{DRIVE}{KEYS[official]}" if official in KEYS else FOLDER
    # No checksums are published with these files; the first download reports its own.
    return Checkpoint(url, "", "progan", note, file=f"karras2018iclr-{official}.pkl")


class ProGANAdapter(StyleGANAdapter):
    """The way in for Progressive GAN; attributes are those of ``StyleGANAdapter``."""

    title = "Progressive GAN"
    network = Generator
    settings = Settings
    options = OPTIONS
    recipes: Mapping[str, Recipe] = recipes_of(RECIPES, OWN, auto=True)
    published: Mapping[str, Checkpoint] = {short: _published(official) for short, official in DATA.items()}
    benchmark = "progan"
    embedded = Embedded(
        weights=Path(baselines.progan.__path__[0]) / "weights" / "digits32.safetensors",
        note=(
            "progan is the embedded digits32 generator, a small Progressive GAN of scikit-learn's digits, grown to "
            "32x32: its numbers are not comparable with published ones."
        ),
        benchmark="digits",
        data="digits",
    )

    def automatic(self, resolution: int, images: int, devices: int) -> dict[str, Any]:
        """Return the settings of the recipe ``auto`` for data of a resolution and a number of images."""
        return auto(resolution, images, devices)

    def trainer(self) -> Callable[..., PreparedRun[Any]]:
        """Return the function of the paper's package that prepares a run."""
        from baselines.progan.train import prepare

        return prepare


adapter = ProGANAdapter()
