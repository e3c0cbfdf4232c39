"""The options of the official program of StarGAN v2, as changes of a recipe.

Source: the command line of its ``main.py``. Options with a setting's name, such as ``lambda_ds``, need no translation.
"""

from collections.abc import Mapping
from typing import Any

from baselines.training.options import BETA, Asked, Option, refused, same
from baselines.training.settings import Count

__all__ = ["OPTIONS"]


def _iterations(asked: Asked) -> dict[str, Any]:
    return {"kimg": asked.value * asked.settings["batch"] / 1000}


def _ticks(asked: Asked) -> dict[str, Any]:
    settings = asked.settings
    return {"snapshot_ticks": max(1, round(asked.value * settings["batch"] / 1000 / settings["tick_kimg"]))}


OPTIONS: Mapping[str, Option] = {
    "batch_size": same("batch"),
    "total_iters": Option(_iterations, Count),
    "save_every": Option(_ticks, Count),
    "randcrop_prob": same("crop_prob"),
    "beta1": BETA,
    "beta2": BETA,
    "num_domains": refused("as the folders of the data are the domains: leave it out"),
    "val_batch_size": refused("as metrics choose their batches themselves: leave it out"),
    "resume_iter": refused("as a run continues from its last snapshot: write --resume"),
    "train_img_dir": refused("which is the data here: write --data FOLDER"),
    "val_img_dir": refused("which is the data of --metrics here: measure snapshots with ganbench run --data FOLDER"),
    "checkpoint_dir": refused("which is the folder of the run here: write --run-dir FOLDER"),
    "sample_dir": refused("as samples go into the folder of the run: write --run-dir FOLDER"),
    "eval_dir": refused("as numbers go into the folder of the run: write --run-dir FOLDER"),
    "print_every": refused("as ticks are told in images here: set tick_kimg"),
    "sample_every": refused("as a grid comes with every snapshot: set snapshot_ticks"),
    "eval_every": refused("as metrics come with every snapshot: set snapshot_ticks"),
    "mode": refused("as there is a verb for each: ganbench train, translate or run"),
    "num_workers": same("workers"),
    "num_outs_per_domain": refused("which belongs to sheets of translations: use ganbench translate"),
}
