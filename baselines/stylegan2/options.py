"""The options of the official programs of StyleGAN2-ADA and StyleGAN3, as changes of a recipe.

Source: the command lines of ``train.py`` in both programs, which share most options.
"""

from collections.abc import Mapping
from typing import Any

from baselines.errors import SettingsError
from baselines.training.options import Asked, Option, Translate, refused, same
from baselines.training.settings import Count, Probability

__all__ = ["NO_MEANING", "OPTIONS", "augmentations"]

TARGET = 0.6  # of adaptive augmentation


def augmentations(default_p: float | None) -> dict[str, Option]:
    """Return the options of augmentation.

    Args:
        default_p: probability of ``--aug fixed`` where none is given; None to ask for it.
    """

    def mode(asked: Asked) -> dict[str, Any]:
        given, pipe = asked.given, asked.given.get("augpipe", asked.settings.get("augment") or "bgc")
        if asked.value == "noaug":
            return {"augment": "", "augment_p": 0, "ada_target": None}
        if asked.value == "ada":
            return {"augment": pipe, "augment_p": 0, "ada_target": given.get("target", TARGET)}
        if asked.value != "fixed":
            raise SettingsError(f"expected aug to be one of noaug, ada, fixed, found {asked.value!r}: choose one.")
        p = given.get("p", default_p)
        if p is None:
            raise SettingsError("expected p with aug fixed, found none: add for example --p 0.2.")
        return {"augment": pipe, "augment_p": p, "ada_target": None}

    return {
        "aug": Option(mode, str),
        "p": Option(_only_with("fixed", "p", "augment_p"), Probability),
        "target": Option(_only_with("ada", "target", "ada_target"), Probability),
        "augpipe": Option(_pipe, str),
    }


def _only_with(mode: str, name: str, setting: str) -> Translate:
    """Return the translation of an option that belongs to one mode of augmentation."""

    def translate(asked: Asked) -> dict[str, Any]:
        adaptive = asked.settings.get("ada_target") is not None
        now = asked.given.get("aug", "ada" if adaptive else "fixed" if asked.settings.get("augment") else "noaug")
        if now != mode:
            raise SettingsError(f"expected aug {mode} with {name}, found {now}: add --aug {mode}, or leave {name} out.")
        return {setting: asked.value}

    return translate


def _pipe(asked: Asked) -> dict[str, Any]:
    if asked.given.get("aug") == "noaug":
        raise SettingsError("expected no augpipe with aug noaug, found both: leave one out.")
    if "aug" in asked.given or asked.settings.get("augment"):
        return {"augment": asked.value}
    return {"augment": asked.value, "ada_target": TARGET}


def _precision(asked: Asked) -> dict[str, Any]:
    """Return the settings of float32 throughout, or none."""
    if not asked.value:
        return {}
    networks = ("generator", "discriminator")
    return {
        f"{each}.{name}": value for each in networks for name, value in {"num_fp16_res": 0, "conv_clamp": None}.items()
    }


def _depth(asked: Asked) -> dict[str, Any]:
    return {"generator.mapping_kwargs.num_layers": asked.value}


NO_MEANING: Mapping[str, Option] = {
    "outdir": refused("which is the folder of all runs there: name the folder of this run with --run-dir"),
    "desc": refused("which is a part of the folder's name there: name the folder of this run with --run-dir"),
    "gpus": refused(
        "as processes are started otherwise here: begin with torchrun --nproc-per-node GPUS -m ganbench train"
    ),
    "subset": refused("as a run takes all images of its data: give a folder with fewer"),
    "nhwc": refused("as the order of a tensor's channels in memory changes speed alone: leave it out"),
}
"""Options that both programs have and that no recipe has a setting for."""

OPTIONS: Mapping[str, Option] = {
    "gamma": same("r1_gamma"),
    "snap": same("snapshot_ticks"),
    "tick": same("tick_kimg"),
    "cond": same("conditional", kind=bool),
    **augmentations(default_p=None),
    "freezed": same("freeze_d"),
    "cbase": same("generator.channel_base", "discriminator.channel_base", kind=Count),
    "cmax": same("generator.channel_max", "discriminator.channel_max", kind=Count),
    "glr": same("g_lr"),
    "dlr": same("d_lr"),
    "map_depth": Option(_depth, Count),
    "mbstd_group": same("discriminator.epilogue_kwargs.mbstd_group_size", kind=Count),
    "fp32": Option(_precision, bool),
    **NO_MEANING,
}
