"""The quantiser, the resizers against independent implementations, and the crops."""

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.images import box_downsample_to, ppl_crop, resize, to_float, to_rgb, to_uint8


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape).astype(np.float32))


def test_quantiser_at_the_values_where_quantisers_differ() -> None:
    x = torch.tensor([-2.0, -1.0, 0.0, 1.0, 2.0, -0.5 / 127.5, -0.6 / 127.5, 0.999 / 127.5]).reshape(1, 1, 2, 4)
    assert to_uint8(x).flatten().tolist() == [0, 0, 128, 255, 255, 127, 127, 128]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
def test_quantiser_gives_every_level_from_its_own_centre(dtype: torch.dtype) -> None:
    levels = torch.arange(256)
    centres = ((levels.double() + 0.5 - 128) / 127.5).to(dtype)
    # The last level starts above 1 - 1/127.5, and float16 has eleven bits, which still separate 256 levels.
    assert torch.equal(to_uint8(centres.reshape(1, 1, 16, 16)).flatten().long(), levels)


def test_bytes_on_the_scale_of_generated_images() -> None:
    levels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    images = to_float(levels)
    assert images.dtype == torch.float32
    np.testing.assert_array_equal(images.numpy().ravel(), np.arange(256, dtype=np.float32) / np.float32(127.5) - 1)
    assert torch.equal(to_uint8(images), levels)
    assert to_float(levels.double()).dtype == torch.float64


def test_bytes_are_not_quantised_again() -> None:
    with pytest.raises(BadInputError, match=r"found torch\.uint8: use to_float first"):
        to_uint8(torch.zeros(1, 1, 2, 2, dtype=torch.uint8))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_quantised_as_the_float32_that_it_is(dtype: torch.dtype) -> None:
    x = noise(4, 3, 8, 8).to(dtype)
    for quantiser in ("stylegan", "starganv2", "cyclegan"):
        assert torch.equal(to_uint8(x, quantiser), to_uint8(x.float(), quantiser))


def test_the_named_quantisers_where_they_differ() -> None:
    x = torch.tensor([-2.0, -1.0, -0.2 / 127.5, 0.0, 0.6 / 127.5, 1 - 0.6 / 127.5, 1.0, 2.0]).reshape(1, 1, 2, 4)
    assert to_uint8(x).flatten().tolist() == [0, 0, 127, 128, 128, 254, 255, 255]
    assert to_uint8(x, "starganv2").flatten().tolist() == [0, 0, 127, 128, 128, 254, 255, 255]
    assert to_uint8(x, "cyclegan").flatten().tolist() == [0, 0, 127, 127, 128, 254, 255, 255]
    near = torch.tensor([1 - 0.4 / 127.5, -1 + 0.4 / 127.5, -1 + 0.6 / 127.5]).reshape(1, 1, 1, 3)
    found = {name: to_uint8(near, name).flatten().tolist() for name in ("stylegan", "starganv2", "cyclegan")}  # type: ignore[arg-type]
    assert found == {"stylegan": [255, 0, 1], "starganv2": [255, 0, 1], "cyclegan": [254, 0, 0]}


def test_stargan_gives_every_8_bit_image_back_and_rounds_to_the_nearest() -> None:
    """Its loader maps bytes to u / 127.5 - 1, and its quantiser rounds to the nearest."""
    u = torch.arange(256).reshape(1, 1, 16, 16)
    assert torch.equal(to_uint8(u.float() / 127.5 - 1, "starganv2").long(), u)
    halfway = ((u[..., :-1].double() + 0.5) / 255 * 2 - 1)[..., 1:]
    assert torch.equal(to_uint8(halfway + 1e-9, "starganv2").long(), u[..., 2:]), "half a step up"
    assert torch.equal(to_uint8(halfway - 1e-9, "starganv2").long(), u[..., 1:-1]), "and just below it not"


def test_an_unknown_quantiser_is_refused() -> None:
    with pytest.raises(BadInputError, match="unknown quantiser 'pix2pix': choose one of stylegan, starganv2, cyclegan"):
        to_uint8(torch.zeros(1, 1, 2, 2), "pix2pix")  # type: ignore[arg-type]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_quantiser_names_the_first_bad_sample(bad: float) -> None:
    x = noise(5, 1, 4, 4)
    x[2, 0, 1, 1] = bad
    x[4] = bad
    with pytest.raises(NonFiniteError, match="image 2 of this batch of 5"):
        to_uint8(x)


def test_quantiser_takes_finite_values_whose_sum_overflows() -> None:
    assert to_uint8(torch.full((1, 1, 2, 2), 3e38)).unique().tolist() == [255]


