"""Shapes alone: what the meta device gives, without the seconds that its arithmetic takes to import."""

import subprocess
import sys

import pytest
import torch

from ganbench.checkpoints.shapes import shapes_alone

BUILDS = {
    "draws": lambda: torch.randn([3, 2]) * 0.5 - torch.rand(3, 1),
    "squares": lambda: torch.randn([3, 2]).square().sum(dim=1, keepdim=True).sqrt(),
    "sums": lambda: (torch.ones(4) / torch.ones(4).sum(), torch.ones(2, 4).sum(-1)),
    "filters": lambda: torch.as_tensor([1.0, 3.0]).outer(torch.ones(3)),
    "types": lambda: (torch.ones(2, dtype=torch.float64) ** 2, torch.eye(3), 1 - torch.zeros(2, 1)),
}


@pytest.mark.parametrize("name", BUILDS)
def test_shapes_and_types_are_those_of_the_meta_device(name):
    found = shapes_alone(BUILDS[name])
    with torch.device("meta"):
        expected = BUILDS[name]()
    pairs = zip(found, expected, strict=True) if isinstance(found, tuple) else [(found, expected)]
    for ours, theirs in pairs:
        assert ours.is_meta
        assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)


LOAD = """
import sys
import ganbench
for model in ("progan", "stylegan1", "stylegan2", "stylegan3", "stargan", "starganv2", "cyclegan", "pix2pix"):
    ganbench.load_model(model)
slow = {"torch._dynamo", "sympy", "sklearn", "pandas", "torchvision", "scipy.stats", "scipy.signal"}
sys.exit(", ".join(sorted(slow & set(sys.modules))) or 0)
"""


def test_loading_a_model_imports_nothing_that_takes_seconds():
    done = subprocess.run([sys.executable, "-c", LOAD], stderr=subprocess.PIPE, text=True, check=False)
    assert done.stderr.strip() == ""
    assert done.returncode == 0
