"""Alignment of faces: closed forms, and the official program where it and OpenCV are at hand."""

import numpy as np
import pytest
import torch

from baselines.starganv2.alignment import face_axis, lanczos, similarity, warped, with_surroundings
from tests.formats.official_programs import drawn

OFFICIAL = """
import sys
from unittest.mock import MagicMock
class Munch(dict):
    __getattr__ = dict.__getitem__
sys.modules["munch"] = MagicMock()
sys.modules["munch"].Munch = Munch
sys.path.insert(0, ".")
import cv2, numpy as np, torch
from core import wing
blur = wing.gaussian
wing.gaussian = lambda image, sigma, multichannel: blur(image, sigma, channel_axis=-1)  # its name in newer versions
path, given, out = sys.argv[1:]
data = np.load(given)
aligner = wing.FaceAligner.__new__(wing.FaceAligner)
aligner.CELEB_REF = data["mean"]
aligner.xaxis_ref = wing.landmarks2xaxis(aligner.CELEB_REF)
image, landmarks = wing.pad_mirror(data["image"], data["landmarks"].copy())
matrix = aligner.landmarks2mat(landmarks)
moved = cv2.warpPerspective(image, matrix, image.shape[1::-1], flags=cv2.INTER_LANCZOS4)
np.savez(out, matrix=matrix, surrounded=image, moved=moved[:256, :256])
"""


def face(seed=0):
    """98 landmarks whose eyes lie above the mouth, in 256x256 pixels."""
    points = np.random.default_rng(seed).normal(0, 25, (98, 2)) + 128
    points[[*range(60, 68), 96]] += [100 - 128, 100 - 128]
    points[[*range(68, 76), 97]] += [156 - 128, 100 - 128]
    points[76], points[82] = (105, 170), (150, 172)
    return points


def turned(points, angle, scale, offset):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return scale * points @ turn.T + offset


@pytest.mark.parametrize(("angle", "scale"), [(0, 1), (0.4, 2), (-1.2, 0.3), (3.0, 1.1)])
def test_a_face_that_was_turned_scaled_and_moved_comes_back(angle, scale):
    mean = face()
    found = turned(mean, angle, scale, [31, -12])
    matrix = similarity(found, mean)
    assert np.allclose(np.c_[found, np.ones(98)] @ matrix[:2].T, mean)
    assert np.allclose(matrix[2], [0, 0, 1])


def test_the_axis_of_an_upright_face_goes_to_the_right():
    points = np.full((98, 2), 100.0)
    points[[*range(60, 68), 96]], points[[*range(68, 76), 97]] = (80, 80), (120, 80)
    points[76], points[82] = (90, 120), (110, 120)
    assert np.allclose(face_axis(points), [1, 0])


def test_lanczos_weights_sum_to_1_and_are_one_pixel_at_whole_places():
    assert np.allclose(lanczos(np.linspace(0, 0.99, 50)).sum(-1), 1)
    assert np.allclose(lanczos(np.array([0.0])), [[0, 0, 0, 1, 0, 0, 0, 0]])
    assert np.allclose(lanczos(np.array([0.25])), lanczos(np.array([0.75]))[:, ::-1])


def test_a_shift_by_whole_pixels_moves_the_image_and_leaves_black():
    image = torch.randint(256, [3, 40, 40], generator=torch.Generator().manual_seed(0)).float()
    matrix = np.eye(3)
    matrix[:2, 2] = [5, -3]
    found = warped(image, matrix, 32).float()
    assert torch.equal(found[:, :, 5:], image[:, 3:35, :27])
    assert not found[:, :, :5].any()


def test_the_surroundings_are_mirrored_and_the_image_within_is_as_it_was():
    image = torch.randint(256, [3, 256, 256], dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    found = with_surroundings(image)
    assert found.shape == (3, 512, 512)
    assert torch.allclose(found[:, 128:384, 128:384], image.float(), atol=1e-3)
    flat = torch.full([3, 256, 256], 77, dtype=torch.uint8)
    assert torch.allclose(with_surroundings(flat), torch.full([3, 512, 512], 77.0), atol=1e-3)


def test_the_official_program_aligns_alike(tmp_path):
    pytest.importorskip("cv2")
    pytest.importorskip("skimage")
    coarse = np.random.default_rng(0).integers(0, 256, (9, 9, 3))
    image = torch.nn.functional.interpolate(
        torch.from_numpy(coarse).permute(2, 0, 1)[None].float(), (256, 256), mode="bilinear"
    )
    image = image[0].round().to(torch.uint8)
    mean, landmarks = face(), turned(face(1) * 0.2 + face() * 0.8, 0.3, 0.7, [40, 10])
    given = {"image": image.permute(1, 2, 0).numpy(), "landmarks": landmarks, "mean": mean}
    found = drawn("stargan-v2", OFFICIAL, tmp_path / "nothing", **given)
    matrix = similarity(landmarks + 128, mean)
    assert np.allclose(matrix, found["matrix"], atol=1e-9)
    surrounded = with_surroundings(image)
    assert np.abs(surrounded.permute(1, 2, 0).numpy() - found["surrounded"]).max() < 1.0  # it rounds twice
    ours = warped(torch.from_numpy(found["surrounded"]).permute(2, 0, 1), matrix, 256).permute(1, 2, 0).numpy()
    assert np.abs(ours - found["moved"].clip(0, 255)).max() < 1.0
