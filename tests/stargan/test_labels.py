import pytest

from baselines.stargan.labels import CELEBA, changed, combinations, label_of, name_of

NAMES = {
    (1, 0, 0, 1, 0): "Black_Hair+Male-Young",
    (0, 0, 1, 0, 1): "Brown_Hair-Male+Young",
    (0, 0, 0, 1, 1): "Male+Young",
    (0, 0, 0, 0, 0): "-Male-Young",
    (1, 1, 0, 0, 0): "Black_Hair+Blond_Hair-Male-Young",
}


@pytest.mark.parametrize("label", NAMES)
def test_a_domain_is_called_after_its_attributes(label):
    assert name_of(label, CELEBA) == NAMES[label]
    assert label_of(NAMES[label], CELEBA) == label


def test_names_without_attributes_and_in_any_order():
    assert name_of((0, 0), CELEBA[:2]) == "none"
    assert label_of("none", CELEBA) == (0, 0, 0, 0, 0)
    assert label_of("Young+Black_Hair", CELEBA) == (1, 0, 0, 0, 1)


@pytest.mark.parametrize("name", ["Black_Hair+Bald", "Male-Male", "cat"])
def test_names_of_other_attributes_are_refused(name):
    with pytest.raises(ValueError, match="after the attributes Black_Hair, Blond_Hair"):
        label_of(name, CELEBA)


def test_combinations_have_one_hair_colour_or_none():
    found = combinations(CELEBA)
    assert len(found) == len(set(found)) == 4 * 2 * 2
    assert all(sum(label[:3]) <= 1 for label in found)
    assert len(combinations(("Smiling", "Eyeglasses"))) == 4


@pytest.mark.parametrize(
    ("label", "place", "wanted"),
    [
        ((1, 0, 0, 1, 0), 1, (0, 1, 0, 1, 0)),
        ((1, 0, 0, 1, 0), 0, (1, 0, 0, 1, 0)),
        ((1, 0, 1, 1, 0), 0, (1, 0, 0, 1, 0)),
        ((0, 0, 0, 0, 0), 2, (0, 0, 1, 0, 0)),
        ((1, 0, 0, 1, 0), 3, (1, 0, 0, 0, 0)),
        ((0, 0, 0, 1, 0), 4, (0, 0, 0, 1, 1)),
    ],
)
def test_a_hair_colour_takes_the_place_of_others_and_the_rest_is_flipped(label, place, wanted):
    assert changed(label, place, CELEBA) == wanted
