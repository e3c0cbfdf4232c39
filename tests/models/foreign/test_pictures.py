"""Images of other ranges, types and sizes, brought to -1..1; and the numbers that come of them."""

import warnings

import pytest
import torch
from strangers import DCGAN, Locked, Noisy, Rectangle
from torch import Tensor
from toygan import Waves

import ganbench
from ganbench.errors import BadInputError
from ganbench.images import resize, to_float, to_uint8
from ganbench.models.foreign.pictures import Pictures, fits, range_of, scaled

IMAGES = torch.linspace(-1, 1, 2 * 32 * 32).reshape(2, 1, 32, 32)


@pytest.mark.parametrize("range_", [(0.0, 1.0), (0.0, 255.0), (-0.5, 0.5), (-128.0, 127.0)])
def test_the_ends_of_a_range_become_the_ends_of_ours(range_: tuple[float, float]) -> None:
    low, high = range_
    there = (IMAGES + 1) / 2 * (high - low) + low
    torch.testing.assert_close(scaled(there, low, high), IMAGES)
    torch.testing.assert_close(Pictures("it", range_).of(there, 2), IMAGES)
    assert range_of("it", there, range_) == range_


def test_images_of_our_range_stay_as_they_are_to_the_bit() -> None:
    assert torch.equal(Pictures("it").of(IMAGES, 2), IMAGES)


def test_bytes_say_their_range_themselves() -> None:
    bytes_ = to_uint8(IMAGES)
    assert range_of("it", bytes_, None) == (0, 255)
    assert torch.equal(to_uint8(Pictures("it", (0, 255)).of(bytes_, 2)), bytes_)
    with pytest.raises(BadInputError, match=r"as its range says, found bytes, 0..255: leave the range out"):
        range_of("it", bytes_, (0, 1))


@pytest.mark.parametrize(
    ("images", "told"),
    [
        ((IMAGES + 1) / 2, "found 0..1: pass --range 0,1 if"),
        ((IMAGES + 1) * 127.5, "found 0..255: pass --range 0,255 if"),
        (IMAGES * 4, "found -4..4: pass the range that they are of, such as --range -4,4"),
        (IMAGES.abs() + 3, "found 3..4: pass the range that they are of, such as --range 3,4"),
    ],
)
def test_no_range_is_guessed_but_ours(images: Tensor, told: str) -> None:
    with pytest.raises(BadInputError, match=told):
        range_of("it", images, None)


def test_a_range_that_values_leave_is_refused() -> None:
    assert fits(IMAGES * 1.4, (-1, 1))  # of a last layer without tanh
    assert not fits(IMAGES * 3, (-1, 1))
    assert not fits(IMAGES, (0, 1))
    assert not fits((IMAGES + 1) / 2, (0, 255))
    with pytest.raises(BadInputError, match=r"expected values of 0..1 from it, as its range says, found -60..60"):
        Pictures("it", (0, 1)).of(IMAGES * 60, 2)


def test_resizing_sees_0_to_255() -> None:
    found = Pictures("it", resize="16:box").of(IMAGES, 2)
    torch.testing.assert_close(found, to_float(resize((IMAGES + 1) * 127.5, 16, "box")))
    assert Pictures("it", resize="64").of(IMAGES, 2).shape == (2, 1, 64, 64)


def test_a_function_gives_the_numbers_of_the_network_inside_it() -> None:
    wanted = ganbench.measure(Waves(), "fid@64", benchmark="toy")
    waves = Waves().eval()
    assert ganbench.measure(lambda z: +waves(z), "fid@64", benchmark="toy", z_dim=6) == wanted
    scaled_ = ganbench.measure(lambda z: (waves(z) + 1) / 2, "fid@64", benchmark="toy", z_dim=6, range=(0, 1))
    assert scaled_["fid@64"] == pytest.approx(wanted["fid@64"], rel=1e-3)


def test_a_network_in_memory_is_measured_and_left_as_it_was() -> None:
    network = DCGAN()
    network.main[1].eval()
    first = ganbench.measure(network, "fid@40", z_dim="8x1x1")
    assert network.training
    assert not network.main[1].training
    assert ganbench.measure(network, "fid@40", z_dim=(8, 1, 1), batch_size=3) == first


def test_what_a_function_writes_to_is_not_seen_by_others() -> None:
    canvas, wanted = (
        torch.empty(16, 1, 32, 32),
        ganbench.measure(lambda z: z.repeat(1, 128).reshape(-1, 1, 32, 32).tanh(), "fid@200", z_dim=8),
    )

    def painted(z: Tensor) -> Tensor:
        z = z.tanh_()  # its input, too
        canvas[: len(z)] = z.repeat(1, 128).reshape(-1, 1, 32, 32)
        return canvas[: len(z)]

    assert ganbench.measure(painted, "fid@200", z_dim=8, batch_size=64) == wanted


def test_a_network_that_cannot_be_copied_is_called_by_one_thread_at_a_time_and_in_eval_mode() -> None:
    network = Locked()
    found = ganbench.measure(network, "fid@200", batch_size=64)
    assert network.training
    assert found == ganbench.measure(network.eval(), "fid@200", batch_size=5)


def test_a_scripted_network_in_memory_is_put_into_eval_mode() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        network = torch.jit.script(DCGAN())
    assert network.training
    assert ganbench.measure(network, "fid@40", z_dim="8x1x1") == ganbench.measure(DCGAN(), "fid@40", z_dim="8x1x1")
    assert network.training


def test_a_model_is_measured_by_name() -> None:
    found = ganbench.measure("strangers:DCGAN", "fid@40", z_dim="8x1x1")
    assert found == ganbench.measure(DCGAN(), "fid@40", z_dim="8x1x1")
    assert ganbench.load_model("strangers:Noisy").z_dim == 8
    assert ganbench.measure(Noisy(), "fid@40") == ganbench.measure("strangers:Noisy", "fid@40")


def test_rectangles_become_squares_by_resizing() -> None:
    assert ganbench.measure(Rectangle(), "fid@40", resize="32:pil-bilinear", benchmark="toy").keys() == {"fid@40"}
