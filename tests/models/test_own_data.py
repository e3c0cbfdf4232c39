"""Recipes for one's own images: made for the data as published, small ones, and base configurations."""

from typing import Any

import pytest
import torch

from baselines.stylegan1 import own_data as stylegan1
from baselines.stylegan2 import own_data as stylegan2
from baselines.stylegan3 import own_data as stylegan3
from ganbench.data import open_data
from ganbench.errors import BadInputError
from ganbench.models.base import adapter_of
from ganbench.types import Change

MODELS = "progan stylegan1 stylegan2 stylegan3 stargan starganv2 cyclegan pix2pix".split()
DATA = {
    "stargan": "digit-domains",
    "starganv2": "digit-domains",
    "cyclegan": "digit-domains:3,8",
    "pix2pix": "digit-edges",
}

# Resolution, GPUs, batch, gamma, learning rate, channel base: the published table of the configuration auto.
TABLE = [
    (128, 1, 32, 0.1024, 0.0025, 16384), (128, 2, 64, 0.0512, 0.0025, 16384), (128, 4, 64, 0.0512, 0.0025, 16384),
    (256, 1, 16, 0.8192, 0.0025, 16384), (256, 2, 32, 0.4096, 0.0025, 16384), (256, 8, 64, 0.2048, 0.0025, 16384),
    (512, 1, 8, 6.5536, 0.0025, 32768), (512, 4, 32, 1.6384, 0.0025, 32768), (512, 8, 64, 0.8192, 0.0025, 32768),
    (1024, 1, 4, 52.4288, 0.002, 32768), (1024, 2, 8, 26.2144, 0.002, 32768), (1024, 8, 32, 6.5536, 0.002, 32768),
]  # fmt: skip


@pytest.mark.parametrize(("resolution", "gpus", "batch", "gamma", "rate", "channels"), TABLE)
def test_auto_is_that_of_stylegan2_ada(
    resolution: int, gpus: int, batch: int, gamma: float, rate: float, channels: int
) -> None:
    made = stylegan2.auto(resolution, 5000, gpus)
    assert (made["batch"], made["g_lr"], made["d_lr"], made["kimg"]) == (batch, rate, rate, 25000)
    assert made["r1_gamma"] == pytest.approx(gamma)
    assert made["generator"]["channel_base"] == made["discriminator"]["channel_base"] == channels
    assert made["generator"]["mapping_kwargs"]["num_layers"] == 2
    assert made["discriminator"]["epilogue_kwargs"]["mbstd_group_size"] == 4
    assert (made["ema_kimg"], made["ema_rampup"]) == (batch * 10 / 32, 0.05)
    assert (made["augment"], made["ada_target"]) == ("bgc", 0.6)
    assert stylegan2.auto(resolution, 200_000, gpus)["augment"] == ""


def test_auto_of_the_other_stylegans() -> None:
    assert [stylegan3.auto(size, 5000)["r1_gamma"] for size in (128, 256, 512, 1024)] == [0.5, 2, 8, 32]
    assert [stylegan3.auto(size, 5000)["batch_gpu"] for size in (128, 256, 512, 1024)] == [16, 16, 8, 4]
    ticks = [stylegan3.auto(size, 5000, gpus)["snapshot_ticks"] for size in (256, 1024) for gpus in (1, 2, 4, 8)]
    assert ticks == [10, 20, 40, 50, 5, 10, 20, 40]
    assert [stylegan1.auto(128, 5000, gpus)["batch"] for gpus in (1, 2, 3, 8, 9)] == [4, 8, 8, 32, 32]


