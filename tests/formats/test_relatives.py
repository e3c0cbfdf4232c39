"""Snapshots of relatives that are not built here are told by name, and what to do instead."""

import pickle
import sys
import types
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from torch import nn

from ganbench.checkpoints import load
from ganbench.errors import BadInputError
from tests.checkpoints.forge import snapshot, stored
from tests.checkpoints.sentences import assert_one_sentence

SOURCE = "class Generator: ...\nclass SuperresGenerator: ...\n"


def said(path: Path) -> str:
    with pytest.raises(BadInputError) as caught:
        load(path)
    assert_one_sentence(caught.value, path)
    return str(caught.value)


@pytest.mark.parametrize("name", ["SuperresGenerator", "Generator"])
def test_stylegan_xl_is_known_by_the_source_beside_it(name: str, tmp_path: Path) -> None:
    network = stored(nn.Linear(2, 2), name)
    network.meta["module_src"] = SOURCE
    told = said(snapshot(tmp_path / "a.pkl", G_ema=network))
    assert "holds a StyleGAN-XL generator, which ganbench does not support: draw images with its own program" in told
    assert "--model images:FOLDER" in told


@pytest.mark.parametrize(
    ("module", "name", "words"),
    [
        ("networks.generator", "Generator", "holds a StyleGAN-T generator, which ganbench does not support"),
        ("pg_modules.discriminator", "ProjectedDiscriminator", "holds networks of StyleGAN-XL or of Projected GAN"),
        ("some.program", "Generator", "holds an object of 'some.program.Generator', which is not on the list"),
    ],
)
def test_classes_of_other_programs_are_known_by_name(module: str, name: str, words: str, tmp_path: Path) -> None:
    kind: Any = type(name, (), {"__module__": module})
    parts = module.split(".")
    modules: dict[str, Any] = {".".join(parts[: i + 1]): types.ModuleType(".".join(parts[: i + 1])) for i in range(2)}
    setattr(modules[module], name, kind)
    with mock.patch.dict(sys.modules, modules):
        (tmp_path / "a.pkl").write_bytes(pickle.dumps({"G_ema": kind(), "G": kind()}))
    assert words in said(tmp_path / "a.pkl")
