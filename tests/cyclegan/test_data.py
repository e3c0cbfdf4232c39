from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

from baselines.cyclegan.data import Unpaired
from baselines.training.streams import stream
from baselines.translation.resizing import resized


def numbered(count, first=0):
    """Images whose every pixel is their number."""
    return torch.arange(first, first + count, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 8, 8)


def unpaired(a=5, b=3, batch=2, **settings):
    return Unpaired(numbered(a), None, batch, 0, others=numbered(b, 100), **settings)


def view(batches, image, step):
    return batches.views.view(image, *batches.views.drawn(*image.shape[1:], stream(0, step, "x")))


def numbers(batches, step):
    A, B = batches.draw(step)[0].chunk(2)
    return [((x[:, 0, 0, 0] + 1) * 127.5).round().int().tolist() for x in (A, B)]


def test_an_epoch_shows_every_image_of_the_larger_domain_once():
    batches = unpaired(a=5, b=3, batch=1)
    for epoch in range(3):
        shown = [numbers(batches, step)[0][0] for step in range(epoch * 5, epoch * 5 + 5)]
        assert sorted(shown) == list(range(5))


def test_the_smaller_first_domain_comes_again_within_an_epoch():
    batches = unpaired(a=3, b=5, batch=1)
    assert batches.epoch_size == 5
    shown = Counter(numbers(batches, step)[0][0] for step in range(5))
    assert sorted(shown.values()) == [1, 2, 2]


def test_partners_are_drawn_at_random():
    batches = unpaired(batch=1)
    partners = Counter(numbers(batches, step)[1][0] for step in range(600))
    assert sorted(partners) == [100, 101, 102]
    assert min(partners.values()) > 150
    pairs = {tuple(map(tuple, numbers(batches, step))) for step in range(600)}
    assert len(pairs) == 15  # every image meets every other


def test_a_batch_depends_on_its_number_alone():
    once, again = unpaired(mirror=True, crop_size=4), unpaired(mirror=True, crop_size=4)
    later = [once.draw(step)[0] for step in range(6)][5]
    assert torch.equal(again.draw(5)[0], later)


def test_crops_are_uniform_squares_of_the_resized_image():
    image = torch.arange(64, dtype=torch.uint8).view(1, 8, 8)
    batches = unpaired(crop_size=6)
    crops = {int(view(batches, image, step)[0, 0, 0]) for step in range(200)}
    assert crops == {row * 8 + column for row in range(3) for column in range(3)}
    one = view(batches, image, 0)
    top, left = divmod(int(one[0, 0, 0]), 8)
    assert torch.equal(one, image[:, top : top + 6, left : left + 6])


def test_every_second_image_is_flipped():
    image = torch.arange(64, dtype=torch.uint8).view(1, 8, 8)
    batches = unpaired(mirror=True)
    flipped = [torch.equal(view(batches, image, step), image.flip(2)) for step in range(400)]
    assert sum(flipped) == pytest.approx(200, abs=40)


def test_resizing_is_pillow_s():
    image = torch.randint(256, [3, 9, 7], dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    colour = Image.fromarray(image.permute(1, 2, 0).numpy()).resize((5, 5), Image.Resampling.BICUBIC)
    assert torch.equal(resized(image, 5), torch.from_numpy(np.array(colour)).permute(2, 0, 1))
    assert resized(image[:, :7], 7) is not None
    assert torch.equal(resized(image[:, :7], 7), image[:, :7])


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: unpaired(a=0), "expected images to train on"),
        (lambda: unpaired(b=0), "expected images of the second domain, found none"),
        (lambda: unpaired(crop_size=9), "expected a crop of at most 8x8 pixels, found 9"),
        (lambda: unpaired(load_size=4, crop_size=6), "expected a crop of at most 4x4 pixels, found 6"),
        (
            lambda: Unpaired(numbered(2), None, 1, 0, others=numbered(2)[:, :, :4]),
            "expected images of one size and dtype in both domains",
        ),
    ],
)
def test_data_that_do_not_do_are_refused(build, words):
    with pytest.raises(ValueError, match=words):
        build()


def test_shifts_reach_as_far_as_asked():
    spot = torch.zeros(1, 1, 8, 8, dtype=torch.uint8)
    spot[0, 0, 4, 4] = 255
    batches = Unpaired(spot, None, 1, 0, others=spot, translate=1)
    shown = torch.cat([batches.draw(step)[0] for step in range(100)])
    assert ((shown > 0).sum((1, 2, 3)) == 1).all()
    places = {tuple(place[2:]) for place in (shown > 0).nonzero().tolist()}
    assert places == {(y, x) for y in (3, 4, 5) for x in (3, 4, 5)}
