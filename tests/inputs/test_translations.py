"""Which image is translated to which domain with which style, and what keeps that from working."""

from collections import Counter
from typing import Any

import pytest
import torch
from toygan import Stripes, Waves
from toygan.translators import Blobs, Blur, DomainsOfBlobs, Tint

from ganbench.inputs import Context, Translations
from ganbench.inputs.domains import by_target, matched_domains, target_domains, translate, validation_floats
from ganbench.rng import Streams


def context(model: Any = None, data: Any = None, seed: int = 0) -> Context:
    return Context(model or Tint(), "0" * 64, data or DomainsOfBlobs(), {}, seed, "cpu")


def everything(source: Translations, of: Context) -> range:
    length = source.length(of)
    assert length is not None
    return range(length)


def named(*domains: str, kind: type[Blur] = Tint, **attributes: Any) -> Blur:
    """A model of other domains; only its attributes are looked at."""
    model = kind()
    model.domains = domains
    for name, value in attributes.items():
        setattr(model, name, value)
    return model


def test_every_validation_image_meets_every_other_domain_once_target_by_target() -> None:
    of, source = context(), Translations("latent")
    samples = source.samples(of, everything(source, of))
    labels = of.data.validation.labels(range(100)).argmax(1).tolist()  # type: ignore[union-attr]
    expected = [
        (labels[image], target, image)
        for target in range(3)
        for domain in range(3)
        for image in range(100)
        if labels[image] == domain != target
    ]
    assert [(sample.source, sample.target, sample.image) for sample in samples] == expected
    assert len(expected) == 200
    for target in range(3):
        numbers = [sample.number for sample in samples if sample.target == target]
        assert numbers == list(range(len(numbers)))


def test_a_count_takes_the_first_images_of_each_source_domain() -> None:
    of, source = context(), Translations("latent", count=2)
    samples = source.samples(of, everything(source, of))
    assert [sample.image for sample in samples] == [33, 34, 65, 66, 0, 1, 65, 66, 0, 1, 33, 34]


def test_what_is_drawn_is_the_source_translated_with_its_own_styles() -> None:
    of, source = context(), Translations("latent", num_outputs=4)
    indices = (0, 66, 67, 199)  # the first target, the last of it, the second target, the third
    drawn, samples = source.draw(of, indices), source.samples(of, indices)
    assert drawn["task"].tolist() == [[1, 0], [2, 0], [0, 1], [1, 2]]
    z = Streams(0, indices).normal("translation-z", (4, 4))
    for row, sample in enumerate(samples):
        x = of.data.validation.images([sample.image]).float() / 127.5 - 1  # type: ignore[union-attr]
        assert torch.equal(drawn["source"][row], x[0])
        styles = of.model.style_from_latent(z[row], sample.target)
        torch.testing.assert_close(drawn["style"][row], styles)
        alone = of.model.translate(x.expand(4, -1, -1, -1), sample.target, styles)
        torch.testing.assert_close(drawn["image"][row], alone)
    assert drawn["image"].shape == (4, 4, 1, 32, 32)


def test_latents_belong_to_seed_sample_and_output() -> None:
    source = Translations("latent", num_outputs=3)
    styles = source.draw(context(), (5, 6))["style"]
    assert torch.equal(source.draw(context(), (6,))["style"][0], styles[1])
    assert torch.equal(Translations("latent", num_outputs=2).draw(context(), (5, 6))["style"], styles[:, :2])
    assert not torch.equal(source.draw(context(seed=1), (5, 6))["style"], styles)
    assert len({tuple(style) for style in styles.flatten(0, 1).tolist()}) == 6


def test_references_run_through_all_images_of_the_target_before_any_comes_again() -> None:
    of, source = context(), Translations("reference", num_outputs=10)
    samples = source.samples(of, everything(source, of))
    for target, images in enumerate([range(33), range(33, 65), range(65, 100)]):
        dealt = [r for sample in samples if sample.target == target for r in source.references(of, sample)]
        turns = [dealt[start : start + len(images)] for start in range(0, len(dealt), len(images))]
        assert all(sorted(turn) == list(images) for turn in turns[:-1])
        assert len(set(turns[-1])) == len(turns[-1])
        assert len({tuple(turn) for turn in turns}) == len(turns), "every turn has an order of its own"
        assert max(Counter(dealt).values()) - min(Counter(dealt).values()) <= 1


def test_the_references_of_a_sample_do_not_depend_on_the_batch_and_do_on_the_seed() -> None:
    of, source = context(), Translations("reference", num_outputs=5)
    together = source.draw(of, (3, 70, 150))
    for row, index in enumerate((3, 70, 150)):
        torch.testing.assert_close(source.draw(of, (index,))["style"][0], together["style"][row])
    (sample,) = source.samples(of, (70,))
    references = source.references(of, sample)
    x = validation_floats(of, references)
    torch.testing.assert_close(together["style"][1], of.model.style_from_reference(x, sample.target))
    assert source.references(context(seed=1), sample) != references


def test_the_two_networks_of_styles_are_those_of_the_target() -> None:
    asked: list[tuple[str, Any]] = []

    class Spy(Tint):
        def style_from_latent(self, z: torch.Tensor, target: Any) -> torch.Tensor:
            asked.append(("latent", target))
            return super().style_from_latent(z, target)

        def style_from_reference(self, x: torch.Tensor, target: Any) -> torch.Tensor:
            asked.append(("reference", target))
            return super().style_from_reference(x, target)

        def translate(self, x: torch.Tensor, target: Any, style: Any = None) -> torch.Tensor:
            asked.append(("image", target))
            return super().translate(x, target, style)

    Translations("latent", 2).draw(context(Spy()), (100,))
    Translations("reference", 2).draw(context(Spy()), (0,))
    assert asked == [("latent", 1), ("image", 1), ("reference", 0), ("image", 0)]


