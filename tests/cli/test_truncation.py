"""``ganbench run --truncation`` and ``ganbench truncation``: numbers against the truncation of the samples."""

import csv
import json
import os
from pathlib import Path
from typing import Any

import pytest
import toygan
from PIL import Image
from torch import Tensor

from ganbench import measure
from ganbench.inputs import Samples
from ganbench.records.collect import collect
from ganbench.records.record import RunRecord
from ganbench.records.store import Store
from ganbench.records.table import build
from tests.cli.command_line import complaint, ganbench

WAVES = ("--model", "waves")


class Truncated(toygan.Waves):
    """Waves that are always truncated."""

    def __init__(self, psi: float, cutoff: int | None = None) -> None:
        super().__init__()
        self.truncation = psi, cutoff

    def mapping(self, z: Tensor, c: Tensor | None = None, **_: Any) -> Tensor:
        psi, cutoff = self.truncation
        return super().mapping(z, c, truncation_psi=psi, truncation_cutoff=cutoff)


def records() -> list[RunRecord]:
    """Return the records of the test, oldest first."""
    return Store().read_all()


def values(record: RunRecord) -> dict[str, float]:
    return {result.key: result.value for result in record.results}


def untruncated(psi: float, *names: str, cutoff: int | None = None) -> dict[str, float]:
    """Return the numbers of waves that are truncated in themselves."""
    return measure(Truncated(psi, cutoff).eval(), names, data="stripes", benchmark="toy")


def run(*arguments: object) -> str:
    done = ganbench(*arguments)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_a_run_truncates_every_metric_and_says_so_in_its_name() -> None:
    run("run", *WAVES, "--metrics", "fid@40,pr3@40", "--truncation", "0.5")
    (record,) = records()
    own = untruncated(0.5, "fid@40", "pr3@40")
    assert values(record) == {
        "fid@40_psi0.5": own["fid@40"],
        "pr3@40_psi0.5_precision": own["pr3@40_precision"],
        "pr3@40_psi0.5_recall": own["pr3@40_recall"],
    }
    assert own["fid@40"] != untruncated(1, "fid@40")["fid@40"]
    assert {result.spec["truncation_psi"] for result in record.results} == {0.5}


def test_a_cutoff_truncates_the_first_layers_alone() -> None:
    """The images of the waves come from their last layer."""
    for cutoff in (2, 3):
        run("run", *WAVES, "--metrics", "fid@40", "--truncation", "0.5", "--truncation-cutoff", cutoff)
    two, three = records()
    assert values(two) == {"fid@40_psi0.5_cut2": untruncated(1, "fid@40")["fid@40"]}
    assert values(three) == {"fid@40_psi0.5_cut3": untruncated(0.5, "fid@40")["fid@40"]}


def test_without_truncation_records_are_what_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    run("run", *WAVES, "--metrics", "fid@40")
    (record,) = records()
    (result,) = record.results
    assert sorted(result.spec) == ["class", "ddof", "max_real"]
    monkeypatch.setattr(Samples, "draw", lambda *_: pytest.fail("samples were drawn again"))
    run("run", *WAVES, "--metrics", "fid@40", "--truncation", "1")
    assert records()[1].results == record.results


def test_other_truncations_share_neither_a_shard_nor_a_column() -> None:
    run("run", *WAVES, "--metrics", "fid@40,fid@40_psi0.5,fid@40_psi0.5_cut3")
    run("run", *WAVES, "--metrics", "fid@40", "--truncation", "0.7")
    first, second = records()
    found = values(first) | values(second)
    assert found["fid@40_psi0.7"] == untruncated(0.7, "fid@40")["fid@40"]
    assert len({found["fid@40"], found["fid@40_psi0.5"], found["fid@40_psi0.7"]}) == 3
    columns = build(collect([])).columns
    assert [column.protocol.key for column in columns] == [*values(first), *values(second)]
    assert set(first.seconds) == {"reals", "samples", "samples at psi 0.5", "samples at psi 0.5 in 3 layers", "total"}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--truncation 0.7", "expected --metrics with --truncation 0.7"),
        ("--truncation-cutoff 2 --metrics fid@40", "expected --truncation with --truncation-cutoff"),
        ("--truncation nan --metrics fid@40", "for --truncation, found nan"),
        ("--truncation 0.7 --metrics ppl", "expected no truncation for ppl_wend@40"),
        ("--truncation 0.7 --metrics brightness", "expected no truncation for brightness1k"),
        ("--truncation 0.7 --metrics fif50k", "did you mean fid50k"),
    ],
)
@pytest.mark.parametrize("verb", ["run", "plan"])
def test_what_cannot_be_truncated_is_said_before_work(verb: str, arguments: str, told: str) -> None:
    assert told in complaint(verb, *WAVES, *arguments.split())
    assert records() == []


