"""FID of every class: that of one class at a time, labels, what has no classes, too few images."""

import hashlib
import warnings
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
import toygan
from torch import Tensor
from toygan.shades import ShadedStripes, Shades

import ganbench
from ganbench.errors import BadInputError, MeasuringWarning, PlanError
from ganbench.functional import frechet_distance, moments
from ganbench.inputs import Rows, Samples
from ganbench.metrics import resolve
from ganbench.metrics.per_class import fid50k_per_class
from tests.subjects import plan

pytestmark = pytest.mark.filterwarnings("ignore:fid.*classes have fewer")


def filled(rows: Tensor) -> Rows:
    accumulator = Rows()
    accumulator.update(rows)
    return accumulator


def features(n: int, seed: int) -> Tensor:
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))


def classes(*of: int) -> Rows:
    return filled(torch.tensor(of)[:, None])


def test_is_fid_within_each_class_and_the_plain_mean() -> None:
    real, fake = features(30, 0), features(20, 1)
    of_real, of_fake = [i % 2 for i in range(30)], [0] * 12 + [1] * 8
    (number,) = fid50k_per_class.compute(filled(real), classes(*of_real), filled(fake), classes(*of_fake)).values()
    expected = [
        frechet_distance(*moments(fakes, ddof=0), *moments(reals, ddof=0))
        for fakes, reals in ((fake[:12], real[0::2]), (fake[12:], real[1::2]))
    ]
    assert dict(number.parts) == {(0,): pytest.approx(expected[0]), (1,): pytest.approx(expected[1])}
    assert number.value == pytest.approx(sum(expected) / 2)
    assert number.higher_is_better is False


def test_the_same_images_are_zero_only_with_the_same_labels() -> None:
    rows, labels = features(40, 2), [i % 4 for i in range(40)]
    same = fid50k_per_class.compute(filled(rows), classes(*labels), filled(rows), classes(*labels))
    other = fid50k_per_class.compute(filled(rows), classes(*labels), filled(rows), classes(*labels[1:], 0))
    assert same["fid50k_per_class"].value == 0
    assert other["fid50k_per_class"].value > 0.1


def test_a_class_without_images_is_no_class_but_one_without_samples_is_refused() -> None:
    real, fake = filled(features(6, 3)), filled(features(6, 4))
    found = fid50k_per_class.compute(real, classes(0, 0, 0, 5, 5, 5), fake, classes(5, 5, 5, 5, 0, 0))
    assert list(found["fid50k_per_class"].parts) == [(0,), (5,)]
    for of_fake, words in (
        ((0, 0, 0, 0, 0, 5), "found 1 and 3 of class 5"),
        ((0, 0, 5, 5, 2, 2), "found 2 and 0 of class 2"),
    ):
        with pytest.raises(BadInputError, match=f"expected at least 2 samples and 2 reals of each class, {words}"):
            fid50k_per_class.compute(real, classes(0, 0, 0, 5, 5, 5), fake, classes(*of_fake))


def test_through_the_engine_samples_and_reals_have_their_own_labels(tmp_path: Path) -> None:
    (record,) = ganbench.run("shades", ["fid_per_class@90", "fid@90"], results_dir=tmp_path)
    own = next(result for result in record.results if result.key == "fid_per_class@90")
    data, model, pool = ShadedStripes(), Shades().eval(), toygan.Pool()
    from ganbench.images import to_uint8
    from ganbench.inputs import Context

    drawn = Samples().draw(Context(model, "", data, {}, 0, "cpu"), tuple(range(90)))
    fakes, labels = pool(to_uint8(drawn["image"], "stylegan"))["features"], drawn["c"].argmax(1)
    reals = pool(data.images(range(200)))["features"]
    for label in range(3):
        sides = fakes[labels == label], reals[torch.arange(200) % 3 == label]
        expected = frechet_distance(*moments(sides[0], ddof=0), *moments(sides[1], ddof=0))
        assert own.parts[str(label)] == pytest.approx(expected, rel=1e-6)
    assert own.value == pytest.approx(sum(own.parts.values()) / 3)
    assert set(own.parts) == {"0", "1", "2"}


def test_shares_the_pass_of_fid() -> None:
    built = plan(["fid@40", "fid50k_per_class@40"], Shades().eval(), data=ShadedStripes())
    assert sorted(pass_.source.name for pass_ in built.passes) == ["reals", "samples"]


def test_classes_with_few_images_are_warned_about() -> None:
    with pytest.warns(MeasuringWarning) as caught:
        ganbench.measure(Shades().eval(), "fid_per_class@40", data=ShadedStripes(), benchmark="toy-classes")
    (told,) = (str(each.message) for each in caught)
    assert told.startswith("fid_per_class@40: 2 of 3 classes have fewer samples or reals than features (16), such as")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ganbench.measure(Shades().eval(), "fid_per_class@150", data=ShadedStripes(), benchmark="toy-classes")


class OfTwo(ShadedStripes):
    """Data whose image 7 is of two classes."""

    fingerprint = hashlib.sha256(b"of two").hexdigest()

    def labels(self, indices: Sequence[int]) -> Tensor:
        labels = super().labels(indices)
        labels[[i for i, index in enumerate(indices) if index == 7]] = torch.tensor([1.0, 1, 0])
        return labels


def test_what_has_no_classes_is_refused() -> None:
    with pytest.raises(PlanError) as caught:
        plan(["fid50k_per_class@40"])
    told = str(caught.value)
    assert "expected data with classes, found stripes without: name labelled images with --data." in told
    assert "expected a model with classes, found one without: measure all of its samples together." in told
    with pytest.raises(BadInputError, match=r"found one of 2 classes in reals 7: name data whose labels are class"):
        ganbench.measure(Shades().eval(), "fid_per_class@40", data=OfTwo(), benchmark="toy-classes")
    with pytest.raises(PlanError, match="fid_per_class@40 has every class: leave the class 1 out"):
        ganbench.measure(Shades().eval(), "fid_per_class@40", data=ShadedStripes(), benchmark="toy-classes", label=1)


def test_names() -> None:
    assert resolve("fid10k_per_class").count == 10_000
    assert resolve("fid_per_class@500").name == "fid_per_class@500"
    assert resolve("fid50k_per_class_psi0.7").inputs()["fake"].source == Samples(0.7)
