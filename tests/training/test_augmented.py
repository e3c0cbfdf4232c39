"""Augmentation and Freeze-D of the networks that grow, as StyleGAN2's tests hold them for those that do not."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from baselines.errors import SettingsError
from baselines.progan import train as progan
from baselines.stylegan1 import train as stylegan1
from tests.training.runs import IMAGES, context, tensors, training_of
from tests.training.short import SHORT

GROWING = {"progan": progan.Training, "stylegan1": stylegan1.Training}


def training(name: str, **changes: Any) -> Any:
    return training_of(GROWING[name], SHORT[name].recipe, **changes)


@pytest.mark.parametrize("name", GROWING)
def test_the_discriminator_sees_all_images_augmented_and_at_the_full_size(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    built, given, seen = training(name), [], []
    monkeypatch.setattr(built.D, "lod", torch.tensor(1.0))

    def marked(images: Tensor, *_: object) -> Tensor:
        given.append(images)
        return images + 10

    built.augment, discriminate = marked, built.D.forward
    monkeypatch.setattr(built, "observe", lambda scores: None)
    monkeypatch.setattr(built.D, "forward", lambda images, *c: (seen.append(images), discriminate(images, *c))[1])
    built.discriminator_loss(context())
    built.generator_loss(context())
    assert [list(images.shape) for images in given] == [[4, 1, 16, 16]] * 3  # real, generated, and the generator's
    reals = given[0]
    assert torch.equal(reals[..., ::2], reals[..., 1::2])  # of the level below the full size
    assert len(seen) >= 3
    assert all(float(images.detach().mean()) > 8 for images in seen)


@pytest.mark.parametrize(("score", "way"), [(1.0, 1), (-1.0, -1)])
def test_stylegans_probability_adapts_at_the_rate_of_the_images_shown(
    score: float, way: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = training("stylegan1", augment="bgc", augment_p=0.5, ada_target=0.6, ada_interval=2, ada_kimg=0.1)
    seen = []
    for step in range(5):
        built.prepare(context(step))
        seen.append(built.augment.p.item())
        built.observe(torch.full([4, 1], score))
    step = way * 8 / 100  # two steps of four images
    assert seen == pytest.approx([0.5, 0.5, 0.5 + step, 0.5 + step, 0.5 + 2 * step])


def test_scores_without_a_sign_adapt_nothing() -> None:
    with pytest.raises(SettingsError, match=r"no ada_target with the loss wgan.*found 0.6: set ada_target=null"):
        training("stylegan1", d_loss="wgan", ada_target=0.6)
    assert "ada_target" not in {field.name for field in dataclasses.fields(SHORT["progan"].recipe)}


@pytest.mark.parametrize("name", GROWING)
def test_the_first_layers_stay_as_they_start(name: str, tmp_path: Path) -> None:
    short = SHORT[name]
    whole = short.change(initial_resolution=16, kimg=0.016, batches={})
    short.train(IMAGES, whole, tmp_path / "source")
    source = tensors(tmp_path / "source")
    start: dict[str, dict[str, Tensor]] = {"G": {}, "D": {}, "G_ema": {}}
    for key, value in source.items():
        kind, network, *rest = key.split("/")
        if kind == "networks" and network in start:
            start[network]["/".join(rest)] = value
    short.train(IMAGES, dataclasses.replace(whole, freeze_d=4), tmp_path / "run", start=start)
    after = tensors(tmp_path / "run")
    frozen = ("b16.fromrgb", "b16.conv0", "b16.conv1", "b8.conv0")
    for layer in frozen:
        for part in ("weight", "bias"):
            assert torch.equal(after[f"networks/D/{layer}.{part}"], start["D"][f"{layer}.{part}"]), layer
    assert not torch.equal(after["networks/D/b8.conv1.weight"], start["D"]["b8.conv1.weight"])
    moments, everything = (
        [key for key in state if key.startswith("optimizers/D/") and key.endswith("/exp_avg")]
        for state in (after, source)
    )
    assert len(moments) == len(everything) - 2 * len(frozen)


@pytest.mark.parametrize("name", GROWING)
def test_layers_of_a_network_that_grows_cannot_be_counted(name: str) -> None:
    with pytest.raises(SettingsError, match=r"expected initial_resolution 16 with freeze_d.*found 4: set"):
        training(name, freeze_d=1)
    built = training(name, freeze_d=99, initial_resolution=16)
    assert {key.partition(".")[0] for key, _ in built.D.named_parameters()} == {"b8", "b4"}  # b8 has fromrgb left