def test_samples_on_disk_cannot_be_truncated(tmp_path: Path) -> None:
    for number in range(5):
        Image.new("L", (32, 32), 50 * number).save(tmp_path / f"{number}.png")
    line = ("run", "--model", "images", "--weights", tmp_path, "--data", "stripes", "--benchmark", "toy")
    told = complaint(*line, "--metrics", "fid@5", "--truncation", "0.7")
    assert "expected a latent space w for truncation" in told


def test_a_study_is_one_record_a_table_and_a_plot(tmp_path: Path) -> None:
    out = tmp_path / "new" / "out"
    stdout = run("truncation", *WAVES, "--psi", "1,0.4,0.70", "--metrics", "fid@40,pr3@40", "--out", out)
    (record,) = records()
    assert sorted(values(record)) == sorted(
        f"{metric}{psi}{number}"
        for metric, numbers in (("fid@40", [""]), ("pr3@40", ["_precision", "_recall"]))
        for psi in ("", "_psi0.4", "_psi0.7")
        for number in numbers
    )
    assert stdout.splitlines()[-4:] == [
        f"record: {next(Path(os.environ['GANBENCH_RESULTS']).glob('records/*.json'))}",
        *(str(out / f"truncation.{kind}") for kind in ("md", "csv", "png")),
    ]
    rows = list(csv.DictReader((out / "truncation.csv").read_text().splitlines()))
    assert [row["psi"] for row in rows] == ["0.4", "0.7", "1"]
    for row in rows:
        own = untruncated(float(row["psi"]), "fid@40", "pr3@40")
        assert {key.split(" ")[0]: float(value) for key, value in list(row.items())[3:] if key[-1] == "]"} == own
    markdown = (out / "truncation.md").read_text().splitlines()
    assert markdown[:3:2] == [
        "pool extractor, 40 samples, covariances divided by N",
        "| psi | FID ↓ | Precision ↑ | Recall ↑ |",
    ]
    assert [line.split(" ")[1] for line in markdown[4:7]] == ["0.4", "0.7", "1"]
    assert "data stripes, truncated in all layers, seed 0." in markdown[8]
    with Image.open(out / "truncation.png") as image:
        assert image.width > image.height > 300
        assert len(image.convert("L").getcolors() or []) > 20


def test_a_study_again_draws_nothing_anew_and_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = (
        "truncation",
        *WAVES,
        "--psi",
        "0.5,1",
        "--metrics",
        "fid@40",
        "--truncation-cutoff",
        "3",
        "--out",
        tmp_path,
    )
    run(*line)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert b"truncated in the first 3 layers" in first["truncation.md"]
    assert f"{tmp_path / 'truncation.md'} exists" in complaint(*line)
    monkeypatch.setattr(Samples, "draw", lambda *_: pytest.fail("samples were drawn again"))
    run(*line, "--force")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--psi half --metrics fid@40", "expected numbers for --psi, found 'half'"),
        ("--psi 0.5,,1 --metrics fid@40", "--psi"),
        ("--psi 0.5,0.7,1 --metrics ppl", "expected no truncation for ppl_wend@40"),
        ("--metrics fid@40,", "found an empty one in"),
        ("--metrics fif@40", "unknown metric 'fif@40'"),
        ("--model waevs --metrics fid@40", "did you mean waves"),
    ],
)
def test_a_study_that_makes_no_sense_leaves_nothing(arguments: str, told: str, tmp_path: Path) -> None:
    assert told in complaint("truncation", *WAVES, "--out", tmp_path / "out", *arguments.split())
    assert list(tmp_path.iterdir()) == []
    assert records() == []


def test_the_record_of_a_study_says_what_it_needs_to_be_repeated(tmp_path: Path) -> None:
    run("truncation", *WAVES, "--psi", "0.5", "--metrics", "fid@40", "--out", tmp_path)
    plain = json.loads(next(Path(os.environ["GANBENCH_RESULTS"]).glob("records/*.json")).read_text())
    (result,) = plain["results"]
    assert (result["metric"], result["spec"]["truncation_psi"]) == ("fid@40_psi0.5", 0.5)
    assert result["spec"]["truncation_cutoff"] is None
