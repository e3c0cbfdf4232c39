"""Runs of Progressive GAN and the three StyleGANs on ``runs.IMAGES`` that take a few steps."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from baselines.progan import recipes as recipes0
from baselines.progan import train as progan
from baselines.stylegan1 import recipes as recipes1
from baselines.stylegan1 import train as stylegan1
from baselines.stylegan2 import recipes as recipes2
from baselines.stylegan2 import train as stylegan2
from baselines.stylegan3 import recipes as recipes3
from baselines.stylegan3 import train as stylegan3


class Short(NamedTuple):
    """A paper's training, a recipe of a few steps, and the kimg at which a run may stop and go on.

    Attributes:
        train: of ``baselines``.
        recipe: tiny.
        varied: settings that make random draws beside those of every run.
        stops: in kimg.
    """

    train: Callable[..., Path]
    recipe: Any
    varied: dict[str, Any]
    stops: tuple[float, ...]

    def change(self, **changes: Any) -> Any:
        """Return the recipe with other settings."""
        return dataclasses.replace(self.recipe, **changes)


SHORT = {
    # 4x4 for 16 images, 8x8 from then on with smaller batches, 16x16 after 48 images
    "progan": Short(
        progan.train,
        recipes0.Recipe(
            {"z_dim": 4, "fmap_base": 16, "fmap_max": 4},
            {"fmap_base": 16, "fmap_max": 4},
            kimg=0.08,
            batch=4,
            training_kimg=0.016,
            transition_kimg=0.016,
            batches={"4": 8},
            tick_kimg=0.008,
            snapshot_ticks=1,
        ),
        {"mirror": True, "translate": 1, "augment": "bgcfnc", "augment_p": 0.5},
        (0.016, 0.028, 0.052),
    ),
    # as above
    "stylegan1": Short(
        stylegan1.train,
        recipes1.Recipe(
            {"z_dim": 4, "w_dim": 4, "mapping_kwargs": {"num_layers": 1}, "fmap_base": 16, "fmap_max": 4},
            {"fmap_base": 16, "fmap_max": 4},
            kimg=0.08,
            batch=4,
            initial_resolution=4,
            training_kimg=0.016,
            transition_kimg=0.016,
            batches={"4": 8},
            d_lrs={"16": 0.003},
            tick_kimg=0.008,
            snapshot_ticks=1,
        ),
        {"mirror": True, "translate": 1, "augment": "bgcfnc", "augment_p": 0.5, "ada_target": 0.6, "ada_kimg": 0.05},
        (0.016, 0.028, 0.052),
    ),
    "stylegan2": Short(
        stylegan2.train,
        recipes2.Recipe(
            {"z_dim": 4, "w_dim": 4, "mapping_kwargs": {"num_layers": 1}, "channel_base": 32, "channel_max": 4},
            {"channel_base": 32, "channel_max": 4},
            kimg=0.016,
            batch=4,
            r1_gamma=0.1,
            r1_interval=2,
            pl_interval=2,
            tick_kimg=0.008,
            snapshot_ticks=1,
        ),
        {"mirror": True, "translate": 1},
        (0.008,),
    ),
    "stylegan3": Short(
        stylegan3.train,
        recipes3.Recipe(
            {
                "z_dim": 4,
                "w_dim": 4,
                "mapping_kwargs": {"num_layers": 1},
                "num_layers": 3,
                "channel_base": 32,
                "channel_max": 4,
            },
            {"channel_base": 32, "channel_max": 4},
            kimg=0.016,
            batch=4,
            r1_gamma=0.1,
            r1_interval=2,
            tick_kimg=0.008,
            snapshot_ticks=1,
        ),
        {"mirror": True, "blur_init_sigma": 1.0, "blur_fade_kimg": 0.02},
        (0.008,),
    ),
}
