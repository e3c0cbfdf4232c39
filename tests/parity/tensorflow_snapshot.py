"""The stored inputs and outputs of a TensorFlow snapshot, and the same outputs of our networks."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganbench.checkpoints import load


def arrays(case: Path) -> list[str]:
    return [name.removesuffix("__f64") for name in np.load(case / "io.npz").files if name.endswith("__f64")]


class Snapshot:
    """The three networks of a case, evaluated as the names of its arrays say."""

    def __init__(self, case: Path, dtype: torch.dtype) -> None:
        self.stored, self.dtype = np.load(case / "io.npz"), dtype
        networks: dict[str, Any] = load(case / "network.pkl")
        self.G, self.D, self.Gs = (networks[name].to(dtype) for name in ("G", "D", "Gs"))

    def input(self, name: str) -> torch.Tensor:
        return torch.from_numpy(self.stored[name]).to(self.dtype)

    def evaluate(self, name: str) -> torch.Tensor:
        """Return what the array ``KIND_HOW`` holds."""
        kind, how = name.split("_", 1)
        if kind == "scores":
            return self.scores(how)
        G, z = (self.G, self.input("z")[:2]) if how.startswith("G_val") else (self.Gs, self.input("z"))
        truncation: dict[str, Any] = {}
        if how.startswith("psi"):
            psi, cutoff = how[3:].split("_cut")
            truncation = {"truncation_psi": float(psi), "truncation_cutoff": None if cutoff == "None" else int(cutoff)}
        ws: torch.Tensor = G.mapping(z, **truncation)
        if kind == "dlatents":
            return ws
        set_level(G.synthesis, float(how.partition("lod")[2] or 0))
        images: torch.Tensor = G.synthesis(ws)
        return images

    def scores(self, how: str) -> torch.Tensor:
        if how.startswith("on_images"):
            images = torch.from_numpy(self.stored["images_val_lod0.0__f64"]).float().to(self.dtype)
            set_level(self.D, 0)
        else:
            lod, _, first = how.removeprefix("lod").partition("_first")
            images = self.input("d_images")[: int(first) if first else None]
            set_level(self.D, float(lod))
        scores: torch.Tensor = self.D(images)
        return scores


def set_level(network: Any, lod: float) -> None:
    """Set the level of detail of a network that grows."""
    if hasattr(network, "lod"):
        network.lod.fill_(lod)
    assert hasattr(network, "lod") or lod == 0
