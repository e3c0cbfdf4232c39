"""``--extractor``: another network for all metrics of features, and what those say that cannot use it."""

from pathlib import Path
from typing import Any

import pytest
from toygan import Waves

import ganbench
from baselines.attributes.networks import AttributeNetwork
from baselines.training.weights import save_weights
from ganbench.checkpoints import file_sha256
from ganbench.errors import PlanError
from tests.cli.command_line import ganbench as command


@pytest.fixture
def classifiers(tmp_path: Path) -> Path:
    """A file of attribute classifiers: an extractor with neither features nor a perceptual distance."""
    config = {"num_attributes": 2, "img_resolution": 32, "img_channels": 1, "fmap_base": 32, "fmap_max": 8}
    path = tmp_path / "own.safetensors"
    save_weights(path, AttributeNetwork(**config), model="attributes", config=config, attributes=["dark", "round"])
    return path


def problems(metrics: list[str], **options: Any) -> tuple[str, ...]:
    with pytest.raises(PlanError) as caught:
        ganbench.measure(Waves(), metrics, **{"benchmark": "toy", **options})
    return caught.value.problems


def test_it_replaces_the_benchmarks_and_stands_in_the_record(tmp_path: Path) -> None:
    metrics = ["fid@30", "kid@30", "is@30", "pr3@30", "ppl@8", "eqr@8"]
    (record,) = ganbench.run("waves", metrics, extractor="digits", results_dir=tmp_path, seed=1)
    named = {result.key: result.extractor for result in record.results}
    assert named.pop("eqr@8") is None
    assert set(named.values()) == {"digits"}
    assert record.options["given"]["extractor"] == "digits"
    (usual,) = ganbench.run("waves", metrics, results_dir=tmp_path, seed=1)
    assert {result.extractor for result in usual.results} == {"pool", None}
    assert record.results[0].value != usual.results[0].value


def test_the_number_is_that_of_a_benchmark_with_this_extractor() -> None:
    other = ganbench.measure(Waves(), ["fid@30"], benchmark="toy", extractor="digits")
    same = ganbench.measure(Waves(), ["fid@30"], benchmark="digits", data="stripes")
    assert other == same


def test_metrics_that_cannot_use_it_say_so_before_work(classifiers: Path) -> None:
    own = f"attributes:{classifiers}"
    told = problems(["fid@30", "is@30", "ppl@8", "lpips@8", "eqr@8"], extractor=own)
    assert told == (
        f"fid@30: expected the layer 'features' of an extractor, found logits in {own!r}: choose another extractor.",
        f"is@30: expected the layer 'probabilities' of an extractor, found logits in {own!r}: "
        "choose another extractor.",
        f"ppl_wend@8, lpips@8: the extractor {own!r} measures no perceptual distance: choose a benchmark whose "
        "extractor does.",
    )
    found = ganbench.measure(Waves(), ["fid@30", "eqr@8"], benchmark="toy", extractor=own, allow_missing=True)
    assert list(found) == ["eqr@8"]


def test_translations_say_so_too(classifiers: Path) -> None:
    with pytest.raises(PlanError, match="fid_translated: expected the layer 'features'") as caught:
        ganbench.run("tint", ["fid_translated", "lpips_latent"], extractor=f"attributes:{classifiers}")
    assert "fid_translated" in str(caught.value)


def test_classifiers_of_attributes_stay_where_both_are_given(classifiers: Path, tmp_path: Path) -> None:
    options = {"extractor": "digits", "attributes": str(classifiers)}
    (record,) = ganbench.run("waves", ["ls@40", "fid@30"], results_dir=tmp_path, allow_missing=True, **options)
    assert {result.metric: result.extractor for result in record.results}["fid@30"] == "digits"
    ls = {result.extractor_sha256 for result in record.results if result.metric == "ls@40"}
    assert ls <= {file_sha256(classifiers)}


def test_wrong_names_are_told_before_anything_is_loaded() -> None:
    done = command("run", "--model", "stylegan3:ffhq-1024-t", "--metrics", "fid50k", "--extractor", "digit")
    assert done.exit_code == 2
    assert "unknown extractor 'digit': did you mean digits?" in done.stderr
    assert "fetches nothing" in done.stderr
    assert (
        "expected a metric of features for extractor digits, found none" in problems(["eqr@8"], extractor="digits")[0]
    )
    (told,) = problems(["fid@30"], extractor="inception:nowhere.pt")
    assert told.startswith("expected a file of weights after inception:, found none at 'nowhere.pt'")


def test_the_command_line_has_it() -> None:
    done = command("plan", "--model", "waves", "--metrics", "fid@30", "--extractor", "digits")
    assert done.exit_code == 0, done.output
