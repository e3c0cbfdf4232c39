"""The options of the official program of StarGAN, as changes of a recipe.

Source: the command line of its ``main.py``. Options with a setting's name, such as ``lambda_rec``, need no translation.
"""

from collections.abc import Mapping
from typing import Any

from baselines.errors import SettingsError
from baselines.training.options import BETA, Asked, Option, refused, same
from baselines.training.settings import Count

__all__ = ["OPTIONS"]

LABELS = {"CelebA": "attributes", "RaFD": "domain"}


def _data(asked: Asked) -> dict[str, Any]:
    if asked.value not in LABELS:
        raise SettingsError(
            f"expected dataset to be CelebA or RaFD, found {asked.value!r}: joint training on both is not here."
        )
    return {"labels": LABELS[asked.value]}


def _ticks(asked: Asked) -> dict[str, Any]:
    settings = asked.settings
    return {"snapshot_ticks": max(1, round(asked.value * settings["batch"] / 1000 / settings["tick_kimg"]))}


def _log_ticks(asked: Asked) -> dict[str, Any]:
    return {"tick_kimg": asked.value * asked.settings["batch"] / 1000}


OPTIONS: Mapping[str, Option] = {
    "batch_size": same("batch"),
    "log_step": Option(_log_ticks, Count),
    "model_save_step": Option(_ticks, Count),
    "image_size": same("img_size"),
    "g_conv_dim": same("generator.conv_dim", kind=Count),
    "d_conv_dim": same("discriminator.conv_dim", kind=Count),
    "g_repeat_num": same("generator.repeat_num", kind=Count),
    "d_repeat_num": same("discriminator.repeat_num", kind=Count),
    "beta1": BETA,
    "beta2": BETA,
    "dataset": Option(_data, str),
    "selected_attrs": same("attributes", kind=list[str]),
    "num_workers": same("workers"),
    "c_dim": refused("as the data say how many labels there are: leave it out"),
    "c2_dim": refused("as joint training on two data sets is not here: leave it out"),
    "celeba_crop_size": refused("as images are cropped before: use ganbench data prepare"),
    "rafd_crop_size": refused("as images are cropped before: use ganbench data prepare"),
    "resume_iters": refused("as a run continues from its last snapshot: write --resume"),
    "sample_step": refused("as a grid comes with every snapshot: set snapshot_ticks"),
    "mode": refused("as there is a verb for each: ganbench train, translate or run"),
}
