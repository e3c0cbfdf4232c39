"""The options that the official programs of CycleGAN and pix2pix share, as changes of a recipe.

Source: the command line of their authors' PyTorch program, newer and older names alike. Options with a setting's name,
such as ``n_epochs``, need no translation.
"""

import re
from collections.abc import Mapping
from typing import Any

from baselines.errors import SettingsError
from baselines.training.options import BETA, Asked, Option, refused, same
from baselines.training.settings import Count

__all__ = ["OPTIONS"]

NETG = ("resnet_9blocks", "resnet_6blocks", "unet_256", "unet_128")
NETD = ("basic", "n_layers", "pixel")


def _generator(asked: Asked) -> dict[str, Any]:
    """Return the generator of an official name, with the widths and norms of the recipe."""
    if asked.value in ("resnet", "unet"):
        return {"generator.netG": asked.value}
    if asked.value not in NETG:
        raise SettingsError(f"expected netG to be one of {', '.join(NETG)}, found {asked.value!r}: choose one.")
    kind, size = re.findall("[a-z]+|[0-9]+", asked.value)[:2]
    kept = {
        name: value for name, value in asked.settings["generator"].items() if name in ("ngf", "norm", "use_dropout")
    }
    depth = {"n_blocks": int(size)} if kind == "resnet" else {"num_downs": int(size).bit_length() - 1}
    return {"generator": {**kept, "netG": kind, **depth}}


def _discriminator(asked: Asked) -> dict[str, Any]:
    if asked.value not in NETD:
        raise SettingsError(f"expected netD to be one of {', '.join(NETD)}, found {asked.value!r}: choose one.")
    kept = {name: value for name, value in asked.settings["discriminator"].items() if name in ("ndf", "norm")}
    layers = asked.given.get("n_layers_D", 3) if asked.value == "n_layers" else 3
    if asked.value == "pixel":
        return {"discriminator": {**kept, "netD": "pixel"}}
    return {"discriminator": {**kept, "netD": "n_layers", "n_layers": layers}}


def _layers(asked: Asked) -> dict[str, Any]:
    if asked.given.get("netD", "n_layers") != "n_layers":
        raise SettingsError("expected netD n_layers with n_layers_D, found another: set netD n_layers.")
    return {} if "netD" in asked.given else {"discriminator.n_layers": asked.value}


def _dropout(asked: Asked) -> dict[str, Any]:
    return {"generator.use_dropout": not asked.value}


def _mirror(asked: Asked) -> dict[str, Any]:
    return {"mirror": not asked.value}


def _policy(asked: Asked) -> dict[str, Any]:
    return {"lr_policy": "linear" if asked.value == "lambda" else asked.value}


OPTIONS: Mapping[str, Option] = {
    "batch_size": same("batch"),
    "netG": Option(_generator, str),
    "netD": Option(_discriminator, str),
    "n_layers_D": Option(_layers, Count),
    "ngf": same("generator.ngf", kind=Count),
    "ndf": same("discriminator.ndf", kind=Count),
    "norm": same("generator.norm", "discriminator.norm", kind=str),
    "no_dropout": Option(_dropout, bool),
    "no_flip": Option(_mirror, bool),
    "niter": same("n_epochs"),
    "niter_decay": same("n_epochs_decay"),
    "lr_policy": Option(_policy, str),
    "beta1": BETA,
    "num_threads": same("workers"),
    "input_nc": refused("as the data say how many channels there are: leave it out"),
    "output_nc": refused("as the data say how many channels there are: leave it out"),
    "dataroot": refused("which is the data here: write --data FOLDER"),
    "dataset_mode": refused("as the data say how they are paired: write --data FOLDER or --data pairs:FOLDER"),
    "name": refused("which is the folder of the run here: write --run-dir FOLDER"),
    "checkpoints_dir": refused("which is the folder of the run here: write --run-dir FOLDER"),
    "gpu_ids": refused("as there is one option for devices: write --device cuda:N"),
    "continue_train": refused("as a run continues from its last snapshot: write --resume"),
    "epoch_count": refused("as a run that continues counts its epochs itself: write --resume"),
    "phase": refused("as a run trains on the images given: write --data FOLDER"),
    "serial_batches": refused("as images are always shuffled here: leave it out"),
    "max_dataset_size": refused("as a run takes all images of its data: give a folder with fewer"),
    "print_freq": refused("as ticks are told in thousands of images here: set tick_kimg"),
    "save_epoch_freq": refused("as snapshots are told in ticks here: set snapshot_ticks"),
    "save_latest_freq": refused("as snapshots are told in ticks here: set snapshot_ticks"),
    "display_freq": refused("as a grid comes with every snapshot: set snapshot_ticks"),
    "display_id": refused("as nothing is shown in a browser: leave it out"),
    "no_html": refused("as no page is written: leave it out"),
    "verbose": refused("which says what networks look like: use --dry-run"),
}
"""Options without a setting yet, such as ``preprocess``, go by their own name to the recipe."""
