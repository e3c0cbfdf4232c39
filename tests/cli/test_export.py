import math
import sys
from pathlib import Path

import pytest

from ganbench.records.record import Interval, RunRecord
from ganbench.records.store import Store
from tests.cli.command_line import complaint, ganbench
from tests.records.make import record, result

INTERVAL = Interval(low=1.5, high=3.5, level=0.95, method="jackknife")
NUMBERS = {"fid@500/value": 2.5, "fid@500/low": 1.5, "fid@500/high": 3.5, "eqt50k_int/value": math.inf}
MODEL = {"name": "a|<b>", "weights": "w.pkl", "sha256": "a" * 64, "embedded": False, "kimg": 25.0}
NAME = "20260131T120000Z-a_b_-digits-abababab"


@pytest.fixture
def one() -> RunRecord:
    fid, eq = result("fid@500", interval=INTERVAL, count=500), result("eqt50k_int", math.inf, extractor=None)
    return record(fid, eq, id="ab" * 16, model=MODEL)


@pytest.fixture
def results(tmp_path: Path, one: RunRecord) -> Path:
    Store(tmp_path / "results").write(one)
    return tmp_path / "results"


def exported(target: str, results: Path, out: Path) -> None:
    """Export a first record, then it again and a second one."""
    done = ganbench("export", results, "--to", target, "--out", out)
    assert (done.exit_code, done.stdout) == (0, f"{out} (1 written, 0 there already)\n"), done.stderr
    Store(results).write(record(name="second", at=1))
    done = ganbench("export", "--results-dir", results, "--to", target, "--out", out)
    assert (done.exit_code, done.stdout) == (0, f"{out} (1 written, 1 there already)\n"), done.stderr


def test_tensorboard_shows_numbers_at_their_time_and_step(results: Path, one: RunRecord, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    out = tmp_path / "new" / "runs"
    exported("tensorboard", results, out)
    assert len(list(out.iterdir())) == 2
    events = EventAccumulator(str(out / NAME)).Reload()
    scalars = {tag: events.Scalars(tag) for tag in events.Tags()["scalars"]}
    assert {tag: [(each.step, each.value) for each in found] for tag, found in scalars.items()} == {
        tag: [(25, number)] for tag, number in NUMBERS.items()
    }
    assert scalars["fid@500/value"][0].wall_time == 1769860800.0  # 2026-01-31T12:00:00Z
    text = events.Tensors("provenance")[0].tensor_proto.string_val[0].decode()
    assert f"| weights_sha256 | {'a' * 64} |" in text
    assert "| model | a\\|" in text
    assert "<b>" not in text


def test_wandb_runs_are_offline_and_complete(results: Path, one: RunRecord, tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    out = tmp_path / "tracked"
    exported("wandb", results, out)
    assert [path.name for path in out.iterdir()] == ["wandb"]
    assert len(list((out / "wandb").iterdir())) == 2
    (run,) = (out / "wandb").glob(f"offline-run-*-{one.id}/run-{one.id}.wandb")
    content = run.read_bytes()
    for part in ("fid@500/value", "eqt50k_int/value", NAME, "a" * 64, "w.pkl"):
        assert part.encode() in content


def test_mlflow_keeps_numbers_and_provenance(results: Path, one: RunRecord, tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    from mlflow.tracking import MlflowClient

    out = tmp_path / "mlruns"
    exported("mlflow", results, out)
    client = MlflowClient(tracking_uri=out.as_uri())
    experiment = client.get_experiment_by_name("ganbench")
    assert len(client.search_runs([experiment.experiment_id])) == 2
    (run,) = client.search_runs([experiment.experiment_id], f"tags.id = '{one.id}'")
    assert run.data.metrics == {name.replace("@", "_"): number for name, number in NUMBERS.items()}
    assert client.get_metric_history(run.info.run_id, "fid_500/value")[0].step == 25
    assert run.data.tags["weights_sha256"] == "a" * 64
    assert (run.info.run_name, run.info.status) == (NAME, "FINISHED")
    assert run.info.end_time - run.info.start_time == 1500


@pytest.mark.parametrize("target", ["tensorboard", "wandb", "mlflow"])
def test_a_missing_package_is_named_with_its_extra(
    results: Path, tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, target, None)
    told = complaint("export", results, "--to", target, "--out", tmp_path / "out")
    assert told.endswith(f"pip install 'ganbench[{target}]'.")
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_read_or_written_is_named(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ganbench.cli.export.writer_of", lambda _target: lambda _record, _folder: True)
    (tmp_path / "file").write_text("")
    assert "cannot write to" in complaint("export", results, "--to", "wandb", "--out", tmp_path / "file")
    assert "did you mean" in complaint("export", results, "--to", "tensorbord", "--out", tmp_path / "out")
    assert "expected records" in complaint("export", tmp_path, "--to", "wandb", "--out", tmp_path / "out")
    (results / "records" / "broken.json").write_text("{")
    done = ganbench("export", results, "--to", "wandb", "--out", tmp_path / "out")
    assert (done.exit_code, done.stdout) == (2, f"{tmp_path / 'out'} (1 written, 0 there already)\n")
    assert "broken.json is not a readable record" in done.stderr
