import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import toygan

from baselines.errors import TrainingError, WriteError
from baselines.stylegan2 import losses
from baselines.training.weights import read_header
from ganbench import registry
from ganbench.cli.ticks import line
from ganbench.cli.train import _benchmark, _recipe
from ganbench.errors import BadInputError
from ganbench.types import Checkpoint, Dataset, Embedded, Recipe
from tests.cli.command_line import complaint, ganbench


class Apprentice:
    """An adapter that writes down how it was asked to train."""

    recipes: Mapping[str, Recipe] = {
        "short": Recipe("short", {"kimg": 2.0, "lr": 0.1}),
        "long": Recipe("long", {"kimg": 9.0}),
    }
    published: Mapping[str, Checkpoint] = {}
    benchmark = "toy"
    embedded: Embedded | None = None

    def __init__(self) -> None:
        self.asked: list[tuple[str, Recipe, Path, bool]] = []
        self.error: BaseException | None = None

    def load(self, weights: Path | None, device: str) -> Any:
        return toygan.Waves()

    def train(
        self, data: Dataset, recipe: Recipe, run_dir: Path, resume: bool, progress: Callable[[Mapping[str, Any]], None]
    ) -> Path:
        self.asked.append((data.name, recipe, run_dir, resume))
        run_dir.mkdir(parents=True, exist_ok=True)
        (run_dir / "snapshot").write_text("")
        progress({"kimg": 1.0, "sec_per_kimg": 2.5, "eta": 61.0, "losses": {"G": 0.5}, "weights": None})
        if self.error is not None:
            raise self.error
        progress({"kimg": 2.0, "sec_per_kimg": 2.5, "eta": 0.0, "losses": {"G": 0.25}, "weights": run_dir / "w"})
        return run_dir / "w"


@pytest.fixture
def apprentice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Apprentice:
    found = Apprentice()
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda kind, name: found if name == "apprentice" else load(kind, name))
    monkeypatch.chdir(tmp_path)
    return found


LINE = ("train", "--model", "apprentice", "--data", "stripes")


def test_training_prints_the_weights_on_stdout_and_ticks_on_stderr(apprentice: Apprentice) -> None:
    done = ganbench(*LINE, "--recipe", "short")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "runs/apprentice-short/w\n"
    assert done.stderr.splitlines() == [
        "kimg 1.0  s/kimg 2.50  left 0:01:01  G 0.5",
        "kimg 2.0  s/kimg 2.50  left 0:00:00  G 0.25  wrote runs/apprentice-short/w",
    ]
    assert apprentice.asked == [("stripes", Apprentice.recipes["short"], Path("runs/apprentice-short"), False)]


def test_what_is_asked_for_replaces_the_recipes_settings(apprentice: Apprentice) -> None:
    assert ganbench(*LINE, "--recipe", "short", "--kimg", "3", "--seed", "7", "--device", "cpu").exit_code == 0
    recipe = apprentice.asked[0][1]
    assert recipe.settings == {"kimg": 3.0, "lr": 0.1, "seed": 7, "device": "cpu"}
    assert Apprentice.recipes["short"].settings == {"kimg": 2.0, "lr": 0.1}


def test_a_conditional_model_is_asked_for_by_its_setting(apprentice: Apprentice) -> None:
    assert ganbench(*LINE, "--recipe", "short", "--conditional").exit_code == 0
    assert apprentice.asked[0][1].settings == {"kimg": 2.0, "lr": 0.1, "conditional": True}


def test_a_run_is_resumed_in_its_folder(apprentice: Apprentice) -> None:
    run = (*LINE, "--recipe", "short", "--run-dir", "run")
    assert ganbench(*run).exit_code == 0
    assert "found snapshot in run: resume that run" in complaint(*run)
    assert ganbench(*run, "--resume").exit_code == 0
    assert [asked[3] for asked in apprentice.asked] == [False, True]


def test_a_folder_without_a_run_cannot_be_resumed(apprentice: Apprentice, tmp_path: Path) -> None:
    resumed = (*LINE, "--recipe", "short", "--run-dir", "run", "--resume")
    assert "found none in run" in complaint(*resumed)
    (tmp_path / "run").mkdir()
    assert "found none in run" in complaint(*resumed)
    (tmp_path / "run" / "log.jsonl").write_text("")
    assert "found none in run" in complaint(*resumed)
    assert apprentice.asked == []


def test_a_run_killed_before_its_first_snapshot_can_be_started_again(apprentice: Apprentice, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "log.jsonl").write_text("")
    assert ganbench(*LINE, "--recipe", "short", "--run-dir", "run").exit_code == 0


