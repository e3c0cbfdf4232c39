"""``ganbench run`` and ``plan``: what a person types, sees and gets, bad input included."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from ganbench.records.store import read
from ganbench.records.table_cells import Cell, shown
from tests.cli.runs import Invoke, images, snapshot


def test_a_run_prints_a_table_writes_a_record_and_says_where(invoke: Invoke, results: Path) -> None:
    code, out, err = invoke(
        "run", "--model", "waves", "--metrics", "fid@40,ppl,eqr@9,brightness", "--results-dir", results
    )
    assert code == 0
    (path,) = (results / "records").iterdir()
    assert f"record: {path}" in out
    record = read(path)
    assert [result.key for result in record.results] == ["fid@40", "ppl_wend@40", "eqr@9", "brightness1k"]
    for result in record.results:
        assert re.search(rf"{result.key}.*{'higher' if result.higher_is_better else 'lower'}.*{result.count:,}", out)
    assert "pool" in out
    assert "samples" in err
    assert "reals" in err
    assert (record.model["name"], record.benchmark, record.seed, record.limit) == ("waves", "toy", 0, None)
    assert record.data == {"name": "stripes", "fingerprint": __import__("toygan").Stripes.fingerprint, "count": 200}


def test_the_same_command_again_draws_nothing_anew(
    invoke: Invoke, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ganbench.inputs import Samples

    line = ("run", "--model", "waves", "--metrics", "fid@40", "--results-dir", results)
    assert invoke(*line)[0] == 0
    monkeypatch.setattr(Samples, "draw", lambda *_: pytest.fail("samples were drawn again"))
    assert invoke(*line)[0] == 0
    first, second = (read(path) for path in sorted((results / "records").iterdir()))
    assert first.results == second.results
    assert first.id != second.id


def test_several_models_get_a_record_each(invoke: Invoke, results: Path, tmp_path: Path) -> None:
    code, _, _ = invoke(
        "run", "--model", "waves", "--model", "waves", "--metrics", "brightness@20", "--results-dir", results
    )
    assert code == 0
    assert len(list((results / "records").iterdir())) == 2


def test_a_limit_renames_the_result(invoke: Invoke, results: Path) -> None:
    code, out, _ = invoke("run", "--model", "waves", "--metrics", "fid50k", "--limit", "50", "--results-dir", results)
    assert code == 0
    assert "fid@50" in out
    assert "fid50k" not in out


def test_samples_on_disk_are_measured_like_a_model(invoke: Invoke, results: Path, tmp_path: Path) -> None:
    """A folder against itself is at distance zero; what it cannot do is said before any work."""
    folder = images(tmp_path / "samples")
    line = (
        "run",
        "--model",
        "images",
        "--weights",
        folder,
        "--data",
        folder,
        "--benchmark",
        "toy",
        "--results-dir",
        results,
    )
    code, _, err = invoke(*line, "--metrics", "fid@12,pr3@12")
    assert code == 0, err
    values = {result.key: result.value for result in read(next((results / "records").iterdir())).results}
    assert values == {"fid@12": 0, "pr3@12_precision": 1, "pr3@12_recall": 1}
    code, _, err = invoke(*line, "--metrics", "fid@50,ppl,eqr@9")
    assert code == 2
    assert err.count("ganbench: ") == 3
    assert "found 12: ask for fewer, as with --limit 12" in err


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_share_the_work_and_give_the_same_record(
    processes: int, invoke: Invoke, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real processes: 2,100 samples are three shards."""

    def run(nproc: int, cache: str) -> tuple[Any, ...]:
        monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / cache))
        line = ("run", "--model", "waves", "--metrics", "fid@2100,brightness@2100", "--nproc", nproc)
        code, _, err = invoke(*line, "--results-dir", results / cache)
        assert code == 0, err
        return read(next((results / cache / "records").iterdir())).results

    assert run(processes, "many") == run(1, "one")


