"""Masks of faces and landmarks: closed forms, a second implementation, and the official program where it is at hand."""

import numpy as np
import pytest
import torch
from torch import nn

from baselines.starganv2.landmarks import LandmarkNetwork, landmarks_in
from baselines.starganv2.masks import FaceMasks, face_masks
from baselines.training.streams import seeded
from tests.formats.official_programs import drawn

OFFICIAL = """
import sys
from unittest.mock import MagicMock
class Munch(dict):
    __getattr__ = dict.__getitem__
sys.modules.update({name: MagicMock() for name in ("munch", "cv2", "skimage", "skimage.filters")})
sys.modules["munch"].Munch = Munch
sys.path.insert(0, ".")
import numpy as np, torch
from core.wing import FAN, preprocess
path, given, out = sys.argv[1:]
fan = FAN(fname_pretrained=path).eval()
x = torch.from_numpy(np.load(given)["x"])
whole, inside = fan.get_heatmap(x)
blobs = preprocess(torch.from_numpy(np.load(given)["blobs"]))
np.savez(out, heatmaps=fan.get_heatmap(x, b_preprocess=False).numpy(), landmarks=fan.get_landmark(x).numpy(),
         whole=whole.numpy(), inside=inside.numpy(), blobs=torch.cat(blobs).numpy())
"""


def blobs(count=98, size=256, seed=0):
    """Heatmaps with one peak each, at least 40 pixels from the border; and the peaks' rows and columns."""
    draws = np.random.default_rng(seed)
    places = draws.integers(40, size - 40, (count, 2))
    grid = np.indices((size, size))
    squares = ((grid[None] - places[:, :, None, None]) ** 2).sum(1)
    return torch.from_numpy(0.8 * np.exp(-squares / 50)).float()[None], places


def network():
    """The landmark network with random weights, those of its batch norms among them."""
    with seeded(0), torch.no_grad():
        made = LandmarkNetwork().eval()
        for module in made.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2)
                module.weight.normal_(1, 0.2)
                module.bias.normal_(0, 0.2)
    return made


def test_the_network_has_the_published_size():
    shapes = {name: list(tensor.shape) for name, tensor in LandmarkNetwork().state_dict().items()}
    assert shapes["conv1.conv.weight"] == [64, 6, 7, 7]
    assert shapes["m0.coordconv.conv.weight"] == [256, 259, 1, 1]
    assert shapes["m0.b2_plus_1.conv3.weight"] == [64, 64, 3, 3]
    assert shapes["conv4.downsample.2.weight"] == [256, 128, 1, 1]
    assert shapes["l0.weight"] == [99, 256, 1, 1]
    assert sum(tensor.numel() for tensor in LandmarkNetwork().parameters()) == 6_333_603


def test_landmarks_lie_at_the_peaks_a_quarter_of_a_pixel_towards_the_larger_neighbour():
    maps = torch.zeros(1, 98, 8, 10)
    maps[0, 0, 3, 4], maps[0, 0, 3, 5], maps[0, 0, 2, 4] = 1, 0.5, 0.5
    maps[0, 1, 0, 9] = 1  # at the border, where there is no neighbour
    maps[0, 2, 6, 1] = 1  # equal neighbours
    found = landmarks_in(maps)
    assert found[0, 0].tolist() == [4.75, 3.25]
    assert found[0, 1].tolist() == [9.5, 0.5]
    assert found[0, 2].tolist() == [1.5, 6.5]


@pytest.mark.parametrize(
    ("landmark", "up", "power", "in_second"),
    [(10, 0, 3, False), (40, -7, 2, False), (51, 0, 1, True), (53, 4, 1, True), (57, 8, 4, True), (79, -8, 4, False)],
)
def test_each_part_moves_and_narrows(landmark, up, power, in_second):
    maps = torch.zeros(1, 98, 256, 256)
    maps[0, landmark, 100, 60], maps[0, landmark, 100, 90] = 1, 0.5
    whole, inside = face_masks(maps)
    assert whole.nonzero()[:, 2:].tolist() == [[100 - up, 60], [100 - up, 90]]
    assert whole[0, 0, 100 - up, 60] == pytest.approx(1, abs=1e-5)
    assert whole[0, 0, 100 - up, 90] == pytest.approx(0.5**power, abs=1e-5)
    assert torch.equal(inside, whole if in_second else torch.zeros_like(whole))


def test_eyes_are_in_two_places_and_unused_landmarks_in_none():
    maps = torch.zeros(1, 98, 256, 256)
    maps[0, 65, 100, 60] = 1
    whole, inside = face_masks(maps)
    assert whole.nonzero()[:, 2:].tolist() == [[108, 60], [124, 60]]
    assert torch.equal(whole, inside)
    for landmark in (0, 7, 25, 32, 33, 46, 76, 82):
        maps = torch.zeros(1, 98, 256, 256)
        maps[0, landmark, 100, 60] = 1
        assert not face_masks(maps)[0].any()


def test_faint_values_are_no_landmark_and_masks_end_at_1():
    maps = torch.full((1, 98, 256, 256), 0.09)
    assert not face_masks(maps)[0].any()
    whole, inside = face_masks(blobs()[0].expand(2, -1, -1, -1))
    for mask in (whole, inside):
        assert mask.shape == (2, 1, 256, 256)
        assert 0 <= float(mask.min()) < float(mask.max()) <= 1
        assert torch.equal(mask[0], mask[1])
    assert bool((inside <= whole).all())


def test_masks_need_no_gradient_and_take_greyscale_of_any_size():
    masks = FaceMasks(network())
    images = torch.rand(2, 1, 64, 64, requires_grad=True) * 2 - 1
    whole, inside = masks(images)
    assert whole.shape == inside.shape == (2, 1, 256, 256)
    assert not whole.requires_grad
    assert torch.equal(masks(images.expand(-1, 3, -1, -1))[0], whole)


def test_the_official_program_finds_the_same(tmp_path):
    made = network()
    torch.save({"state_dict": {**made.state_dict(), "more": torch.zeros(2)}}, tmp_path / "wing.ckpt")
    x, maps = torch.rand(2, 3, 256, 256) * 2 - 1, blobs()[0]
    found = drawn("stargan-v2", OFFICIAL, tmp_path / "wing.ckpt", x=x.numpy(), blobs=maps.numpy())
    with torch.no_grad():
        heatmaps = made(x)
    assert np.abs(heatmaps.numpy() - found["heatmaps"]).max() < 1e-6
    assert np.abs(landmarks_in(heatmaps).numpy() * 4 - found["landmarks"]).max() == 0
    for mask, name in zip(FaceMasks(made)(x), ("whole", "inside"), strict=True):
        assert np.abs(mask.numpy() - found[name]).max() < 1e-6
    assert np.abs(torch.cat(face_masks(maps)).numpy() - found["blobs"]).max() < 1e-6
