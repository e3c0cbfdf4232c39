"""One foreign model of each kind, through the command line: one pass, any batch size, continued from the cache."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from strangers import DCGAN, Noisy

from ganbench.data import open_data
from ganbench.models.base import open_model
from ganbench.models.foreign.interface import interface_of
from ganbench.testing import check_model
from tests.cli.command_line import ganbench
from tests.data.image_sets import write_folder

SAMPLES = ("--benchmark", "digits", "--metrics", "fid@40,is@40")
TRANSLATED = ("--benchmark", "digits-3-8", "--metrics", "fid_translated,accuracy")
PAIR, TEN = ("--data", "digit-domains:3,8"), ("--data", "digit-domains", "--domains", "0,1,2,3,4,5,6,7,8,9")

KINDS: dict[str, tuple[str, ...]] = {
    "a network": ("strangers:DCGAN", "--z-dim", "8x1x1", *SAMPLES),
    "a function": ("strangers:function", "--z-dim", "8", "--range", "0,255", *SAMPLES),
    "classes": ("strangers:Conditional", "--z-dim", "8", "--classes", "10", "--range", "0,1", *SAMPLES),
    "classes by number": (
        *("strangers:conditional_by_index", "--z-dim", "8", "--classes", "10"),
        *("--label-format", "index", "--range", "0,1", *SAMPLES),
    ),
    "noise": ("strangers:Noisy", *SAMPLES),
    "one direction": ("strangers:Inverse", "--kind", "translator", *PAIR, *TRANSLATED),
    "noise by image": ("strangers:NoisyTranslator", "--kind", "translator", *PAIR, *TRANSLATED),
    "domains": ("strangers:Star", *TEN, *TRANSLATED),
    "domains by number": ("strangers:star_by_index", "--label-format", "index", *TEN, *TRANSLATED),
}


def measured(record: Path, *arguments: object) -> dict[str, Any]:
    done = ganbench("run", "--model", *arguments, "--record", record, "--force")
    assert done.exit_code == 0, done.output
    read: dict[str, Any] = json.loads(record.read_text())
    return read


def values(record: dict[str, Any]) -> dict[str, float]:
    return {result["key"]: result["value"] for result in record["results"]}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_measured_at_any_batch_size(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, untouched_random_state: None
) -> None:
    record = measured(tmp_path / "a.json", *KINDS[kind], "--batch-size", "64")
    assert len(values(record)) >= 2
    program = record["model"]["provenance"]
    assert program["runs foreign code"] is True
    assert program["program"] == KINDS[kind][0]
    assert len(program["file sha256"]) == 64
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))
    assert values(measured(tmp_path / "b.json", *KINDS[kind], "--batch-size", "5")) == values(record)


def test_finished_work_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = measured(tmp_path / "a.json", *KINDS["noise"])
    monkeypatch.setattr("strangers.Noisy.forward", never_after(16))
    assert values(measured(tmp_path / "b.json", *KINDS["noise"])) == values(first)


def never_after(calls: int) -> Any:
    """Return a network's ``forward`` that allows what the first batch takes and no more."""
    forward, left = Noisy.forward, [calls]

    def counted(self: Any, z: torch.Tensor) -> torch.Tensor:
        left[0] -= 1
        assert left[0] >= 0, "it was run although its shards are finished"
        return forward(self, z)

    return counted


def test_the_first_line_says_that_code_is_run() -> None:
    told = "ganbench runs the code of strangers:DCGAN, which can do all that you can: run only what you trust."
    arguments = ("--model", *KINDS["a network"])
    assert ganbench("run", *arguments).stderr.splitlines()[0] == told
    assert ganbench("plan", *arguments).stderr.splitlines()[0] == told


def test_images_are_drawn(tmp_path: Path) -> None:
    done = ganbench("generate", "--model", "strangers:DCGAN", "--z-dim", "8x1x1", "--seeds", "0,1", "--out", tmp_path)
    assert done.exit_code == 0, done.output
    assert done.stderr.startswith("ganbench runs the code of strangers:DCGAN")
    assert len(list(tmp_path.iterdir())) == 2


