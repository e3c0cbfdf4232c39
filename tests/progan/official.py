"""Networks of the official layout, made from nothing of ours: variables, records, files, and what they compute.

The forward is plain arithmetic on the variables as the official program names and orders them, in its "linear"
structure: every level is computed, and each is blended with the enlarged one before it.
"""

import pickle
import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor

from ganbench.checkpoints.inert import Instance
from tests.checkpoints.tflib_records import built

Variables = dict[str, Any]
KWARGS: dict[str, Any] = {  # of both networks, small
    "num_channels": 2,
    "resolution": 16,
    "label_size": 3,
    "fmap_base": 24,
    "fmap_max": 7,
}


def features(kwargs: Mapping[str, Any], stage: int) -> int:
    """Return the feature maps of a stage."""
    most, base, decay = kwargs.get("fmap_max", 512), kwargs.get("fmap_base", 8192), kwargs.get("fmap_decay", 1.0)
    return min(int(base / 2.0 ** (stage * decay)), most)


def stages(kwargs: Mapping[str, Any]) -> list[int]:
    """Return the base-2 logarithms of the resolutions."""
    return list(range(2, int(np.log2(kwargs["resolution"])) + 1))


def layer(scope: str, *shape: int, bias: int = 0) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a weight, whose last axis has the outputs, and of its bias."""
    return {f"{scope}/weight": shape, f"{scope}/bias": (bias or shape[-1],)}


def generator_shapes(kwargs: Mapping[str, Any], later: bool = False) -> dict[str, tuple[int, ...]]:
    """Return the variables of ``G_paper``; ``later`` for those of the copy in StyleGAN's code."""
    inputs = kwargs.get("latent_size", features(kwargs, 0)) + kwargs.get("label_size", 0)
    wide = features(kwargs, 1)
    shapes = layer("4x4/Dense", inputs, 16 * wide, bias=wide) | layer("4x4/Conv", 3, 3, wide, wide)
    last = stages(kwargs)[-1]
    for stage in stages(kwargs):
        narrow, wide, size = features(kwargs, stage - 2), features(kwargs, stage - 1), f"{2**stage}x{2**stage}"
        if stage > 2 and kwargs.get("fused_scale", True):
            pair = (narrow, wide) if later else (wide, narrow)
            shapes |= layer(f"{size}/Conv0_up", 3, 3, *pair, bias=wide)
        elif stage > 2:
            shapes |= layer(f"{size}/Conv0", 3, 3, narrow, wide)
        if stage > 2:
            shapes |= layer(f"{size}/Conv1", 3, 3, wide, wide)
        shapes |= layer(f"ToRGB_lod{last - stage}", 1, 1, wide, kwargs["num_channels"])
    return shapes


