from collections import Counter

import pytest
import torch

from baselines.starganv2.data import DomainBatches, Views, partners
from baselines.training.streams import stream


def batches(counts, batch=4, seed=0, **options):
    """Images whose every pixel is their number, sorted by domain."""
    total = sum(counts)
    images = torch.arange(total, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 1, 8, 8)
    domains = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    return DomainBatches(images, torch.eye(len(counts))[domains], batch, seed, **options)


def numbers(x):
    return ((x[:, 0, 0, 0] + 1) * 127.5).round().int().tolist()


def test_rare_domains_are_drawn_as_often_as_common_ones():
    drawn = batches([1, 9], batch=2000)
    for y in (drawn.draw(0)[1].argmax(1), drawn.references(0)[2]):
        assert abs(y.float().mean().item() - 0.5) < 4 * 0.5 / 2000**0.5


def test_images_of_a_domain_are_drawn_equally_often_and_come_with_their_domain():
    x, y = batches([2, 5, 3], batch=3000).draw(0)
    seen = Counter(zip(numbers(x), y.argmax(1).tolist(), strict=True))
    domains = [0, 0, 1, 1, 1, 1, 1, 2, 2, 2]
    assert set(seen) == set(enumerate(domains))
    for (number, _), count in seen.items():
        expected = 1000 / domains.count(domains[number])
        assert abs(count - expected) < 5 * expected**0.5


def test_both_references_are_of_the_target_domain_and_differ():
    drawn = batches([3, 7], batch=200)
    first, second, y = drawn.references(0)
    for x in (first, second):
        assert torch.equal(torch.tensor(numbers(x)) >= 3, y == 1)
    assert numbers(first) != numbers(second)


def test_a_reference_keeps_its_partner():
    drawn = batches([3, 7], batch=50)
    pairs = {}
    for step in range(4):
        first, second, _ = drawn.references(step)
        for one, other in zip(numbers(first), numbers(second), strict=True):
            assert pairs.setdefault(one, other) == other
    assert sorted(pairs.values()) == list(range(10)), "every image is one's partner"


def test_partners_are_permutations_of_domains():
    members = [torch.tensor([0, 2, 4]), torch.tensor([1, 3])]
    found = partners(members, 5, stream(0, 0, "x"))
    for positions in members:
        assert sorted(found[positions].tolist()) == positions.tolist()


def test_a_batch_depends_on_its_number_and_the_seed_alone():
    once, again, other = batches([3, 7]), batches([3, 7]), batches([3, 7], seed=1)
    later = [once.draw(step)[0] for step in range(5)][4]
    assert torch.equal(again.draw(4)[0], later)
    assert not torch.equal(other.draw(4)[0], later)
    assert torch.equal(once.references(4)[0], again.references(4)[0])


def test_sources_and_references_are_drawn_apart():
    drawn = batches([100, 100], batch=20)
    assert numbers(drawn.draw(0)[0]) != numbers(drawn.references(0)[0])


@pytest.mark.parametrize(
    ("labels", "words"),
    [(None, "at least two domains"), (torch.ones(3, 1), "at least two domains"), (torch.eye(3)[[0, 0, 2]], "domain 1")],
)
def test_domains_that_there_are_not_are_refused(labels, words):
    with pytest.raises(ValueError, match=words):
        DomainBatches(torch.zeros(3, 1, 8, 8, dtype=torch.uint8), labels, 2, 0)


IMAGE = torch.arange(64, dtype=torch.uint8).view(1, 8, 8) * 4


def test_without_views_an_image_is_as_it_is():
    torch.testing.assert_close(Views()(IMAGE, stream(0, 0, "x")), IMAGE.float() / 127.5 - 1)


def test_every_second_image_is_mirrored():
    views, plain = Views(mirror=True), IMAGE.float() / 127.5 - 1
    seen = [views(IMAGE, stream(0, step, "x")) for step in range(200)]
    flipped = sum(torch.equal(view, plain.flip(2)) for view in seen)
    assert flipped + sum(torch.equal(view, plain) for view in seen) == 200
    assert 70 < flipped < 130


def test_crops_are_as_often_and_as_large_as_said():
    views = Views(crop_prob=0.25, crop_scale=(0.25, 0.5), crop_ratio=(0.5, 2.0))
    plain = IMAGE.float() / 127.5 - 1
    cropped = sum(not torch.equal(views(IMAGE, stream(0, step, "x")), plain) for step in range(200))
    assert 25 < cropped < 75
    draws = stream(0, 0, "windows")
    windows = [views.window(800, 800, draws) for _ in range(300)]
    assert all(0 <= top <= 800 - h and 0 <= left <= 800 - w for top, left, h, w in windows)
    areas = torch.tensor([h * w / 800**2 for _, _, h, w in windows])
    ratios = torch.tensor([w / h for _, _, h, w in windows]).log()
    assert 0.249 < areas.min() < 0.27
    assert 0.48 < areas.max() < 0.501
    assert abs(areas.mean() - 0.375) < 0.02
    assert abs(ratios.mean()) < 0.1
    assert ratios.abs().max() < 0.7


def test_a_crop_that_never_fits_is_the_whole_image():
    views = Views(crop_scale=(1.0, 1.0), crop_ratio=(2.0, 2.0))
    assert views.window(8, 8, stream(0, 0, "x")) == (0, 0, 8, 8)


def test_a_constant_stays_constant_in_every_view():
    views, image = Views(1.0, (0.3, 1.0), (0.7, 1.4), True), torch.full([3, 8, 8], 200, dtype=torch.uint8)
    for step in range(10):
        torch.testing.assert_close(views(image, stream(0, step, "x")), torch.full([3, 8, 8], 200 / 127.5 - 1))
