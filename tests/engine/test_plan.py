"""The plan reports every problem of every metric at once, before any work."""

import dataclasses
from typing import Any

import pytest
import toygan
from torch import Tensor

from ganbench.engine.plan import Plan, describe
from ganbench.errors import PlanError
from tests.pictures.translators import Mirrored, Painted
from tests.subjects import metric, plan, waves


class Plain:
    """A generator without a style space."""

    z_dim, c_dim, img_resolution, img_channels = 4, 0, 32, 1

    def __call__(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        raise AssertionError("nothing may run while planning")


class Conditional(toygan.Waves):
    c_dim = 5


def problems(names: list[str], model: Any = None, data: Any = toygan.Stripes()) -> tuple[str, ...]:  # noqa: B008 - immutable
    with pytest.raises(PlanError) as caught:
        plan(names, model, data=data)
    return caught.value.problems


def test_every_problem_is_told_at_once() -> None:
    found = problems(["fid@500", "ppl_wend@9", "eqr@9", "kid@20"], Plain(), data=None)
    assert [problem.split(":")[0] for problem in found] == ["fid@500, kid@20", "ppl_wend@9", "eqr@9"]
    assert all(problem.count(". ") == 0 and problem.endswith(".") for problem in found), "one sentence each"


@pytest.mark.parametrize(
    ("name", "model", "data", "message"),
    [
        ("fid@9", None, None, "found none: name them with --data"),
        ("ppl2_wend@9", Plain(), None, "latent space"),
        ("eqt_int@9", Plain(), None, "expected a generator with an input transform"),
        ("ls@9", Plain(), None, "expected a style-based generator"),
        ("fid@1", None, toygan.Stripes(), "expected at least 2 samples, found 1"),
        ("is@9", None, toygan.Stripes(), "at least 10 samples"),
        ("pr3@3", None, toygan.Stripes(), "at least 4 samples"),
        ("fid@9", Conditional(), toygan.Stripes(), "the model's 5 classes, found 0 in the data"),
    ],
)
def test_unmet_needs_are_named_with_their_remedy(name: str, model: Any, data: Any, message: str) -> None:
    (problem,) = problems([name], model, data)
    assert problem.startswith(f"{name}: ")
    import re

    assert re.search(message, problem)


def test_sizes_that_do_not_fit_are_told_before_work(monkeypatch: pytest.MonkeyPatch) -> None:
    large = toygan.Waves()
    large.img_resolution = 64
    (problem,) = problems(["fid@20"], large)
    assert "expected images of 64x64, which the model makes, found 32x32 in the data" in problem
    monkeypatch.setattr(toygan.Pool, "resolution", 16)
    (problem,) = problems(["ppl_wend@20"])
    assert "expected 16x16 images for the extractor 'pool', found 32x32" in problem


def test_data_of_another_size_is_one_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toygan.Pool, "resolution", 64)
    large = toygan.Waves()
    large.img_resolution = 64
    (problem,) = problems(["fid@20", "is@20", "kid@20"], large)
    assert problem.startswith(
        "fid@20, kid@20: expected images of 64x64, which the model makes, found 32x32 in the data: name data"
    )


def test_a_translator_is_told_what_is_measured_of_it() -> None:
    names = ["fid@20", "ppl_wend@20", "eqr@20", "ls@20"]
    for model, suited in ((Mirrored(), "fid_translated, accuracy or cycle"), (Painted(), "fid_latent, ")):
        (problem,) = problems(names, model)
        assert problem.startswith(", ".join(names))
        assert f"found a translator of images: take {suited}" in problem


def test_a_generator_is_told_what_is_measured_of_it() -> None:
    (problem,) = problems(["fid_latent", "accuracy"])
    assert "found another kind of model: take a metric of samples instead" in problem


def test_only_metrics_that_compare_with_reals_want_them_of_the_models_size() -> None:
    large = toygan.Waves()
    large.img_resolution = 64
    assert len(plan(["is@20", "ls@20", "ppl_wend@20"], large).passes) == 2
    for name in ("fid@20", "kid@20", "pr3@20"):
        (problem,) = problems([name, "is@20", "ls@20"], large)
        assert problem.startswith(f"{name}: expected images of 64x64, which the model makes, found 32x32 in the data")


@pytest.mark.parametrize(("size", "fits"), [(16, True), (32, True), (64, False), (12, False)])
def test_attribute_classifiers_take_images_that_reduce_to_their_size(
    size: int, fits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toygan.Pool, "resolution", size)
    if fits:
        assert plan(["ls@20"]).metrics
    else:
        (problem,) = problems(["ls@20"])
        assert f"expected {size}x{size} images for the extractor 'pool', found 32x32" in problem


def test_two_metrics_of_one_name_are_refused() -> None:
    first = metric("fid@20")
    second: Any = dataclasses.replace(first, ddof=1)  # type: ignore[type-var]
    with pytest.raises(PlanError, match="expected one metric named fid@20, found two"):
        Plan.build(waves(), [first, second], data=toygan.Stripes())
    assert len(Plan.build(waves(), [first, first], data=toygan.Stripes()).metrics) == 1


def test_an_unknown_extractor_is_a_problem_like_any_other() -> None:
    broken: Any = dataclasses.replace(metric("fid@20"), extractor="poool")  # type: ignore[type-var]
    with pytest.raises(PlanError, match="unknown extractor 'poool': did you mean pool"):
        Plan.build(waves(), [broken], data=toygan.Stripes())


def test_reals_are_all_taken_or_as_many_as_there_are() -> None:
    built = plan(["fid50k@20", "fid50k_full@20"])
    (reals,) = [one for one in built.passes if one.source.name == "reals"]
    assert [query.count for query in reals.queries] == [200]


def test_the_description_says_what_each_pass_serves() -> None:
    rows = describe(plan(["fid@30", "is@20", "eqr@9"]))
    assert [(row["source"], row["count"]) for row in rows] == [
        ("reals", 200),
        ("samples", 30),
        ("transformed inputs", 9),
    ]
    assert rows[1]["serves"] == ["fid@30", "is@20"]
