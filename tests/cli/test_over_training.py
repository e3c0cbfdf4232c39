"""``ganbench run`` over the snapshots of a training run: order, sharing, resuming, watching, bad files."""

import csv
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from PIL import Image

from baselines.stylegan2.networks import Generator
from baselines.training import snapshots
from ganbench.checkpoints.kimg import ends_run, kimg_of
from ganbench.cli import over_training
from ganbench.data import open_data
from ganbench.engine import run as ganbench_run
from ganbench.errors import BadInputError
from ganbench.inputs import Reals, Samples
from ganbench.models.base import open_model
from ganbench.records.record import RunRecord
from ganbench.records.store import Store
from ganbench.types import Recipe
from tests.checkpoints import forge
from tests.cli.command_line import complaint, ganbench
from tests.models import tiny_stylegans

HOW = ("--model", "stylegan3", "--data", "stripes", "--benchmark", "toy", "--metrics", "fid@40,pr3@40")
STEPS = (2, 4, 6)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training run with all three of its snapshots, as full states alone, as older versions left it."""
    folder = tmp_path_factory.mktemp("run")
    settings = tiny_stylegans.settings("stylegan3", kimg=0.024)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshots, "KEPT", 3)
        tiny_stylegans.adapter_of("stylegan3").train(
            open_data("stripes"), Recipe("tiny", settings), folder, False, lambda tick: None
        )
    for path in folder.glob("stylegan3-*.safetensors"):
        path.unlink()
    return folder


@pytest.fixture
def run_dir(trained: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(trained, tmp_path / "runs" / "x"))


def records() -> list[RunRecord]:
    return Store().read_all()


def measured(weights: object, *more: object, code: int = 0) -> tuple[str, str]:
    done = ganbench("run", *HOW, "--weights", weights, *more)
    assert done.exit_code == code, done.stderr
    return done.stdout, done.stderr


def counted(monkeypatch: pytest.MonkeyPatch, source: Any) -> list[int]:
    """Return a list that gets the number of samples of each batch that a source draws."""
    drawn: list[int] = []
    draw: Callable[..., Any] = source.draw

    def counting(self: Any, context: Any, indices: Sequence[int], *rest: Any) -> Any:
        drawn.append(len(indices))
        return draw(self, context, indices, *rest)

    monkeypatch.setattr(source, "draw", counting)
    return drawn


def test_every_snapshot_gets_a_record_with_its_kimg_and_the_reals_are_drawn_once(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reals, samples = counted(monkeypatch, Reals), counted(monkeypatch, Samples)
    measured(run_dir / "snapshot-*")
    assert [record.model.get("kimg") for record in records()] == [0.008, 0.016, 0.024]
    assert [Path(record.model["weights"]).name for record in records()] == [
        f"snapshot-{n:09}.safetensors" for n in STEPS
    ]
    assert (sum(reals), sum(samples)) == (208, 3 * 48)  # in whole tiles of 16


def test_the_numbers_are_those_of_a_run_of_each_file(run_dir: Path) -> None:
    measured(run_dir)
    last = run_dir / "snapshot-000000006.safetensors"
    measured(last)  # a run as any
    *_, swept, alone = records()
    assert swept.results == alone.results
    assert swept.model == alone.model
    assert len({record.results[0].value for record in records()}) == 3


def test_a_sweep_again_answers_with_the_records_there_are(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = measured(run_dir)
    before = records()
    monkeypatch.setattr(Samples, "draw", lambda *_: pytest.fail("samples were drawn again"))
    monkeypatch.chdir(run_dir.parent)
    again, _ = measured("x/snapshot-*", "--batch-size", 7)  # another way to write it
    assert records() == before
    assert again == first


@pytest.mark.parametrize("change", [("--seed", 1), ("--limit", 30), ("--truncation", 0.5)])
def test_a_sweep_in_another_way_is_another(change: tuple[object, ...], run_dir: Path) -> None:
    measured(run_dir / "snapshot-*2.safetensors")
    measured(run_dir / "snapshot-*2.safetensors", *change)
    one, other = records()
    assert one.results != other.results


def test_a_stopped_sweep_measures_what_is_left(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured(run_dir / "snapshot-*2.safetensors")
    samples = counted(monkeypatch, Samples)
    measured(run_dir)
    assert sum(samples) == 2 * 48
    assert sorted(record.model["kimg"] for record in records()) == [0.008, 0.016, 0.024]


def test_table_curves_and_the_best_are_written(run_dir: Path, tmp_path: Path) -> None:
    stdout, _ = measured(run_dir, "--out", tmp_path / "new" / "out")
    out = tmp_path / "new" / "out"
    assert sorted(path.name for path in out.iterdir()) == sorted(over_training.FILES)
    rows = list(csv.DictReader((out / "over-training.csv").read_text().splitlines()))
    assert [row["kimg"] for row in rows] == ["0.008", "0.016", "0.024"]
    assert [line.split(" ")[1] for line in (out / "over-training.md").read_text().splitlines()[4:7]] == [
        "0.008",
        "0.016",
        "0.024",
    ]
    with Image.open(out / "over-training.png") as image:
        assert image.width > image.height > 300
    svg = (out / "over-training.svg").read_bytes()
    assert b"<svg" in svg
    assert [line.split(":")[0] for line in stdout.splitlines() if line.startswith("best")] == [
        "best FID",
        "best Precision",
        "best Recall",
    ]
    assert f"{out / over_training.FILES[0]} exists" in complaint("run", *HOW, "--weights", run_dir, "--out", out)
    measured(run_dir, "--out", out, "--force")
    assert (out / "over-training.svg").read_bytes() == svg


def test_without_a_folder_the_curves_are_beside_the_newest_record(run_dir: Path) -> None:
    stdout, _ = measured(run_dir)
    picture = Path(stdout.splitlines()[-1])
    assert picture == Store().path(records()[-1]).with_suffix(".png")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_names_with_formulas_stay_names(run_dir: Path, tmp_path: Path) -> None:
    odd = run_dir.rename(run_dir.with_name(r"$\frac{$<b>&"))
    measured(odd, "--out", tmp_path / "out")
    assert rb"$\frac{$<b>" not in (tmp_path / "out" / "over-training.svg").read_bytes()


def test_a_damaged_snapshot_is_named_and_the_others_are_measured(run_dir: Path) -> None:
    bad = run_dir / "snapshot-000000005.safetensors"
    bad.write_bytes((run_dir / "snapshot-000000004.safetensors").read_bytes()[:2000])
    flipped = run_dir / "snapshot-000000004.safetensors"
    content = bytearray(flipped.read_bytes())
    content[-1] ^= 1
    flipped.write_bytes(content)
    stdout, stderr = measured(run_dir, code=2)
    told = [line for line in stderr.splitlines() if line.startswith("ganbench:")]
    assert [line.split(" is not measured: ")[0] for line in told] == [f"ganbench: {flipped}", f"ganbench: {bad}"]
    assert "Traceback" not in stderr
    assert [record.model["kimg"] for record in records()] == [0.008, 0.024]
    assert "best FID" in stdout


def test_official_snapshots_are_ordered_by_the_kimg_in_their_names(tmp_path: Path) -> None:
    kwargs = {**tiny_stylegans.CONFIGS["stylegan2"], "img_resolution": 32}
    torch.manual_seed(0)  # the network is drawn
    network = forge.stored(Generator(**kwargs), "Generator", kwargs)
    for kimg in (10000, 200, 0):  # equal weights are no hindrance
        forge.snapshot(tmp_path / f"network-snapshot-{kimg:06}.pkl", G_ema=network)
    (tmp_path / "network-snapshot-000400.pkl").write_bytes(b"\x80\x04half")
    done = ganbench("run", "--model", "stylegan2", *HOW[2:], "--weights", tmp_path / "network-snapshot-*.pkl")
    assert done.exit_code == 2
    assert "at kimg 0 (network-snapshot-000000.pkl), tied with kimg 200, 10000" in done.stdout
    assert "network-snapshot-000400.pkl is not measured" in done.stderr
    assert [record.model["kimg"] for record in records()] == [0, 200, 10000]


@pytest.mark.parametrize(
    ("weights", "more", "told"),
    [
        ("nap-*", (), "found no file that matches"),
        ("snapshot-*", ("--metrics", "fif50k"), "did you mean fid50k"),
        ("snapshot-*", ("--data", "nowhere"), "found no 'nowhere'"),
        ("snapshot-*", ("--record", "r.json"), "expected weights of one file with --record"),
        ("stylegan3.safetensors", ("--watch",), "expected the snapshots of a training run with --watch"),
        ("stylegan3.safetensors", ("--out", "o"), "expected the snapshots of a training run with --out"),
    ],
)
def test_what_makes_no_sense_is_one_sentence_and_leaves_nothing(
    weights: str, more: tuple[str, ...], told: str, run_dir: Path
) -> None:
    assert told in complaint("run", *HOW, "--weights", run_dir / weights, *more)
    assert records() == []


def test_a_pattern_that_the_shell_expanded_is_to_be_quoted(run_dir: Path) -> None:
    told = complaint("run", *HOW, "--weights", *sorted(run_dir.glob("snapshot-*")))
    assert "found 2 more files: quote the pattern, as in --weights 'runs/x/network-snapshot-*'" in told


def test_snapshots_of_two_runs_are_refused(run_dir: Path) -> None:
    shutil.copytree(run_dir, run_dir.with_name("y"))
    told = complaint("run", *HOW, "--weights", run_dir.parent / "*" / "snapshot-*")
    assert "expected the snapshots of one training run, found" in told


def test_a_folder_of_samples_stays_one(tmp_path: Path) -> None:
    for number in range(5):
        Image.new("L", (32, 32), 50 * number).save(tmp_path / f"network-snapshot-{number}.png")
    line = ("run", "--model", "images", "--weights", tmp_path, "--data", "stripes", "--benchmark", "toy")
    done = ganbench(*line, "--metrics", "fid@5")
    assert done.exit_code == 0, done.stderr
    assert len(records()) == 1


def test_watching_goes_on_to_the_last_snapshot_and_measures_none_half_written(
    run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread writes the second one slowly in place, as official programs do, and then the last."""
    monkeypatch.setattr(over_training, "POLL", 0.3)
    second, last = (run_dir / f"snapshot-{n:09}.safetensors" for n in STEPS[1:])
    contents = {path: path.read_bytes() for path in (second, last)}
    for path in contents:
        path.unlink()

    def write() -> None:
        time.sleep(1)
        with second.open("wb", buffering=0) as file:
            piece = len(contents[second]) // 10 + 1
            for start in range(0, len(contents[second]), piece):
                file.write(contents[second][start : start + piece])
                time.sleep(0.05)
        time.sleep(1)
        last.write_bytes(contents[last])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        stdout, stderr = measured(run_dir / "snapshot-*", "--watch")
    finally:
        writer.join()
    assert "not measured" not in stderr
    assert f"waiting for snapshots at {run_dir / 'snapshot-*'}: Ctrl-C ends it." in stderr
    assert [record.model["kimg"] for record in records()] == [0.008, 0.016, 0.024]
    assert stdout.count("best FID") >= 2


