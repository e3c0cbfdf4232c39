"""The networks at their real sizes: those that timm builds under their names, without weights and without numbers."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ganbench.extractors.vit import network

CLIP = {"pre_norm": True, "norm_layer": nn.LayerNorm, "act_layer": "quick_gelu"}


@pytest.mark.parametrize(
    ("name", "theirs", "ours"),
    [
        ("vit_large_patch14_dinov2", {"img_size": 224}, {"img_size": 224, "init_values": 1.0, "num_classes": 0}),
        ("vit_base_patch32_clip_quickgelu_224", {"num_classes": 512}, {**CLIP, "num_classes": 512}),
        ("vit_large_patch14_clip_quickgelu_336", {"num_classes": 768}, {**CLIP, "num_classes": 768}),
    ],
)
def test_shapes_alone_give_the_published_network(name: str, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    timm = pytest.importorskip("timm", reason="the extra vit (timm) is not installed")
    with torch.device("meta"):
        expected = timm.create_model(name, **theirs)
    found = network(expected.state_dict(), Path("file"), name, **ours)
    assert repr(found) == repr(expected)
    shapes = [{key: value.shape for key, value in it.state_dict().items()} for it in (found, expected)]
    assert shapes[0] == shapes[1]
    assert {it.num_heads for it in found.modules() if hasattr(it, "num_heads")} == {expected.blocks[0].attn.num_heads}
