"""Accuracy of translations, seen by the embedded classifier of digits."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ganbench import registry
from ganbench.data.digit_domains import open_digit_domains
from ganbench.errors import PlanError
from ganbench.extractors.digits import open_digits
from ganbench.images import to_uint8
from ganbench.metrics import Number
from ganbench.metrics.accuracy import accuracy, accuracy_latent, accuracy_reference
from ganbench.metrics.pairs import mean_over_pairs
from ganbench.types import ClassExtractor
from tests.metrics.pictures_of_domains import Mapped, noise_pictures, planned, results

pytestmark = pytest.mark.usefixtures("untouched_random_state")

DIGITS = open_digit_domains("3,8")


def of_domain(name: str) -> Tensor:
    """Return the validation images of a digit, -1..1."""
    place = DIGITS.domains.index(name)
    labels = DIGITS.validation.labels(range(len(DIGITS.validation))).argmax(1)
    return DIGITS.validation.images((labels == place).nonzero()[:, 0].tolist()).float() / 127.5 - 1


def recognised(images: Tensor, digit: int) -> float:
    seen = open_digits()(to_uint8(images, "cyclegan"))["probabilities"].argmax(1)
    return (seen == digit).double().mean().item()


def test_a_translator_that_changes_nothing_fools_the_classifier_as_often_as_it_errs(tmp_path: Path) -> None:
    found = results(planned(Mapped(lambda x, _: x, DIGITS.domains), [accuracy], DIGITS), tmp_path)["accuracy"]
    expected = {"8->3": recognised(of_domain("8"), 3), "3->8": recognised(of_domain("3"), 8)}
    assert found.parts == expected
    assert found.value == sum(expected.values()) / 2 < 0.05
    assert (found.extractor, found.higher_is_better) == ("digits", True)


def test_a_translator_that_shows_a_real_digit_is_always_right_and_the_wrong_way_round_never(tmp_path: Path) -> None:
    shown = torch.stack([of_domain("3")[0], of_domain("8")[0]])
    assert recognised(shown[:1], 3) == recognised(shown[1:], 8) == 1
    right = Mapped(lambda x, target: shown[target].expand(len(x), -1, -1, -1), DIGITS.domains)
    wrong = Mapped(lambda x, target: shown[1 - target].expand(len(x), -1, -1, -1), DIGITS.domains)
    assert results(planned(right, [accuracy], DIGITS), tmp_path / "right")["accuracy"].value == 1
    assert results(planned(wrong, [accuracy], DIGITS), tmp_path / "wrong")["accuracy"].value == 0


def test_directions_have_their_own_share_and_domains_go_by_name(tmp_path: Path) -> None:
    """All become eights: right on the way to 8 and wrong on the way to 3, though 8 is now the first domain."""
    swapped, eight = open_digit_domains("8,3"), of_domain("8")[0]
    model = Mapped(lambda x, _: eight.expand(len(x), -1, -1, -1), ("3", "8"))
    found = results(planned(model, [accuracy], swapped), tmp_path)["accuracy"]
    assert found.parts == {"3->8": 1, "8->3": 0}
    assert found.value == 0.5


def test_every_output_of_a_source_image_counts(tmp_path: Path) -> None:
    """A style above 0 shows the target, below 0 noise: the share is that of styles above 0."""
    shown = torch.stack([of_domain("3")[0], of_domain("8")[0]])

    class Moody:
        domains = ("3", "8")
        latent_dim, style_dim = 1, 1

        def style_from_latent(self, z: Tensor, target: Any) -> Tensor:
            return z

        def style_from_reference(self, x: Tensor, target: Any) -> Tensor:
            return x.flatten(1).mean(1, keepdim=True) + 1

        def translate(self, x: Tensor, target: Any, style: Tensor | None = None) -> Tensor:
            assert style is not None
            return torch.where(style[:, :, None, None] > 0, shown[target], shown[1 - target])

    few = [dataclasses.replace(metric, count=5) for metric in (accuracy_latent, accuracy_reference)]
    found = results(planned(Moody(), few, DIGITS), tmp_path)
    from ganbench.rng import Streams

    z = Streams(0, tuple(range(10))).normal("translation-z", (10, 1))
    assert found["accuracy_latent"].value == pytest.approx((z > 0).double().mean().item())
    assert found["accuracy_latent"].count == 100
    assert found["accuracy_reference"].value == 1  # no digit is all black


def test_what_is_missing_is_said() -> None:
    blind = dataclasses.replace(accuracy, extractor="pool")
    with pytest.raises(PlanError, match="the extractor 'pool' does not classify images"):
        planned(Mapped(lambda x, _: x), [blind], noise_pictures())
    with pytest.raises(PlanError, match="the extractor 'digits' knows no class 'a', only 0, 1, 2"):
        planned(Mapped(lambda x, _: x), [accuracy], noise_pictures())


def test_the_classes_of_digits_are_the_columns_of_its_probabilities() -> None:
    found = registry.load("extractors", "digits")()
    assert isinstance(found, ClassExtractor)
    assert len(found.classes) == found.layers["probabilities"]
    for name in ("0", "7"):
        domains = open_digit_domains(f"{name},1" if name != "1" else "0,1")
        images = domains.images((domains.labels(range(len(domains))).argmax(1) == 0).nonzero()[:20, 0].tolist())
        assert found.classes[int(found(images)["probabilities"].mean(0).argmax())] == name


def test_the_mean_is_over_pairs_of_domains() -> None:
    assert mean_over_pairs({(0, 1): 1.0, (1, 0): 0.5}, True) == Number(0.75, True, {(0, 1): 1.0, (1, 0): 0.5})