def test_the_recipe_is_chosen_where_there_is_one_choice(
    apprentice: Apprentice, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "choose one of short, long" in complaint(*LINE)
    assert "did you mean short" in complaint(*LINE, "--recipe", "shirt")
    monkeypatch.setattr(apprentice, "recipes", {"short": Apprentice.recipes["short"]})
    assert ganbench(*LINE).exit_code == 0
    monkeypatch.setattr(apprentice, "recipes", {})
    assert "expected a model with a training recipe" in complaint(*LINE)


def test_digits_have_a_recipe_and_a_protocol_of_their_own(
    apprentice: Apprentice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apprentice, "recipes", {**Apprentice.recipes, "digits32": Recipe("digits32")})
    monkeypatch.setattr(apprentice, "embedded", Embedded(Path("digits32.safetensors"), "", "digits", "digits"))
    assert ganbench("train", "--model", "apprentice", "--data", "digits:train").exit_code == 0
    assert apprentice.asked[0][1].name == "digits32"
    for data in ("digits", "digits:train"):
        assert _recipe(apprentice, "apprentice", None, data).name == "digits32"
        assert _benchmark(apprentice, data) == "digits"
    assert _benchmark(apprentice, "stripes") == "toy"
    own = Embedded(Path("own.safetensors"), "", "digit-domains", "digit-domains")
    monkeypatch.setattr(apprentice, "embedded", own)
    assert _benchmark(apprentice, "digit-domains:3,8") == "digit-domains"
    monkeypatch.setattr(apprentice, "embedded", None)
    assert _benchmark(apprentice, "digits") == "toy"


@pytest.mark.parametrize("error", [TrainingError("images must be square: resize them."), WriteError(28, "Full", "x")])
def test_what_goes_wrong_is_one_sentence(apprentice: Apprentice, error: Exception) -> None:
    apprentice.error = error
    done = ganbench(*LINE, "--recipe", "short")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1] == f"ganbench: {error}"


@pytest.mark.parametrize("error", [TypeError("a network takes 2 arguments"), ValueError("shapes"), KeyError("G")])
def test_a_mistake_of_ours_is_not_told_as_the_users(apprentice: Apprentice, error: Exception) -> None:
    apprentice.error = error
    done = ganbench(*LINE, "--recipe", "short")
    assert done.exit_code == 2
    assert "this is a bug" in done.stderr


def test_an_interrupt_says_how_to_go_on(apprentice: Apprentice) -> None:
    apprentice.error = KeyboardInterrupt()
    done = ganbench(*LINE, "--recipe", "short")
    assert done.exit_code == 130
    assert done.stderr.splitlines()[-1] == (
        "ganbench: interrupted: to continue, ganbench train --model apprentice --data stripes --recipe short --resume"
    )