def test_plain_translations_have_neither_style_nor_seed() -> None:
    of, source = context(Blur()), Translations("plain", num_outputs=1)
    drawn = source.draw(of, (0, 150))
    assert "style" not in drawn
    assert drawn["image"].shape == (2, 1, 1, 32, 32)
    assert source.depends(of) == source.depends(context(Blur(), seed=7))
    assert Translations("latent").depends(context()) != Translations("latent").depends(context(seed=7))


def test_each_row_is_of_its_own_target_whatever_the_others_are() -> None:
    of = context(Blur())
    x, targets = validation_floats(of, range(6)), torch.tensor([2, 0, 2, 1, 1, 0])
    found = translate(of, x, targets)
    for target in range(3):
        assert torch.equal(found[targets == target], of.model.translate(x, target)[targets == target])
    sizes: list[int] = []
    by_target(of, targets, lambda target: (sizes.append(6), torch.zeros(6, 2))[1])
    assert sizes == [6, 6, 6], "all rows at once, so that no bit depends on the company"


def test_domains_match_by_name_wherever_they_stand_in_the_model() -> None:
    assert matched_domains(context(named("cat", "dog", "bee", "ant"))) == (3, 2, 0)
    drawn = Translations("latent", 2).draw(context(permuted()), (0, 199))
    straight = Translations("latent", 2).draw(context(), (0, 199))
    assert torch.equal(drawn["image"], straight["image"])


def permuted() -> Blur:
    """The toy with its domains in another order, and everything of each domain with it."""
    model, order = Tint(), [2, 0, 1]
    model.domains = tuple(model.domains[place] for place in order)
    for parameter in (model.first, model.second, model.heads, model.encoders):
        parameter.data = parameter.data[order]
    return model


@pytest.mark.parametrize("domains", [("0", "1", "2"), ("ant", "bee", "cat")])
def test_a_file_without_names_matches_in_order(domains: tuple[str, ...]) -> None:
    assert matched_domains(context(named(*domains))) == (0, 1, 2)


@pytest.mark.parametrize("domains", [("0", "1"), ("0", "1", "2", "3"), ("ant", "bee"), ("A", "B"), ("x", "y", "z")])
def test_a_checkpoint_of_other_domains_is_told(domains: tuple[str, ...]) -> None:
    (problem,) = Translations("latent").problems(context(named(*domains)))
    assert problem.startswith(
        f"the model has {len(domains)} domains ({', '.join(domains)}) and the data has 3 (ant, bee"
    )


def test_a_model_that_translates_one_way_has_that_way_alone() -> None:
    of, source = context(named("ant", "bee", "cat", kind=Blur, targets=("cat",))), Translations("plain", num_outputs=1)
    assert target_domains(of) == [2]
    assert source.length(of) == 65
    assert [(task.source, task.target) for task in source.tasks(of)] == [(0, 2), (1, 2)]
    (problem,) = source.problems(context(named("ant", "bee", "cat", "dog", kind=Blur, targets=("dog",))))
    assert (
        problem
        == "the model translates to dog only, and the data has no such domain: name data of its domains with --data."
    )


class Few(DomainsOfBlobs):
    def __init__(self) -> None:
        super().__init__()
        self.validation = Blobs("few", (40, 9, 40))


class Wide(DomainsOfBlobs):
    resolution, channels = 64, 3


@pytest.mark.parametrize(
    ("source", "of", "said"),
    [
        (
            Translations("latent"),
            context(Waves()),
            "expected a translator of images, found another kind of model",
        ),
        (Translations("latent"), context(Blur()), "has no style: choose a metric without"),
        (Translations("plain", 1), context(Tint()), "translates with a style: choose a metric of latent or reference"),
        (
            Translations("latent"),
            context(named("ant", "bee", "cat", needs_masks=True)),
            "translates with masks of faces",
        ),
        (
            Translations("latent"),
            context(data=Stripes()),
            "expected domains to translate between, found none in stripes: name a folder with train/",
        ),
        (
            Translations("reference"),
            context(data=Few()),
            "expected 32 references in the domain 'bee', found 9 validation images",
        ),
        (
            Translations("reference", 10, min_references=1),
            context(data=Few()),
            "expected 10 references in the domain 'bee', found 9",
        ),
        (
            Translations("latent"),
            context(data=Wide()),
            "translates 32x32 images of 1 channels and the data has 64x64 of 3",
        ),
    ],
)
def test_what_cannot_work_is_told_in_one_sentence(source: Translations, of: Context, said: str) -> None:
    (problem,) = source.problems(of)
    assert said in problem
    assert problem.endswith(".")
    assert problem.count(". ") == 0


def test_no_data_at_all_is_told_too() -> None:
    of = Context(Tint(), "0" * 64, None, {}, 0, "cpu")
    assert Translations("latent").problems(of)[0].startswith("expected domains to translate between, found none: name")


def test_what_works_has_no_problems() -> None:
    assert Translations("latent").problems(context(data=Few())) == [], "latents need no references"
    assert Translations("reference", 9, min_references=9).problems(context(data=Few())) == []
    for mode in ("latent", "reference"):
        assert Translations(mode).problems(context()) == []  # type: ignore[arg-type]
    assert Translations("plain", 1).problems(context(named("ant", "bee", "cat", kind=Blur, img_resolution=None))) == []
