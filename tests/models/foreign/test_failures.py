"""What foreign models do wrong: told in one sentence that says that it is theirs, before any work."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from strangers import DCGAN, Crowded, failing

import ganbench as package
from ganbench.errors import BadInputError, MeasuringWarning, PlanError
from tests.cli.command_line import ganbench

ARGUMENTS = ("--benchmark", "digits", "--metrics", "fid@40")

SENTENCES = {
    "nothing": "found None: return the images alone from the model's code.",
    "pair": "found a tuple of 2: return the images alone",
    "array": r"found a numpy array of shape \[4, 1, 32, 32\]",
    "last": r"found \[4, 32, 32, 1\]: put channels first",
    "five": r"found \[4, 5, 32, 32\]: return greyscale or RGB images",
    "one": r"to return a tensor \[4, 1 or 3, H, W\] for 4 inputs, found \[1, 1, 32, 32\]: return one image for each",
    "whole": "found torch.int64: return floats, or bytes",
    "nan": "expected finite values from body, found a NaN or an infinity: check its weights.",
    "far": "expected values of -1..1, as nothing says of what range .* found -.*: pass the range that they are of",
    "private": "found others at the second call although torch, NumPy and Python's random were seeded alike",
    "exits": "raised SystemExit: 3: correct the model",
    "raises": r"for inputs \[4, 8\], found that its code, which is not ganbench's, raised RuntimeError: .*--debug",
}


@pytest.mark.parametrize("how", SENTENCES)
def test_what_a_model_does_wrong_is_told(how: str) -> None:
    with pytest.raises(BadInputError, match=SENTENCES[how]) as told:
        package.measure(failing(how), "fid@40", z_dim=8)
    assert str(told.value).count("\n") == 0
    assert "body" in str(told.value)


COMPLAINTS: dict[tuple[str, ...], str] = {
    ("no.such:make",): "expected a Python module no for the model no.such:make, found none in the current folder",
    ("strangers:DCGAM",): "expected an object 'DCGAM' in .*strangers.py .*: did you mean DCGAN",
    ("strangers:number",): "expected strangers:number to be a network or a callable that returns one, found a int",
    ("strangers:returns_nothing",): "to be a network or a function of tensors, found None: return one of them",
    ("strangers:returns_class",): "found the class DCGAN: return one of them",
    ("strangers:needs_more",): "to be callable without arguments, found that it needs channels, depth: name a function",
    ("strangers:with_weights",): "found that it needs weights: pass --weights FILE",
    ("strangers:leaves",): "calling it raised SystemExit: usage: train.py --data FOLDER in its code, which is not",
    ("strangers:breaks",): r"calling it raised FileNotFoundError: .*'weights/latest.pth' in its code, which is not gan",
    ("strangers:DCGAN",): "found neither z_dim nor domains on it: pass --z-dim N for a generator, or --kind translator",
    ("strangers:DCGAN", "--kind", "generator"): "expected the size of the latents of strangers:DCGAN, found none",
    ("strangers:DCGAN", "--z-dim", "0"): "expected the size of a latent for z_dim, found '0': write for example 128",
    ("strangers:DCGAN", "--z-dim", "8x1x1", "--range", "0,1"): "expected values of 0..1 .*: pass --range -1,1",
    ("strangers:function", "--z-dim", "8"): "nothing says of what range .* pass --range 0,255 if they are of 0..255",
    ("strangers:Conditional", "--z-dim", "8"): r"does not \(missing a required argument: 'y'\): pass --classes N",
    ("strangers:Star", "--kind", "translator"): r"takes? images alone, found .* 'c'\): name its domains with --domains",
    ("strangers:Noisy", "--range", "1,0"): "lowest and the highest value of images for range, found '1,0'",
    ("strangers:Noisy", "--resize", "16:sinc"): "expected a filter for resize, found 'sinc': choose one of tf1-bilin",
    ("stylegan3", "--z-dim", "8"): "for stylegan3, which says itself what it takes and returns, found --z-dim: leave",
    ("strangers.py:DCGAN",): "expected a module for the model strangers.py:DCGAN, found a file: write strangers:DCGAN",
    ("strangers.DCGAN",): "expected a model, found 'strangers.DCGAN': write strangers:DCGAN for an object of a module",
    ("strangers:DCGAN", "--z-dim", "8"): "correct the model, or pass --z-dim 8x1x1 if it begins with a convolution",
    (
        *("strangers:conditional_by_index", "--z-dim", "8", "--classes", "10"),
    ): "correct the model, or pass --label-format index if it takes numbers of classes; --debug",
    (
        "strangers:Inverse",
        "--kind",
        "translator",
        "--z-dim",
        "8",
    ): "expected no --z-dim for strangers:Inverse, which is",
    ("strangers:DCGAN", "--z-dim", "8x1x1", "--domains", "a,b"): "expected no --domains for strangers:DCGAN, which is",
    ("stylegam3:ffhq",): "unknown model 'stylegam3': did you mean stylegan3",
}


@pytest.mark.parametrize("arguments", COMPLAINTS, ids=" ".join)
def test_what_cannot_be_opened_is_told(arguments: tuple[str, ...]) -> None:
    done = ganbench("run", "--model", *arguments, *ARGUMENTS)
    assert done.exit_code == 2, done.output
    *first, told = done.stderr.splitlines()
    assert bool(first) == ("stylega" not in arguments[0] and ":" in arguments[0])
    assert all(line == "built" or line.startswith("ganbench runs the code of") for line in first)
    assert re.search(COMPLAINTS[arguments], told), told


def test_a_module_that_fails_to_import_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_at_import.py").write_text("import nothing_of_this_name\n")
    (tmp_path / "syntax_at_import.py").write_text("def make(:\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name, told in (("broken", "ModuleNotFoundError: No module named 'nothing_of"), ("syntax", "SyntaxError: ")):
        done = ganbench("run", "--model", f"{name}_at_import:make", *ARGUMENTS)
        assert f"found that importing {name}_at_import raised {told}" in done.stderr.splitlines()[-1]


def test_debug_shows_where_the_model_failed() -> None:
    arguments = ("run", "--model", "strangers:raising", "--z-dim", "8", *ARGUMENTS)
    assert "strangers.py" not in ganbench(*arguments).stderr
    shown = ganbench(*arguments, "--debug").stderr
    assert 'strangers.py", line' in shown
    assert "image @ torch.zeros(5, 5)" in shown


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    state = DCGAN().state_dict()
    torch.save({**state, "main.0.weight": torch.zeros(2, 2)}, tmp_path / "other.pth")
    torch.save({"netG": state, "ema": state}, tmp_path / "two.pth")
    arguments = ("run", "--model", "strangers:DCGAN", "--z-dim", "8x1x1", *ARGUMENTS, "--weights")
    told = ganbench(*arguments, tmp_path / "other.pth").stderr.splitlines()[-1]
    assert "found 'main.0.weight' of shape [2, 2] where it has [8, 16, 4, 4]" in told
    told = ganbench(*arguments, tmp_path / "two.pth").stderr.splitlines()[-1]
    assert "expected one state dict for strangers:DCGAN, found netG, ema" in told
    assert ganbench(*arguments, tmp_path / "two.pth", "--entry", "ema").exit_code == 0


def test_a_model_that_fails_on_the_way_is_told_and_nothing_is_stored() -> None:
    calls = [0]

    def later(z: torch.Tensor) -> torch.Tensor:
        calls[0] += 1
        if calls[0] > 4:
            raise ValueError("out of paint")
        return z.repeat(1, 128).reshape(-1, 1, 32, 32).tanh()

    with pytest.raises(BadInputError, match="which is not ganbench's, raised ValueError: out of paint: correct the"):
        package.measure(later, "fid@40", z_dim=8)


def test_images_that_depend_on_their_batch_are_measured_with_a_warning() -> None:
    with pytest.warns(MeasuringWarning, match="an image of Crowded depends on the others in its batch"):
        package.measure(Crowded(), "fid@40")


def test_a_translator_cannot_go_back() -> None:
    with pytest.raises(
        PlanError, match="cycle: expected translations there and back, found a model that translates to target alone"
    ):
        package.measure(lambda x: -x, "cycle", kind="translator", data="digit-domains:3,8", benchmark="digits-3-8")


def test_options_of_python_are_checked() -> None:
    wrong: dict[str, Any] = {"z_dim": 1.5, "classes": True, "range": (1, 1), "domains": ["a"], "kind": "painter"}
    for name, value in wrong.items():
        with pytest.raises(BadInputError, match=f"for {name}, found"):
            package.measure(DCGAN(), "fid@40", **{name: value})