@pytest.mark.parametrize("name", ["progan", "stylegan1", "stylegan2", "stylegan3"])
def test_auto_is_chosen_from_the_data(name: str) -> None:
    adapter, data = adapter_of(name), open_data("digits")
    recipe = adapter.chosen("auto", data)
    assert recipe.name == "auto"
    assert recipe.settings["batch"] == {"progan": 4, "stylegan1": 4, "stylegan2": 32, "stylegan3": 32}[name]
    changed = adapter.changed(recipe, [Change("batch", 8, "--batch")])
    assert (changed.settings["batch"], changed.settings["kimg"]) == (8, recipe.settings["kimg"])


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("size", [32, 64])
def test_small_recipes_build_for_their_size(name: str, size: int) -> None:
    adapter, data = adapter_of(name), open_data(DATA.get(name, "digits"))
    if size == 64 and name not in DATA:
        data = Enlarged(data)  # type: ignore[assignment]  # StyleGANs take their images as they are
    model: Any = adapter.untrained(data, adapter.recipes[f"small{size}"])
    fixed = name in ("stargan", "starganv2")  # these digits come in one size, which folders of images do not
    assert model.img_resolution == (32 if fixed else size)
    assert not fixed or adapter.recipes[f"small{size}"].settings["img_size"] == size


class Enlarged:
    """A data set at twice its size."""

    def __init__(self, data: Any) -> None:
        self.data, self.resolution, self.name = data, 2 * data.resolution, data.name
        self.label_dim, self.channels, self.fingerprint = data.label_dim, data.channels, data.fingerprint

    def __len__(self) -> int:
        return len(self.data)

    def images(self, indices: Any) -> torch.Tensor:
        images: torch.Tensor = self.data.images(indices)
        return images.repeat_interleave(2, 2).repeat_interleave(2, 3)

    def labels(self, indices: Any) -> torch.Tensor:
        labels: torch.Tensor = self.data.labels(indices)
        return labels


def configured(model: str, cfg: str, *changes: Change) -> dict[str, Any]:
    adapter = adapter_of(model)
    return dict(adapter.changed(adapter.configured(cfg, changes, open_data("digits")), changes).settings)


def test_base_configurations_are_those_of_the_official_programs() -> None:
    gamma, batch = Change("gamma", 2, "--gamma"), Change("batch", 64, "--batch")
    made = configured("stylegan3", "stylegan3-r", gamma, batch)
    assert (made["r1_gamma"], made["batch"], made["ema_kimg"], made["blur_fade_kimg"]) == (2, 64, 20, 400)
    assert (made["generator"]["channel_base"], made["generator"]["channel_max"]) == (65536, 1024)
    assert (made["augment"], made["ada_target"], made["d_lr"], made["g_lr"]) == ("bgc", 0.6, 0.002, 0.0025)
    made = configured(
        "stylegan3", "stylegan3-t", gamma, Change("aug", "noaug", "--aug"), Change("cbase", 16384, "--cbase")
    )
    assert (made["augment"], made["ada_target"], made["generator"]["channel_base"]) == ("", None, 16384)
    assert (made["ema_kimg"], made["blur_init_sigma"]) == (10, 0)
    made = configured("stylegan2", "stylegan2", Change("aug", "noaug", "--aug"))
    assert made == adapter_of("stylegan2").recipes["stylegan2"].settings | {"augment_p": 0}
    assert configured("stylegan2", "stylegan2")["augment"] == "bgc", "the official default"
    assert configured("stylegan2", "auto")["batch"] == 32


@pytest.mark.parametrize(
    ("model", "cfg", "words"),
    [
        ("stylegan3", "stylegan3-t", "expected gamma with cfg stylegan3-t, which has no default, found none"),
        ("stylegan3", "stylegan3-x", "did you mean stylegan3-t"),
        ("stylegan3", "stylegan2", "write --model stylegan2"),
        ("stylegan2", "paper25", "did you mean paper256"),
        ("progan", "v2", "expected no cfg for this model"),
        ("cyclegan", "v2", "expected no cfg for this model"),
    ],
)  # fmt: skip
def test_other_configurations_are_refused(model: str, cfg: str, words: str) -> None:
    with pytest.raises(BadInputError) as found:
        configured(model, cfg)
    assert words in str(found.value)