def test_a_narrow_terminal_loses_no_digit(invoke: Invoke, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, for rich
    code, out, _ = invoke("run", "--model", "waves", "--metrics", "fid@40,eqr@9", "--results-dir", results)
    assert code == 0
    (path,) = (results / "records").iterdir()
    for result in read(path).results:
        assert result.key in out
        ((value, half),) = shown([Cell.of(result)])
        assert (f"{value} ± {half}" if half else f"{result.value:.5g}") in out
    assert "…" not in out


def test_planning_takes_the_arguments_of_a_run(invoke: Invoke, results: Path) -> None:
    line = ("--model", "waves", "--metrics", "fid@40", "--nproc", "2", "--results-dir")
    assert invoke("plan", *line, results)[0] == 0
    assert not results.exists()
    results.write_text("")
    code, _, err = invoke("plan", *line, results)
    assert code == 2
    assert "expected a folder for results, found a file" in err


def test_what_a_model_cannot_have_may_be_left_out_with_the_reason(
    invoke: Invoke, results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import toygan

    monkeypatch.delattr(toygan.Waves, "set_transform")
    line = ("run", "--model", "waves", "--metrics", "brightness@20,eqr@9", "--results-dir", results)
    code, _, err = invoke(*line)
    assert code == 2
    assert "expected a generator with an input transform" in err
    code, out, _ = invoke(*line, "--allow-missing")
    assert code == 0
    assert re.search(r"eqr@9 +│ +- │", out)
    assert "eqr@9: expected a generator with an input transform, found a model without one: take another metric." in out
    record = read(next((results / "records").iterdir()))
    assert [result.key for result in record.results] == ["brightness@20"]
    assert list(record.missing) == ["eqr@9"]
    code, _, err = invoke("run", "--model", "waves", "--metrics", "eqr@9", "--allow-missing", "--results-dir", results)
    assert code == 2, "nothing is left to measure"


def test_planning_says_what_there_is_to_do_and_does_nothing(invoke: Invoke, tmp_path: Path) -> None:
    import os

    code, out, _ = invoke("plan", "--model", "waves", "--metrics", "fid@40,eqr@9")
    assert code == 0
    assert re.search(r"samples +40 of 40 +about \d+ s", out)
    assert snapshot(Path(os.environ["GANBENCH_CACHE"])) == {}
    assert snapshot(Path(os.environ["GANBENCH_RESULTS"])) == {}


def test_planning_names_every_file_to_fetch_and_fetches_none(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    import urllib.request

    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("something was fetched"))
    monkeypatch.setattr("ganbench.engine.estimates.seconds_per_sample", lambda *_: (1.0, False))
    code, _, err = invoke(
        "plan", "--model", "waves", "--benchmark", "stylegan3", "--metrics", "fid@99,pr3@99", "--data", "stripes"
    )
    assert code == 2
    assert re.search(r"pt_inception.*planning fetches nothing.*https://\S+ \(sha256 [0-9a-f]{64}\)", err)
    assert re.search(r"vgg16.*planning fetches nothing", err)
    code, _, err = invoke("plan", "--model", "stylegan3:ffhq-1024-t", "--metrics", "eqt")
    assert code == 2
    assert re.search(r"stylegan3-t-ffhq-1024x1024\.pkl.*planning fetches nothing", err)


@pytest.mark.parametrize("verb", ["run", "plan"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "wavess"], r"unknown model 'wavess': did you mean waves\?"),
        (["--model", "waves", "--metrics", "fid50"], r"unknown metric 'fid50': did you mean .*fid50k"),
        (["--model", "waves", "--metrics", "fid,,ppl"], r"found an empty one in"),
        (["--model", "waves", "--data", "stripe"], r"did you mean stripes\?"),
        (["--model", "waves", "--benchmark", "toi"], r"unknown benchmark 'toi': did you mean toy\?"),
        (["--model", "waves", "--limit", "0"], r"1 to 1,000,000,000, found '0'"),
        (["--model", "waves", "--limit", "-3"], r"1 to 1,000,000,000, found '-3'"),
        (["--model", "waves", "--limit", "many"], r"1 to 1,000,000,000, found 'many'"),
        (
            ["--model", "waves", "--batch-size", "0"],
            r"'--batch-size': expected a whole number from 1 to 1048576, found '0'",
        ),
        (
            ["--model", "waves", "--seed", "-1"],
            r"--seed': expected .* 0 to 9223372036854775807, found '-1'",
        ),
        (["--model", "waves", "--device", "cuda:99"], r"expected a device of this machine, found 'cuda:99'"),
        (["--model", "waves", "--device", "toaster"], r"expected a device of this machine, found 'toaster'"),
        (["--model", "waves", "--metrics", "is@5"], r"is@5: expected at least 10 samples"),
        (["--model", "stylegan3", "--weights", "/no/such/file.pkl"], r"/no/such/file\.pkl.*(does not exist|no such)"),
        (["--model", "waves", "--data", "/no/such/folder"], r"/no/such/folder"),
        (["--modle", "waves"], r"[Nn]o such option.*--modle"),
        ([], r"(Missing option|expected) '?--model"),
    ],
)
def test_bad_arguments_are_one_sentence_and_leave_nothing(
    verb: str, arguments: list[str], message: str, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GANBENCH_RESULTS", str(tmp_path / "results"))
    code, out, err = invoke(verb, *arguments)
    assert code == 2
    assert out == ""
    assert re.search(message, err), err
    lines = [line for line in err.splitlines() if line]
    assert len(lines) == 1, err
    assert lines[0].startswith("ganbench: ")
    assert "Traceback" not in err
    assert snapshot(tmp_path) == {}


def test_restarts_need_several_processes(invoke: Invoke) -> None:
    code, _, err = invoke("run", "--model", "stylegan3", "--max-restarts", "5")
    assert (code, err.count("\n")) == (2, 1)
    assert "expected --nproc with --max-restarts 5" in err


def test_all_problems_of_all_models_are_told_at_once(invoke: Invoke) -> None:
    code, _, err = invoke(
        "run", "--model", "waves", "--model", "stylegan4", "--metrics", "fid50k,pppl,eqq", "--data", "strips"
    )
    assert code == 2
    assert sorted(line.split(":")[1].strip() for line in err.splitlines()) == [
        "strips is neither a data set nor a path" if "neither" in err else "unknown data set 'strips'",
        "unknown metric 'eqq'",
        "unknown metric 'pppl'",
        "unknown model 'stylegan4'",
    ]


def spoil(folder: Path, how: str) -> Path:
    """Return a folder of reals that is bad in one way."""
    if how == "empty":
        folder.mkdir()
        return folder
    images(folder)
    if how == "corrupt":
        path = folder / "005.png"
        path.write_bytes(path.read_bytes()[:90])
    if how == "text":
        (folder / "005.png").write_text("not an image")
    if how == "sizes":
        Image.new("L", (16, 16)).save(folder / "005.png")
    if how == "modes":
        Image.new("RGB", (32, 32)).save(folder / "005.png")
    return folder


@pytest.mark.parametrize("how", ["empty", "corrupt", "text", "sizes", "modes"])
def test_bad_reals_name_the_file_and_leave_no_record(how: str, invoke: Invoke, tmp_path: Path, results: Path) -> None:
    folder = spoil(tmp_path / "reals", how)
    code, out, err = invoke(
        "run", "--model", "waves", "--data", folder, "--metrics", "fid@20", "--results-dir", results
    )
    assert (code, out) == (2, "")
    complaint = [line for line in err.splitlines() if line.startswith("ganbench: ")]
    assert len(complaint) == 1
    assert str(folder if how == "empty" else "005.png") in complaint[0]
    assert snapshot(results) == {}


@pytest.mark.parametrize("content", ["truncated", "text", "other", "empty"])
def test_bad_weights_name_the_file_and_leave_no_record(
    content: str, invoke: Invoke, tmp_path: Path, results: Path
) -> None:
    path = tmp_path / "weights.safetensors"
    if content == "other":
        from safetensors.torch import save_file
        from torch import zeros

        save_file({"some.tensor": zeros(3)}, path)
    else:
        path.write_bytes({"truncated": b"\xff\0\0\0\0\0\0\0{", "text": b"hello", "empty": b""}[content])
    code, out, err = invoke(
        "run", "--model", "stylegan3", "--weights", path, "--metrics", "fid@20", "--results-dir", results
    )
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert str(path) in err
    assert snapshot(results) == {}


@pytest.mark.parametrize("where", ["results", "cache"])
def test_a_folder_that_cannot_be_written_is_told_before_work(
    where: str, invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(f"GANBENCH_{where.upper()}", str(tmp_path / "file"))
    code, out, err = invoke("run", "--model", "waves", "--metrics", "brightness@20")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert str(tmp_path / "file") in err
    assert (tmp_path / "file").read_text() == "in the way"


def test_a_disk_that_fills_while_working_costs_no_finished_shard(
    invoke: Invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, results: Path
) -> None:
    from ganbench.engine import cache

    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))
    real, calls = cache.write_atomically, []

    def filling(path: Path, data: bytes) -> None:
        calls.append(path)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        real(path, data)

    monkeypatch.setattr(cache, "write_atomically", filling)
    code, _, err = invoke("run", "--model", "waves", "--metrics", "fid@20", "--results-dir", results)
    assert code == 2
    assert "No space left on device" in err.splitlines()[-1]
    assert snapshot(results) == {}
    assert len(snapshot(tmp_path / "cache")) == 1


def test_a_model_that_gives_nan_stores_nothing(invoke: Invoke, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import toygan

    monkeypatch.setattr(
        toygan.Waves, "synthesis", lambda self, ws, **_: ws.new_full((len(ws), 1, 32, 32), float("nan"))
    )
    code, out, err = invoke("run", "--model", "waves", "--metrics", "brightness@20", "--results-dir", results)
    assert (code, out) == (2, "")
    assert "a NaN or an infinity in sample 0:" in err.splitlines()[-1]
    assert snapshot(results) == {}


def test_the_record_says_how_to_repeat_it(invoke: Invoke, results: Path) -> None:
    invoke("run", "--model", "waves", "--metrics", "fid@20", "--results-dir", results, "--seed", "7")
    record = json.loads(next((results / "records").iterdir()).read_text())
    assert record["seed"] == 7
    assert record["environment"]["torch"]
    assert set(record["seconds"]) == {"reals", "samples", "total"}
    (result,) = record["results"]
    assert result["extractor_sha256"] == __import__("toygan").Pool.sha256
    assert result["spec"]["ddof"] == 0
