import random

import pytest
import torch

from baselines.cyclegan.pool import ImagePool


def images(*numbers):
    return torch.tensor(numbers, dtype=torch.float32).view(-1, 1, 1, 1)


class Fixed:
    """Draws that are known: the chance, and the slot."""

    def __init__(self, chance, slot=0):
        self.chance, self.slot = chance, slot

    def uniform(self, a, b):
        return self.chance

    def randint(self, a, b):
        assert (a, b) == (0, 2)
        return self.slot


def filled(size=3):
    pool = ImagePool(size, (1, 1, 1))
    pool.query(images(*range(size)), None)  # draws nothing while it fills
    return pool


def test_a_pool_of_none_gives_back_what_it_gets():
    pool, x = ImagePool(0, (1, 2, 2)), torch.ones(3, 1, 2, 2, requires_grad=True)
    found = pool.query(x, None)
    assert torch.equal(found, x)
    assert not found.requires_grad


def test_while_it_fills_images_are_kept_and_given_back():
    pool = ImagePool(3, (1, 1, 1))
    assert pool.query(images(4, 5), None).flatten().tolist() == [4, 5]
    assert pool.count.item() == 2
    assert pool.images.flatten().tolist() == [4, 5, 0]


@pytest.mark.parametrize(("chance", "given", "kept"), [(0.5, 9, [0, 1, 2]), (0.51, 1, [0, 9, 2])])
def test_a_full_pool_exchanges_every_second_image(chance, given, kept):
    pool = filled()
    assert pool.query(images(9), Fixed(chance, slot=1)).item() == given
    assert pool.images.flatten().tolist() == kept


def test_what_was_given_back_does_not_change_with_the_pool():
    pool = filled()
    old = pool.query(images(9), Fixed(1, slot=0))
    pool.query(images(8), Fixed(1, slot=0))
    assert old.item() == 0


def test_about_half_of_the_images_are_old():
    pool, draws = filled(50), random.Random(0)
    same = sum(pool.query(images(number), draws).item() == number for number in range(1000, 2000))
    assert same == pytest.approx(500, abs=50)


def test_its_content_can_be_restored():
    pool, other = filled(), ImagePool(3, (1, 1, 1))
    other.load_state_dict(pool.state_dict())
    assert torch.equal(other.query(images(9), Fixed(1, 2)), pool.query(images(9), Fixed(1, 2)))