def discriminator_shapes(kwargs: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return the variables of ``D_paper``."""
    extra, four, last = int(kwargs.get("mbstd_group_size", 4) > 1), features(kwargs, 1), stages(kwargs)[-1]
    hidden = features(kwargs, 0)
    shapes = layer("4x4/Conv", 3, 3, four + extra, four) | layer("4x4/Dense0", 16 * four, hidden)
    shapes |= layer("4x4/Dense1", hidden, 1 + kwargs.get("label_size", 0))
    for stage in stages(kwargs):
        wide, narrow, size = features(kwargs, stage - 1), features(kwargs, stage - 2), f"{2**stage}x{2**stage}"
        shapes |= layer(f"FromRGB_lod{last - stage}", 1, 1, kwargs["num_channels"], wide)
        if stage > 2:
            down = "Conv1_down" if kwargs.get("fused_scale", True) else "Conv1"
            shapes |= layer(f"{size}/Conv0", 3, 3, wide, wide) | layer(f"{size}/{down}", 3, 3, wide, narrow)
    return shapes


def drawn(shapes: Mapping[str, tuple[int, ...]], seed: int = 0, lod: float = 0.0) -> Variables:
    """Return random variables of these shapes, and the level of detail."""
    draws = np.random.default_rng(seed)
    values = {name: draws.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    return values | {"lod": np.float32(lod)}


def record(function: str, kwargs: Mapping[str, Any], variables: Variables, home: str = "tfutil") -> Instance:
    """Return the record of a network, as the reader gives it."""
    state = {
        "version": 2,
        "name": function,
        "static_kwargs": dict(kwargs),
        "build_module_src": "raise SystemExit  # never run\n",
        "build_func_name": function,
        "variables": list(variables.items()),
    }
    return Instance(f"{home} Network", (), state)


def network(function: str, kwargs: Mapping[str, Any], variables: Variables, home: str = "tfutil") -> Any:
    """Return our network of these variables, in float64."""
    return built(record(function, kwargs, variables, home)).double()


class Network:
    """Pickled as the official class of that name, with a record's state."""

    def __init__(self, record: Instance) -> None:
        self.state = record.state

    def __getstate__(self) -> Any:
        return self.state


def write(path: Path, *records: Instance) -> Path:
    """Write the pickle of one network, or of a tuple of them."""
    module = types.ModuleType("tfutil")
    module.Network = Network  # type: ignore[attr-defined]
    networks = tuple(map(Network, records))
    with mock.patch.dict(sys.modules, {"tfutil": module}), mock.patch.object(Network, "__module__", "tfutil"):
        path.write_bytes(pickle.dumps(networks if len(networks) > 1 else networks[0], protocol=4))
    return path


def correlated(x: Tensor, weight: Tensor, stride: int = 1) -> Tensor:
    """Return TensorFlow's ``conv2d`` of ``x [N, C, H, W]`` with ``weight [k, k, C, C']``, padded to "SAME"."""
    size, (height, width) = weight.shape[0], x.shape[2:]
    before, after = (size - stride) // 2, (size - stride + 1) // 2
    x = torch.nn.functional.pad(x, [before, after, before, after])
    return sum_of(
        torch.einsum("nchw,cd->ndhw", x[:, :, i : i + height : stride, j : j + width : stride], weight[i, j])
        for i in range(size)
        for j in range(size)
    )


def transposed(x: Tensor, weight: Tensor) -> Tensor:
    """Return TensorFlow's ``conv2d_transpose`` of ``x`` with ``weight [4, 4, C', C]``, stride 2, padded to "SAME"."""
    n, _, height, width = x.shape
    found = x.new_zeros(n, weight.shape[2], 2 * height + 2, 2 * width + 2)
    for i in range(4):
        for j in range(4):
            found[:, :, i : i + 2 * height : 2, j : j + 2 * width : 2] += torch.einsum("nchw,dc->ndhw", x, weight[i, j])
    return found[:, :, 1:-1, 1:-1]


def sum_of(terms: Any) -> Tensor:
    total: Tensor = sum(terms)  # type: ignore[assignment]
    return total


def widened(weight: Tensor) -> Tensor:
    """Return a kernel one wider: the sum of its four positions."""
    found = weight.new_zeros(4, 4, *weight.shape[2:])
    for i in (0, 1):
        for j in (0, 1):
            found[i : i + 3, j : j + 3] += weight
    return found


def doubled(x: Tensor) -> Tensor:
    return torch.nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")


def halved(x: Tensor) -> Tensor:
    return (x[:, :, ::2, ::2] + x[:, :, 1::2, ::2] + x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2]) / 4


def blended(fine: Tensor, coarse: Tensor, share: float) -> Tensor:
    return fine + (coarse - fine) * min(max(share, 0.0), 1.0)


class Layers:
    """The variables of a network, equalised, in float64."""

    def __init__(self, variables: Variables, kwargs: Mapping[str, Any]) -> None:
        self.variables, self.equalised = variables, kwargs.get("use_wscale", True)
        self.nonlinearity: Callable[[Tensor], Tensor] = lambda x: torch.maximum(x, 0.2 * x)
        if not kwargs.get("use_leakyrelu", True):
            self.nonlinearity = lambda x: x.clamp(min=0)

    def weight(self, scope: str, gain: float = 2**0.5, inputs: int = 0) -> Tensor:
        value = torch.from_numpy(self.variables[f"{scope}/weight"]).double()
        inputs = inputs or int(np.prod(value.shape[:-1]))
        return value * (gain / inputs**0.5) if self.equalised else value

    def biased(self, scope: str, x: Tensor) -> Tensor:
        bias = torch.from_numpy(self.variables[f"{scope}/bias"]).double()
        return x + (bias if x.ndim == 2 else bias[:, None, None])

    def active(self, scope: str, x: Tensor) -> Tensor:
        return self.nonlinearity(self.biased(scope, x))


