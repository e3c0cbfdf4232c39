"""The benchmarks of training steps run, and a batch in parts takes less memory by the shapes of its tensors."""

import json
from dataclasses import replace

import pytest

from baselines.starganv2.recipes import RECIPES
from tests.benchmarks import training_step, translation_step


@pytest.mark.parametrize("model", training_step.MODELS)
def test_parts_take_less_memory(model, monkeypatch, capsys):
    def peaks(*more):
        words = [
            "",
            "--model",
            model,
            "--resolution",
            "64",
            "--channel-base",
            "512",
            "--batch",
            "16",
            "--device",
            "meta",
        ]
        monkeypatch.setattr("sys.argv", [*words, "--device", "meta", *more])
        monkeypatch.setattr("baselines.training.streams.generator_on", None)  # restored after the test
        training_step.main()
        lines = map(json.loads, capsys.readouterr().out.splitlines())
        return {line["phase"]: line["gib_beside_weights"] for line in lines if "gib_beside_weights" in line}

    whole, parts = peaks(), peaks("--batch-gpu", "4")
    assert {"Gmain", "Dmain", "Dreg"} <= whole.keys() == parts.keys()
    assert all(parts[name] < 0.7 * whole[name] for name in ("Dmain", "Dreg"))
    assert parts["Gmain"] < whole["Gmain"]  # mostly gradients and Adam's moments, as the images are small


def test_the_phases_of_a_translator_are_measured(monkeypatch, capsys):
    small = replace(RECIPES["afhq-256"], base_channels=4, max_conv_dim=8, hidden_dim=8)
    monkeypatch.setattr(translation_step, "RECIPES", {"afhq-256": small})
    monkeypatch.setattr("sys.argv", ["", *"--device cpu --resolution 16 --batch 2 --rounds 1".split()])
    monkeypatch.delenv("GANBENCH_STARGANV2", raising=False)
    translation_step.main()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["phase"] for line in lines] == ["D-latent", "D-ref", "G-latent", "G-ref", "step"]
    assert lines[-1]["ms"] == pytest.approx(sum(line["ms"] for line in lines[:-1]), abs=0.3)  # each is rounded
