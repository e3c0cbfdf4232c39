"""StyleGAN3-T and -R: the embedded digits generator, official snapshots, and networks trained here."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

import baselines.stylegan3
from baselines.stylegan3.networks import Generator
from baselines.stylegan3.recipes import RECIPES
from baselines.stylegan3.recipes import Recipe as Settings
from ganbench.checkpoints import load_one
from ganbench.checkpoints.architectures import name_of
from ganbench.errors import BadInputError
from ganbench.types import Checkpoint, Dataset, Recipe

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
    # No checksums are published with these files; the first download tells the one it got.
    return Checkpoint(f"{NGC}/stylegan3-{kind}-{official}.pkl", "", "stylegan3", note)


class StyleGAN3Adapter:
    """The way in for StyleGAN3.

    Attributes:
        recipes: published and embedded training configurations.
        published: official checkpoints by short name, such as ``ffhq-1024-t``.
        benchmark: the paper's protocol.
        embedded: the weights that come along.
        embedded_note: what those are, in one line.
        embedded_benchmark: what they are measured by where nothing else is asked for.
    """

    recipes: Mapping[str, Recipe] = {name: Recipe(name, asdict(settings)) for name, settings in RECIPES.items()}
    published: Mapping[str, Checkpoint] = {
        f"{short}-{kind}": _published(short, official, kind) for short, official in DATA.items() for kind in "tr"
    }
    benchmark = "stylegan3"
    embedded = Path(baselines.stylegan3.__path__[0]) / "weights" / "digits32.safetensors"
    embedded_benchmark = "digits"
    embedded_note = (
        "stylegan3 is the embedded digits32 generator, a small StyleGAN3-T of scikit-learn's digits at 32x32: "
        "its numbers are not comparable with published ones."
    )

    def load(self, weights: Path | None, device: str) -> Generator:
        """Return the generator of a file: ``G_ema`` of an official snapshot, or safetensors written here.

        Args:
            weights: the file; None for the embedded weights.
            device: where to put it.

        Raises:
            BadInputError: the file cannot be read, or holds another architecture.
        """
        path = self.embedded if weights is None else weights
        network = load_one(path, "G_ema")
        if not isinstance(network, Generator):
            raise BadInputError(f"{path} holds a {name_of(network)}, not a StyleGAN3 generator: give its weights.")
        return network.to(device)

    def train(
        self, data: Dataset, recipe: Recipe, run_dir: Path, resume: bool, progress: Callable[[Mapping[str, Any]], None]
    ) -> Path:
        """Return the path of the averaged generator's weights after training.

        Args:
            data: the images; labels are not used.
            recipe: its settings are those of ``baselines.stylegan3.recipes.Recipe``, and may also have ``seed``
                (default 0) and ``device`` (default a GPU where there is one, else the CPU).
            run_dir: the run's folder.
            resume: go on from the last whole snapshot there.
            progress: told of each tick.

        Raises:
            BadInputError: the recipe, the data or the run folder do not allow it.
        """
        from baselines.stylegan3.train import train

        settings = dict(recipe.settings)
        seed, device = settings.pop("seed", 0), settings.pop("device", None)
        try:
            return train(
                Pictures(data),
                Settings(**settings),
                run_dir,
                recipe_name=recipe.name,
                resume=resume,
                device=device or ("cuda" if torch.cuda.is_available() else "cpu"),
                seed=seed,
                data_fingerprint=data.fingerprint,
                on_tick=progress,
            )
        except (ValueError, TypeError, OSError) as error:
            raise BadInputError(str(error)) from error


class Pictures:
    """A data set as the training loop reads it: one image at a time."""

    def __init__(self, data: Dataset) -> None:
        self.data = data

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> torch.Tensor:
        """Return image ``index``, ``[C, H, W]`` uint8."""
        return self.data.images([index])[0]


adapter = StyleGAN3Adapter()