def test_what_is_typed_wrong_is_told_before_anything_is_made(apprentice: Apprentice, tmp_path: Path) -> None:
    assert "did you mean stripes" in complaint(
        "train", "--model", "apprentice", "--data", "strips", "--recipe", "short"
    )
    assert "unknown model" in complaint("train", "--model", "nobody", "--data", "stripes")
    for length in ("0", "-1", "nan", "inf", "1e300", "1e10"):
        assert "--kimg" in complaint(*LINE, "--recipe", "short", "--kimg", length)
    assert "seed" in complaint(*LINE, "--recipe", "short", "--seed", "-1")
    assert "gpu" in complaint(*LINE, "--recipe", "short", "--device", "gpu")
    (tmp_path / "file").write_text("")
    assert "found the file file" in complaint(*LINE, "--recipe", "short", "--run-dir", "file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_tick_may_lack_what_a_model_does_not_know() -> None:
    assert line({"kimg": 1.25}) == "kimg 1.2  s/kimg ?  left ?  "


def test_metrics_are_measured_at_every_snapshot(apprentice: Apprentice) -> None:
    done = ganbench(*LINE, "--recipe", "short", "--metrics", "fid@40,brightness@20", "--benchmark", "toy")
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("  fid@40 ") == 1, "one tick of two wrote a snapshot"
    (entry,) = (json.loads(row) for row in Path("runs/apprentice-short/metrics.jsonl").read_text().splitlines())
    assert list(entry) == ["kimg", "fid@40", "brightness@20"]
    assert entry["kimg"] == 2
    assert 0 < entry["fid@40"] < 100


def test_a_metric_that_fails_is_noted_and_training_goes_on(
    apprentice: Apprentice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Any, **filled: Any) -> dict[str, float]:
        raise ZeroDivisionError("no light")

    monkeypatch.setattr(toygan.MeanBrightness, "compute", fail)
    done = ganbench(*LINE, "--recipe", "short", "--metrics", "fid@40,brightness@20", "--benchmark", "toy")
    assert (done.exit_code, done.stdout) == (0, "runs/apprentice-short/w\n")
    (entry,) = (json.loads(row) for row in Path("runs/apprentice-short/metrics.jsonl").read_text().splitlines())
    assert list(entry) == ["kimg", "fid@40", "missing"]
    assert list(entry["missing"]) == ["brightness@20"]
    assert "no light" in entry["missing"]["brightness@20"]
    assert "brightness@20 could not be measured" in done.stderr


def test_a_snapshot_that_cannot_be_measured_is_noted_and_training_goes_on(
    apprentice: Apprentice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(weights: Path | None, device: str) -> Any:
        if weights is not None:
            raise BadInputError("these weights are odd.")
        return toygan.Waves()

    monkeypatch.setattr(apprentice, "load", load)
    done = ganbench(*LINE, "--recipe", "short", "--metrics", "fid@40", "--benchmark", "toy")
    assert done.exit_code == 0
    assert "fid@40 could not be measured" in done.stderr
    (entry,) = (json.loads(row) for row in Path("runs/apprentice-short/metrics.jsonl").read_text().splitlines())
    assert entry["missing"] == {"fid@40": "BadInputError: these weights are odd."}


@pytest.mark.usefixtures("untouched_random_state")
def test_measuring_snapshots_leaves_the_random_state_alone(apprentice: Apprentice) -> None:
    done = ganbench(*LINE, "--recipe", "short", "--metrics", "fid@40,ppl@8", "--benchmark", "toy")
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize(
    ("model", "data", "metrics", "words"),
    [
        ("progan", "digits", "ls@64", "ls"),
        ("stylegan1", "digits", "eqt@64", "eqt"),
        ("stylegan2", "digits", "fid@64,eqr@64,fid_latent", "eqr"),
        ("stylegan3", "digits", "fid50k", "FID"),
        ("cyclegan", "digit-domains:3,8", "ppl@64", "ppl"),
        ("starganv2", "digit-domains", "ls@64", "ls"),
    ],
)
def test_metrics_that_cannot_be_measured_are_told_before_training(
    tmp_path: Path, model: str, data: str, metrics: str, words: str
) -> None:
    benchmark = ("--benchmark", "stylegan3") if metrics == "fid50k" else ()
    done = ganbench(
        "train", "--model", model, "--data", data, "--kimg", "0.064", "--metrics", metrics, *benchmark,
        "--run-dir", tmp_path / "run",
    )  # fmt: skip
    assert done.exit_code == 2
    assert words.lower() in done.stderr.lower()
    assert not (tmp_path / "run").exists()


def test_settings_are_set_by_name(apprentice: Apprentice) -> None:
    more = ("--set", "lr=0.5", "--set", 'd_lrs={"8": 1}', "--set", "augment=bgc")
    assert ganbench(*LINE, "--recipe", "short", *more).exit_code == 0
    assert apprentice.asked[0][1].settings == {"kimg": 2.0, "lr": 0.5, "d_lrs": {"8": 1}, "augment": "bgc"}
    assert "expected --set NAME=VALUE, found 'lr'" in complaint(*LINE, "--recipe", "short", "--set", "lr")


REAL = ("train", "--model", "stylegan2", "--data", "digits", "--kimg", "0.016", "--device", "cpu")


def test_a_setting_that_does_not_exist_or_is_out_of_range_is_named(tmp_path: Path) -> None:
    run = (*REAL, "--run-dir", tmp_path / "run")
    assert "unknown setting g_lrr: did you mean g_lr?" in complaint(*run, "--set", "g_lrr=1")
    assert "expected the setting batch to be a whole number" in complaint(*run, "--set", "batch=half")
    assert "expected the setting r1_gamma to be a number from 0" in complaint(*run, "--set", "r1_gamma=-1")
    assert not (tmp_path / "run").exists()


def test_a_run_that_diverged_goes_on_as_its_message_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = (*REAL, "--run-dir", tmp_path / "run", "--set", "tick_kimg=0.016", "--set", "snapshot_ticks=1")
    assert ganbench(*run).exit_code == 0
    with monkeypatch.context() as patch:
        loss = losses.generator_loss
        patch.setattr(losses, "generator_loss", lambda *given: {k: v * float("nan") for k, v in loss(*given).items()})
        done = ganbench(*run, "--kimg", "0.032", "--resume")
    assert done.exit_code == 2
    assert (
        "became nan at 0.016 kimg: resume with another value of betas or d_lr or g_lr or r1_gamma or seed."
        in done.stderr
    )
    done = ganbench(*run, "--kimg", "0.032", "--resume", "--set", "g_lr=0.001")
    assert done.exit_code == 0, done.stderr
    header = read_header(tmp_path / "run" / "stylegan2.safetensors")
    assert header["changes"] == [{"kimg": 0.016, "g_lr": [0.002, 0.001]}]
    assert header["recipe_settings"]["g_lr"] == 0.001


def test_a_mistake_inside_a_network_is_a_bug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("baselines.stylegan2.losses.generator_loss", lambda *arguments: len(5))  # type: ignore[arg-type]
    done = ganbench(*REAL, "--run-dir", tmp_path / "run")
    assert done.exit_code == 2
    assert "this is a bug" in done.stderr


def test_a_misspelt_metric_is_told_before_training(apprentice: Apprentice) -> None:
    assert "did you mean" in complaint(*LINE, "--recipe", "short", "--metrics", "fid50")
    assert apprentice.asked == []
