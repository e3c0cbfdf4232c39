"""Metrics of one class of a conditional model."""

import hashlib
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn

import ganbench
from ganbench.errors import PlanError


class Shades:
    """Data of three classes; image ``i`` is of class ``i % 3`` and as bright as its class says."""

    name, resolution, channels, label_dim = "shades", 32, 1, 3
    fingerprint = hashlib.sha256(b"shades").hexdigest()

    def __len__(self) -> int:
        return 90

    def images(self, indices: Sequence[int]) -> Tensor:
        return torch.stack([torch.full((1, 32, 32), 40 * (i % 3) + i // 3, dtype=torch.uint8) for i in indices])

    def labels(self, indices: Sequence[int]) -> Tensor:
        return torch.eye(3)[[i % 3 for i in indices]]


class OfLabel(nn.Module):
    """A generator whose images show nothing but their label."""

    z_dim, c_dim, img_resolution, img_channels = 2, 3, 32, 1

    def forward(self, z: Tensor, c: Tensor) -> Tensor:
        level = c.argmax(1) * 0.3 - 0.7 + z[:, 0] * 0.01
        return level[:, None, None, None].expand(-1, 1, 32, 32).contiguous()


class OfShade(nn.Module):
    """The same for class 1 alone, without labels."""

    z_dim, c_dim, img_resolution, img_channels = 2, 0, 32, 1

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        return OfLabel()(z, torch.eye(3)[[1] * len(z)])


class OneShade(Shades):
    """The images of class 1 alone."""

    label_dim = 0

    def __len__(self) -> int:
        return 30

    def images(self, indices: Sequence[int]) -> Tensor:
        return super().images([3 * i + 1 for i in indices])


def test_one_class_is_measured_as_if_it_were_all_there_is() -> None:
    """Both the samples and the reals, whose number and features would show in every one of these."""
    names = "fid kid pr3 is cmmd dc5 fid_inf is_inf mifid memorization vendi".split()
    found = ganbench.measure(OfLabel(), [f"{name}@24" for name in names], data=Shades(), benchmark="toy", label=1)
    alone = ganbench.measure(OfShade(), [f"{name}@24" for name in names], data=OneShade(), benchmark="toy")
    assert {key.replace("_class1", "") for key in found} == {*alone}
    assert all(key.startswith(tuple(f"{name}@24_class1" for name in names)) for key in found)
    assert list(found.values()) == list(alone.values())


def test_classes_differ_and_never_share_a_column() -> None:
    values = [ganbench.measure(OfLabel(), "fid@40", data=Shades(), benchmark="toy", label=n) for n in range(3)]
    assert len({key for found in values for key in found}) == 3


@pytest.mark.parametrize(
    ("model", "names", "label", "words"),
    [
        (OfLabel(), ["fid@20"], 3, "expected reals of class 3, found 3 classes in shades"),
        (OfShade(), ["fid@20"], 1, "expected a model with class 1, found one with no classes"),
        (OfLabel(), ["lpips_real@20"], 1, "expected no class for lpips_real@20, found class 1"),
    ],
)
def test_what_has_no_such_class_is_refused(model: nn.Module, names: list[str], label: int, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        ganbench.measure(model, names, data=Shades(), benchmark="toy", label=label)
