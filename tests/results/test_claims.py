"""``results/claims.md`` and the records that it is made from."""

import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from ganbench import load_model
from ganbench.report.markup import MINUS
from results import claims, evidence, trainings
from results.mixing import Mixed
from results.source_distance import SourceError
from tests.cli.command_line import ganbench
from tests.models.tiny_stylegans import weights_of

RESULTS = Path(__file__).resolve().parents[2] / "results"
TEXT = (RESULTS / "claims.md").read_text(encoding="utf-8")


def test_the_file_is_what_the_records_give() -> None:
    assert "\n".join(claims.sections(claims.records_of(RESULTS))) == TEXT, "run `python -m results.make --only claims`"


def test_every_number_is_one_of_a_record() -> None:
    """Read beside the program that wrote them: the JSON itself, rounded to the digits that are shown."""
    files = [*(RESULTS / "records").glob("*.json"), *(RESULTS / "claims" / "records").glob("*.json")]
    values = [
        (float(each["value"]), (each["interval"]["high"] - each["interval"]["low"]) / 2)
        for path in files
        for each in json.loads(path.read_text())["results"]
        if each.get("interval")
    ]
    shown = re.findall(rf"({MINUS}?[\d.]+) ± ([\d.]+)", TEXT)
    assert len(shown) > 50
    for value, error in shown:
        places, error_places = (len(text.partition(".")[2]) for text in (value, error))
        wanted = value.replace(MINUS, "-"), error
        found = any((f"{v:.{places}f}", f"{e:.{error_places}f}") == wanted for v, e in values)
        assert found, f"{value} ± {error}"


def test_every_claim_is_judged() -> None:
    assert "not measured" not in TEXT
    assert re.findall(r"^## \d\. .*: (confirmed|not confirmed|no evidence at this scale)$", TEXT, re.M)
    assert len(re.findall("^## ", TEXT, re.M)) == len(claims.CLAIMS)


def test_another_seed_of_a_training_differs_in_nothing_else() -> None:
    repeated = [name for name in trainings.TRAININGS if name.endswith("-seed1")]
    assert len(repeated) == 4
    for name in repeated:
        first = trainings.TRAININGS[name.replace("-seed1", "-seed0")]
        assert trainings.TRAININGS[name] == first.replace("--seed 0", "--seed 1")
        assert trainings.line(name)[-1] == f"runs/claims/{name}"


@pytest.mark.parametrize("name", [name for name in trainings.TRAININGS if not name.endswith("-seed1")])
def test_every_training_is_a_recipe_with_settings_that_exist(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)  # where nothing was trained yet
    done = ganbench(*trainings.line(name), "--device", "cpu", "--dry-run")
    assert done.exit_code == 0, done.stderr
    assert trainings.line(name)[-1] == f"runs/claims/{name}"


def test_every_measurement_has_a_record_of_weights_with_that_training() -> None:
    found = evidence.found(RESULTS / "claims")
    assert found.keys() == evidence.LINES.keys()
    for name, record in found.items():
        of = name.rpartition("-of")[0] or name
        assert record.model["weights"].startswith(f"runs/claims/{of}/"), name
        assert record.limit is None


def test_mixed_images_take_their_layers_in_order_from_each_latent(tmp_path: Path) -> None:
    path = weights_of("stylegan1", tmp_path)
    G, mixed = load_model("stylegan1", path), Mixed(path, 3)
    z = torch.randn(4, 8)
    points = torch.randn(4, 2)
    same = torch.cat([z, z, z, points], dim=1)
    with torch.no_grad():
        torch.testing.assert_close(mixed(same), G(z).clamp(-1, 1), rtol=0, atol=1e-5)
        late = torch.cat([z, torch.randn(4, 16), torch.full([4, 2], 9.0)], dim=1)  # both points at the last layer
        early = torch.cat([torch.randn(4, 16), z, torch.full([4, 2], -9.0)], dim=1)  # both after the first layer
        ws = G.mapping(z, None)
        for latents, own in ((late, slice(0, -1)), (early, slice(1, None))):
            other = G.mapping(latents[:, 16:24] if own.start == 0 else latents[:, :8], None)
            expected = other.clone()
            expected[:, own] = ws[:, own]
            torch.testing.assert_close(mixed(latents), G.synthesis(expected).clamp(-1, 1), rtol=0, atol=1e-5)


def test_the_distance_to_the_source_is_a_mean_over_pixels_and_outputs() -> None:
    source = torch.zeros(2, 1, 4, 4)
    image = torch.stack([source + 0.5, source - 0.1], dim=1)
    batch: Any = SimpleNamespace(indices=(0, 1), drawn={"image": image, "source": source})
    torch.testing.assert_close(SourceError().compute(batch), torch.full([2, 1], 0.3))