def tf1_bilinear_reference(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return one plane resized as the TensorFlow 1 kernel does it, pixel by pixel."""
    rows, columns = image.shape
    result = np.empty((height, width), np.float64)
    for i in range(height):
        y = np.float32(i) * (np.float32(rows) / np.float32(height))
        top = int(y)
        bottom = min(top + 1, rows - 1)
        for j in range(width):
            x = np.float32(j) * (np.float32(columns) / np.float32(width))
            left = int(x)
            right = min(left + 1, columns - 1)
            dx, dy = float(x) - left, float(y) - top
            above = image[top, left] * (1 - dx) + image[top, right] * dx
            below = image[bottom, left] * (1 - dx) + image[bottom, right] * dx
            result[i, j] = above * (1 - dy) + below * dy
    return result


@pytest.mark.parametrize(("size", "target"), [((32, 32), (99, 99)), ((17, 40), (9, 61)), ((8, 8), (8, 8))])
def test_tf1_bilinear_is_the_tensorflow_kernel(size: tuple[int, int], target: tuple[int, int]) -> None:
    x = noise(2, 3, *size).double()
    got = resize(x, target, "tf1-bilinear")
    expected = [[tf1_bilinear_reference(plane, *target) for plane in image] for image in x.numpy()]
    np.testing.assert_allclose(got.numpy(), np.array(expected), rtol=0, atol=1e-12)


def test_tf1_bilinear_has_no_half_pixel_offset() -> None:
    ramp = torch.arange(4.0).reshape(1, 1, 1, 4).expand(1, 1, 4, 4)
    assert resize(ramp, 8, "tf1-bilinear")[0, 0, 0].tolist() == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3]
    modern = torch.nn.functional.interpolate(ramp, size=8, mode="bilinear")[0, 0, 0]
    assert modern[1] != 0.5  # the half-pixel convention differs, so the test above can fail


def test_tf1_bilinear_gives_float32_of_uint8() -> None:
    x = torch.randint(0, 256, (1, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    assert resize(x, 8, "tf1-bilinear").dtype == torch.float32
    assert torch.equal(resize(x, 8, "tf1-bilinear"), x.float())


@pytest.mark.parametrize(
    ("method", "flag"),
    [
        ("pil-bilinear", Image.Resampling.BILINEAR),
        ("pil-bicubic", Image.Resampling.BICUBIC),
        ("pil-lanczos", Image.Resampling.LANCZOS),
    ],
)
def test_pil_methods_are_pillow_on_the_whole_rgb_image(method: str, flag: Image.Resampling) -> None:
    x = np.random.default_rng(1).integers(0, 256, (20, 26, 3), dtype=np.uint8)
    expected = np.asarray(Image.fromarray(x).resize((13, 31), flag))
    got = resize(torch.from_numpy(x).permute(2, 0, 1)[None], (31, 13), method)  # type: ignore[arg-type]
    assert got.dtype == torch.uint8
    np.testing.assert_array_equal(got[0].permute(1, 2, 0).numpy(), expected)


def test_pil_methods_keep_floats_unquantised() -> None:
    got = resize(torch.full((1, 2, 8, 8), 0.3), 5, "pil-bicubic")
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, torch.full((1, 2, 5, 5), 0.3))


def test_box_of_uint8_rounds_once_where_pillow_rounds_twice() -> None:
    x = np.random.default_rng(2).integers(0, 256, (16, 40), dtype=np.uint8)
    got = resize(torch.from_numpy(x)[None, None], (8, 10), "box")[0, 0].numpy()
    np.testing.assert_array_equal(got, np.rint(x.reshape(8, 2, 10, 4).astype(np.float64).mean(axis=(1, 3))))
    pillow = np.asarray(Image.fromarray(x).resize((10, 8), Image.Resampling.BOX))
    assert np.abs(got.astype(int) - pillow.astype(int)).max() == 1


def test_box_of_floats_is_the_mean_of_blocks() -> None:
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert resize(x, 2, "box").flatten().tolist() == [2.5, 4.5, 10.5, 12.5]


def test_resize_refuses_what_it_cannot_do() -> None:
    with pytest.raises(BadInputError, match="'bilinear': choose one of tf1-bilinear"):
        resize(noise(1, 1, 4, 4), 8, "bilinear")  # type: ignore[arg-type]
    with pytest.raises(BadInputError, match="divides 4x4 for box, found 3x3"):
        resize(noise(1, 1, 4, 4), 3, "box")
    with pytest.raises(BadInputError, match="0x0"):
        resize(noise(1, 1, 4, 4), 0, "pil-bicubic")


def test_ppl_crop_takes_the_face() -> None:
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    crop = ppl_crop(torch.stack([rows, columns])[None])
    assert crop.shape == (1, 2, 32, 32)
    assert (crop[0, 0].min(), crop[0, 0].max()) == (24, 55)
    assert (crop[0, 1].min(), crop[0, 1].max()) == (16, 47)


@pytest.mark.parametrize(("size", "expected"), [(128, 128), (256, 256), (384, 384), (512, 256), (600, 300)])
def test_box_downsample_follows_the_integer_factor(size: int, expected: int) -> None:
    assert box_downsample_to(torch.ones(1, 1, size, size)).shape[2:] == (expected, expected)


def test_box_downsample_refuses_a_remainder() -> None:
    with pytest.raises(BadInputError, match="divides 513x513 for box"):
        box_downsample_to(torch.ones(1, 1, 513, 513))


def test_to_rgb_repeats_grey_and_keeps_colour() -> None:
    grey, colour = noise(2, 1, 4, 4), noise(2, 3, 4, 4)
    assert torch.equal(to_rgb(grey), torch.cat([grey] * 3, dim=1))
    assert torch.equal(to_rgb(colour), colour)
    with pytest.raises(BadInputError, match="found 4: convert"):
        to_rgb(noise(1, 4, 2, 2))