def test_watching_ends_with_one_sentence(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (run_dir / "snapshot-000000006.safetensors").unlink()
    looks = iter(range(4))

    def sleep(_: float) -> None:
        if next(looks) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(over_training, "time", SimpleNamespace(sleep=sleep))
    _, stderr = measured(run_dir, "--watch", code=130)
    told = [line for line in stderr.splitlines() if line.startswith("ganbench:")]
    assert told == [f"ganbench: stopped watching {run_dir} with 2 snapshots measured: repeat the command to go on."]
    assert len(records()) == 2


def test_the_kimg_of_a_file_is_in_its_header_or_its_official_name(run_dir: Path, tmp_path: Path) -> None:
    """The step in the name of our own snapshots is no kimg."""
    files = sorted(run_dir.glob("snapshot-*"))
    assert [kimg_of(path) for path in files] == [0.008, 0.016, 0.024]
    assert [ends_run(path) for path in files] == [False, False, True]
    assert kimg_of(tmp_path / "network-snapshot-025000.pkl") == 25000
    assert kimg_of(tmp_path / "snapshot-000000002.safetensors") is None
    assert not ends_run(tmp_path / "network-snapshot-025000.pkl")


def test_records_without_kimg_are_read(run_dir: Path) -> None:
    measured(run_dir / "snapshot-000000002.safetensors")
    (path,) = Path(os.environ["GANBENCH_RESULTS"]).glob("records/*.json")
    plain = json.loads(path.read_text())
    assert plain["model"].pop("kimg") == 0.008
    assert "kimg" not in RunRecord.from_json(json.dumps(plain)).model
    plain["model"]["kimg"] = "8"
    with pytest.raises(Exception, match="'model'"):
        RunRecord.from_json(json.dumps(plain))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a training run with the weights of all four steps, the best of them, and the user's own files."""
    settings = tiny_stylegans.settings("stylegan3", kimg=0.032)
    folder = tmp_path_factory.mktemp("kept") / "x"
    tiny_stylegans.adapter_of("stylegan3").train(
        open_data("stripes"), Recipe("tiny", settings), folder, False, lambda tick: None
    )
    (folder / "best.safetensors").hardlink_to(folder / "stylegan3-000000.016.safetensors")
    for name in ("notes.txt", "metrics.jsonl", "best.json"):
        (folder / name).write_text("{}\n")
    return folder


@pytest.mark.parametrize("weights", ["x", "x/*", "x/stylegan3-*"])
def test_the_weights_that_a_run_kept_are_measured_each_once(weights: str, kept: Path) -> None:
    assert len([*kept.glob("snapshot-*")]) == 2
    stdout, _ = measured(kept.parent / weights)
    assert [record.model["kimg"] for record in records()] == [0.008, 0.016, 0.024, 0.032]
    names = [Path(record.model["weights"]).name for record in records()]
    assert names == [f"stylegan3-000000.0{n:02}.safetensors" for n in (8, 16, 24, 32)]
    assert "best FID" in stdout


def test_other_verbs_take_the_newest_of_a_run_folder(run_dir: Path, tmp_path: Path) -> None:
    newest = run_dir / f"snapshot-{STEPS[-1]:09}.safetensors"
    assert open_model("stylegan3", run_dir).weights == str(newest)
    for name, weights in (("folder", run_dir), ("file", newest)):
        out = tmp_path / name
        done = ganbench("generate", "--model", "stylegan3", "--weights", weights, "--seeds", "0", "--out", out)
        assert done.exit_code == 0, done.stderr
    images = [(tmp_path / name / "seed0000.png").read_bytes() for name in ("folder", "file")]
    assert images[0] == images[1]
    told = complaint("generate", "--model", "stylegan3", "--weights", tmp_path / "file", "--out", tmp_path / "none")
    assert str(tmp_path / "file") in told


def test_python_and_the_plan_take_a_pattern_too(run_dir: Path, tmp_path: Path) -> None:
    how: dict[str, Any] = {"data": "stripes", "benchmark": "toy", "results_dir": tmp_path}
    pattern = str(run_dir / "snapshot-*")
    found = ganbench_run("stylegan3", ["fid@40"], weights=pattern, **how)
    assert [record.model.get("kimg") for record in found] == sorted(step * 4 / 1000 for step in STEPS)
    with pytest.raises(BadInputError, match="found no file that matches"):
        ganbench_run("stylegan3", ["fid@40"], weights=str(run_dir / "none-*"), **how)
    done = ganbench("plan", *HOW, "--weights", pattern)
    assert done.exit_code == 0, done.stderr
    assert done.stdout.count("total:") == len(STEPS)