def test_images_are_translated(tmp_path: Path) -> None:
    done = ganbench(
        *("translate", "--model", "strangers:Inverse", "--kind", "translator", "--input", "digits:test"),
        *("--target", "target", "--limit", "2", "--out", tmp_path),
    )
    assert done.exit_code == 0, done.output
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("DCGAN", {"z_dim": "8x1x1"}),
        ("function", {"z_dim": 8, "range": (0, 255)}),
        ("Conditional", {"z_dim": 8, "classes": 10, "range": "0,1"}),
        ("Noisy", {}),
        ("Inverse", {"kind": "translator", "resize": 32}),
        ("Star", {"domains": "0,1,2,3,4,5,6,7,8,9", "resize": 32}),
    ],
)
def test_models_keep_their_laws(name: str, said: dict[str, Any]) -> None:
    check_model(open_model(f"strangers:{name}", interface=interface_of(**said)).model, resolution=32)


def test_weights_are_read_into_a_network(tmp_path: Path) -> None:
    other = DCGAN()
    for parameter in other.parameters():
        parameter.data *= 0.5
    state = other.state_dict()
    torch.save(state, tmp_path / "plain.pth")
    early = {f"module.{name}": tensor for name, tensor in state.items() if "num_batches" not in name}
    torch.save({"epoch": 3, "netG": early, "netD": {"weight": torch.zeros(2)}}, tmp_path / "nested.pth")
    own = values(measured(tmp_path / "r.json", *KINDS["a network"]))
    plain = values(measured(tmp_path / "r.json", *KINDS["a network"], "--weights", tmp_path / "plain.pth"))
    nested = values(measured(tmp_path / "r.json", *KINDS["a network"], "--weights", tmp_path / "nested.pth"))
    passed = ("strangers:with_weights", *KINDS["a network"][1:], "--weights", tmp_path / "plain.pth")
    assert own != plain == nested == values(measured(tmp_path / "r.json", *passed))


def test_a_paired_translator_is_measured_against_the_ground_truth(tmp_path: Path) -> None:
    """Ground truth that is the negative of its source is what the translator of negatives gives."""
    digits = open_data("digits").images(range(20))
    for split in ("train", "test"):
        for domain, images in (("A", digits), ("B", 255 - digits)):
            write_folder(tmp_path / f"{split}{domain}", images.numpy(), [f"{i}.png" for i in range(20)])
    pairs = ("--data", f"pairs:{tmp_path}", "--benchmark", "digits-3-8", "--metrics", "l1_paired,psnr,ssim")
    found = values(measured(tmp_path / "a.json", "strangers:Inverse", "--kind", "translator", *pairs))
    assert found["l1_paired"] == pytest.approx(0, abs=1e-6)
    assert found["psnr"] > 45  # truncated to 8 bits, a value may be off by one level
    assert found["ssim"] > 0.99
    back = ("--data", f"pairs:{tmp_path}:BtoA", *pairs[2:])  # the order of the data is the direction
    measured(tmp_path / "back.json", "strangers:Inverse", "--kind", "translator", *back)
    parts = [list(json.loads((tmp_path / name).read_text())["results"][0]["parts"]) for name in ("a.json", "back.json")]
    assert parts == [["A->B"], ["B->A"]]
    other = values(measured(tmp_path / "b.json", "strangers:identity", "--kind", "translator", *pairs))
    assert other["l1_paired"] == pytest.approx(float((digits.float() * 2 - 255).abs().mean()) / 127.5, rel=1e-5)
    assert other["ssim"] < 0.5


def test_many_processes_give_the_number_of_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = values(measured(tmp_path / "a.json", *KINDS["noise"]))
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))
    assert values(measured(tmp_path / "b.json", *KINDS["noise"], "--nproc", "2")) == one


def test_results_are_not_taken_for_those_of_other_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function that reads its weights from somewhere has the same file and no state dict."""
    first = values(measured(tmp_path / "a.json", *KINDS["a function"]))
    monkeypatch.setattr("strangers.SCALE", 0.25)
    assert values(measured(tmp_path / "b.json", *KINDS["a function"])) != first


def test_a_record_is_explained_by_running_the_model_again(tmp_path: Path) -> None:
    torch.save(DCGAN().state_dict(), tmp_path / "G.pth")
    measured(tmp_path / "a.json", *KINDS["a network"], "--weights", tmp_path / "G.pth")
    done = ganbench("explain", tmp_path / "a.json", "12", "--metric", "fid@40", "--try", "divisor")
    assert done.exit_code == 0, done.output
