"""Statistics of the reals stand for them in metrics of moments alone."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toygan

import ganbench
from ganbench.data.opening import open_reals
from ganbench.data.statistics import read_statistics, to_file
from ganbench.engine.plan import Plan
from ganbench.engine.statistics import compute_statistics
from ganbench.errors import BadInputError, PlanError
from ganbench.inputs import Features
from tests import subjects


def plan(names: list[str], data: Any) -> Plan:
    return Plan.build(subjects.waves(), [subjects.metric(name) for name in names], data=data)


def test_a_distance_to_statistics_is_that_to_the_images(tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    path.write_bytes(to_file(compute_statistics(toygan.Stripes(), Features("pool"), batch_size=64), "1"))
    known = plan(["fid@200"], read_statistics(path))
    assert [pass_.source.name for pass_ in known.passes] == ["samples"]
    images = subjects.measure(plan(["fid@200"], toygan.Stripes()), tmp_path / "a")
    assert subjects.measure(known, tmp_path / "b") == pytest.approx(images, rel=1e-12)


@pytest.mark.parametrize("metric", ["kid@200", "pr50k3_full", "lpips10k_real"])
def test_what_needs_more_than_moments_is_told_before_any_work(metric: str) -> None:
    with pytest.raises(PlanError, match=r"expected images of the reals, found statistics alone in"):
        plan([metric], compute_statistics(toygan.Stripes(), Features("pool"), batch_size=64))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"extractor": "inception"}, "of the extractor pool .*, found inception"),
        ({"extractor_sha256": "1" * 64}, "of the extractor pool .*, found pool 11111111"),
        ({"total": 10_000}, "expected statistics of 10,000 reals, found"),
    ],
)
def test_statistics_of_another_protocol_are_refused(changes: dict[str, Any], told: str) -> None:
    known = compute_statistics(toygan.Stripes(), Features("pool"), batch_size=64)
    with pytest.raises(PlanError, match=told):
        plan(["fid50k_full"], dataclasses.replace(known, **changes))


def test_the_way_of_resizing_and_the_layer_are_kept_and_compared(tmp_path: Path) -> None:
    made = compute_statistics(toygan.Stripes(), Features("pool", resize="clean-bicubic"), batch_size=64)
    (tmp_path / "f.npz").write_bytes(to_file(made, "1"))
    known = read_statistics(tmp_path / "f.npz")
    assert (known.resize, known.layer) == ("clean-bicubic", "features")
    with pytest.raises(PlanError, match=r"expected resizing by the usual method, found clean-bicubic in"):
        plan(["fid@200"], known)


def test_a_layer_that_is_not_there_is_told() -> None:
    with pytest.raises(BadInputError, match="expected the layer 'logits'"):
        compute_statistics(toygan.Stripes(), Features("pool", "logits"), batch_size=64)


@pytest.mark.parametrize(
    ("there", "count", "told"), [(200, 1, "--count 1: take more"), (1, None, "1 in stripes: name")]
)
def test_of_too_few_images_the_cause_is_told(
    there: int, count: int | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toygan.Stripes, "__len__", lambda _: there)
    with pytest.raises(BadInputError, match=told):
        compute_statistics(toygan.Stripes(), Features("pool"), count=count, batch_size=64)


def test_features_of_the_reals_stand_for_them_wherever_features_are_compared(tmp_path: Path) -> None:
    reals, names = toygan.Stripes(), ["fid@200", "kid@200", "pr50k3@200"]
    rows = toygan.Pool()(reals.images(range(len(reals))))["features"].numpy()
    known = dataclasses.replace(
        compute_statistics(reals, Features("pool"), ddof=0, batch_size=64), features=rows, extractor=None
    )
    stored = plan(names, known)
    assert [pass_.source.name for pass_ in stored.passes] == ["samples"]
    images = subjects.measure(plan(names, reals), tmp_path / "a")
    assert subjects.measure(stored, tmp_path / "b") == pytest.approx(images, rel=1e-9)


def test_opened_statistics_are_data_as_their_file_is(tmp_path: Path) -> None:
    known = compute_statistics(toygan.Stripes(), Features("pool"), batch_size=64)
    (tmp_path / "f.npz").write_bytes(to_file(known, "1"))
    records = [
        ganbench.run("waves", "fid@64", data=data, device="cpu", results_dir=tmp_path)[0]
        for data in (read_statistics(tmp_path / "f.npz"), tmp_path / "f.npz")
    ]
    assert records[0].results == records[1].results
    assert records[0].data == records[1].data
    assert records[0].options["resolved"]["data"] == "stripes"


def test_statistics_beside_images_answer_distances_and_the_images_the_rest(tmp_path: Path) -> None:
    reals = toygan.Stripes()
    images = reals.images(range(200)).permute(0, 2, 3, 1).numpy()
    known = compute_statistics(reals, Features("pool"), batch_size=64)
    np.savez(tmp_path / "b.npz", arr_0=images, mu=known.mean, sigma=known.covariance)
    both = plan(["fid@200", "kid@200"], open_reals(tmp_path / "b.npz"))
    measured = subjects.measure(both, tmp_path / "a")
    alone = subjects.measure(plan(["fid@200"], read_statistics_alone(tmp_path, known)), tmp_path / "c")
    assert measured["fid@200"] == alone["fid@200"]
    np.savez(tmp_path / "i.npz", arr_0=images)
    kid = subjects.measure(plan(["kid@200"], open_reals(tmp_path / "i.npz")), tmp_path / "d")
    assert measured["kid@200"] == kid["kid@200"]


def test_statistics_of_another_extractor_leave_the_images_to_answer(tmp_path: Path) -> None:
    images = toygan.Stripes().images(range(200)).permute(0, 2, 3, 1).numpy()
    np.savez(tmp_path / "b.npz", arr_0=images, mu=np.zeros(3), sigma=np.eye(3))
    np.savez(tmp_path / "i.npz", arr_0=images)
    both, alone = (
        subjects.measure(plan(["fid@200"], open_reals(tmp_path / f"{name}.npz")), tmp_path / name) for name in "bi"
    )
    assert both == alone


def read_statistics_alone(folder: Path, known: Any) -> Any:
    np.savez(folder / "s.npz", mu=known.mean, sigma=known.covariance)
    return open_reals(folder / "s.npz")
