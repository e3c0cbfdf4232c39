"""Formats as parts that are found by entry point: a third party's, and what is imported for one model's file."""

import json
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from toygan import Waves

import baselines.stylegan3
from ganbench.checkpoints import load, load_one, recognition
from ganbench.checkpoints.recognition import formats, title_of
from ganbench.errors import BadInputError
from ganbench.formats import BaseFormat
from tests.golden_cases import golden

# Loads the averaged generator of each file, and says which modules of baselines that took.
IMPORTED = """
import json, sys
from ganbench.checkpoints import load_one
for path in sys.argv[1:]:
    load_one(path, "G_ema")
print(json.dumps(sorted(name for name in sys.modules if name.startswith("baselines."))))
"""


def test_a_third_party_reads_a_layout_by_one_file_and_one_line(tmp_path: Path) -> None:
    theirs = {"mixing": torch.rand(6, 6), "plane_waves": torch.rand(6, 2)}
    torch.save({"state_dict": theirs, "epoch": 3}, tmp_path / "waves.pt")
    network: Any = load(tmp_path / "waves.pt")["G"]
    assert isinstance(network, Waves)
    assert torch.equal(network.weight, theirs["mixing"])
    assert torch.equal(network.frequencies, theirs["plane_waves"])
    assert title_of(network) == "waves generator"
    torch.save({**theirs, "mixing": torch.rand(6, 5)}, tmp_path / "waves.pt")
    with pytest.raises(BadInputError, match="weights of no known network"):
        load(tmp_path / "waves.pt")


class FailingFormat(BaseFormat):
    """A third party's, with an error in it."""

    def recognise(self, content: Any) -> Any:
        raise KeyError("lod")


def test_a_third_partys_format_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "formats", lambda: [FailingFormat()])
    torch.save({"a.b": torch.zeros(2)}, tmp_path / "a.pt")
    words = (
        r"a\.pt cannot be compared with the format of tests\.formats\.test_registry, not part of ganbench \(KeyError"
    )
    with pytest.raises(BadInputError, match=words):
        load(tmp_path / "a.pt")


def test_loading_a_stylegan3_imports_no_other_papers_networks() -> None:
    """Of StyleGAN2, on which StyleGAN3 builds, it takes the mapping network alone."""
    embedded = Path(baselines.stylegan3.__path__[0]) / "weights" / "digits32.safetensors"
    official = golden("stylegan23/pkl_sg3t_32") / "network.pkl"
    command = [sys.executable, "-c", IMPORTED, str(embedded), str(official)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names = [name.split(".")[1:] for name in json.loads(done.stdout)]
    papers = {name[0] for name in names} - {"errors", "ops", "training"}
    assert papers == {"stylegan2", "stylegan3"}
    assert [name[1:] for name in names if name[0] == "stylegan2"] == [[], ["mapping"]]
    assert {".".join(name) for name in names if name[0] == "training"} <= {
        "training",
        "training.files",
        "training.weights",
    }


@pytest.mark.parametrize("name", sorted({it.network for known in formats() for it in known.architectures}))
def test_every_architecture_names_a_class(name: str) -> None:
    network = pkgutil.resolve_name(name)
    assert f"{network.__module__}:{network.__qualname__}" == name


def test_a_network_is_called_what_people_call_it() -> None:
    assert title_of(load_one(golden("stylegan23/pkl_sg3t_32") / "network.pkl", "D")) == "StyleGAN2 discriminator"
    assert title_of(torch.nn.Linear(1, 1)) == "Linear"
