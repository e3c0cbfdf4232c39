import torch

from baselines.training.augment import translate
from baselines.training.streams import stream


def test_images_move_by_whole_pixels_and_their_gradient_with_them():
    images = torch.arange(64.0).reshape(1, 1, 8, 8).repeat(100, 1, 1, 1).requires_grad_()
    moved = translate(images, 2, stream(0, 0, "t"))
    inner = moved[:, 0, 3, 3].detach()
    expected = {float(8 * y + x) for y in range(1, 6) for x in range(1, 6)}
    assert set(inner.tolist()) <= expected
    assert len(set(inner.tolist())) > 15
    moved[:, 0, 3, 3].sum().backward()
    assert images.grad.sum() == 100
    assert (images * images.grad).flatten(1).sum(1).tolist() == inner.tolist()


def test_no_translation_is_the_same_image_and_draws_nothing():
    images, draws = torch.zeros(2, 1, 4, 4), stream(0, 0, "t")
    before = draws.get_state()
    assert translate(images, 0, draws) is images
    assert torch.equal(before, draws.get_state())