@torch.no_grad()
def images(variables: Variables, kwargs: Mapping[str, Any], z: Tensor, c: Tensor, later: bool = False) -> Tensor:
    """Return the images of ``G_paper`` at the level of detail among its variables."""
    net, last, lod = Layers(variables, kwargs), stages(kwargs)[-1], float(variables["lod"])

    def normed(x: Tensor, used: bool) -> Tensor:
        return x / (x.pow(2).mean(1, keepdim=True) + kwargs.get("pixelnorm_epsilon", 1e-8)).sqrt() if used else x

    def done(scope: str, x: Tensor) -> Tensor:
        return normed(net.active(scope, x), kwargs.get("use_pixelnorm", True))

    def to_rgb(x: Tensor, stage: int) -> Tensor:
        scope = f"ToRGB_lod{last - stage}"
        return net.biased(scope, correlated(x, net.weight(scope, gain=1)))

    x = normed(torch.cat([z, c], 1).double(), kwargs.get("normalize_latents", True))
    x = (x @ net.weight("4x4/Dense", gain=2**0.5 / 4)).reshape(len(z), features(kwargs, 1), 4, 4)
    x = done("4x4/Dense", x)
    x = done("4x4/Conv", correlated(x, net.weight("4x4/Conv")))
    found = to_rgb(x, 2)
    for stage in stages(kwargs)[1:]:
        size = f"{2**stage}x{2**stage}"
        if kwargs.get("fused_scale", True):
            weight = net.weight(f"{size}/Conv0_up", inputs=9 * x.shape[1])
            x = done(f"{size}/Conv0_up", transposed(x, widened(weight.transpose(2, 3) if later else weight)))
        else:
            x = done(f"{size}/Conv0", correlated(doubled(x), net.weight(f"{size}/Conv0")))
        x = done(f"{size}/Conv1", correlated(x, net.weight(f"{size}/Conv1")))
        found = blended(to_rgb(x, stage), doubled(found), lod - (last - stage))
    return found


@torch.no_grad()
def scores(variables: Variables, kwargs: Mapping[str, Any], images: Tensor) -> tuple[Tensor, Tensor]:
    """Return scores and logits of ``D_paper`` at the level of detail among its variables."""
    net, last, lod = Layers(variables, {**kwargs, "use_leakyrelu": True}), stages(kwargs)[-1], float(variables["lod"])

    def from_rgb(stage: int) -> Tensor:
        scope = f"FromRGB_lod{last - stage}"
        return net.active(scope, correlated(images, net.weight(scope)))

    images = images.double()
    x = from_rgb(last)
    for stage in stages(kwargs)[:0:-1]:
        size = f"{2**stage}x{2**stage}"
        x = net.active(f"{size}/Conv0", correlated(x, net.weight(f"{size}/Conv0")))
        if kwargs.get("fused_scale", True):
            scope = f"{size}/Conv1_down"
            x = net.active(scope, correlated(x, widened(net.weight(scope)) / 4, stride=2))
        else:
            x = halved(net.active(f"{size}/Conv1", correlated(x, net.weight(f"{size}/Conv1"))))
        images = halved(images)
        x = blended(x, from_rgb(stage - 1), lod - (last - stage))
    if (group := kwargs.get("mbstd_group_size", 4)) > 1:
        x = torch.cat([x, deviation(x, min(group, len(x)))], 1)
    x = net.active("4x4/Conv", correlated(x, net.weight("4x4/Conv")))
    x = net.active("4x4/Dense0", x.flatten(1) @ net.weight("4x4/Dense0"))
    x = net.biased("4x4/Dense1", x @ net.weight("4x4/Dense1", gain=1))
    return x[:, :1], x[:, 1:]


def deviation(x: Tensor, group: int) -> Tensor:
    """Return one map per image: how far the images of its group differ, those ``N / group`` apart being one."""
    found, apart = x.new_zeros(len(x), 1, *x.shape[2:]), len(x) // group
    for i in range(apart):
        members = x[i::apart]
        found[i::apart] = (members.var(0, unbiased=False) + 1e-8).sqrt().mean()
    return found
