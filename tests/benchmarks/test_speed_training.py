"""The benchmark of a training step runs, and a batch in parts takes less memory by the shapes of its tensors."""

import json

import pytest

from tests.benchmarks import training_step


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
