import io

import numpy as np
import pytest
import torch
from PIL import Image, ImageSequence
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.pictures import animation, picture, png, sheet, sheets


def flat(value: int, channels: int = 1, size: int = 4) -> Tensor:
    return torch.full((channels, size, size), value, dtype=torch.uint8)


def test_pictures_hold_the_pixels_as_they_are() -> None:
    grey = torch.arange(12, dtype=torch.uint8).reshape(1, 3, 4)
    assert picture(grey).mode == "L"
    assert np.array_equal(np.asarray(picture(grey)), grey[0].numpy())
    colour = torch.arange(36, dtype=torch.uint8).reshape(3, 3, 4)
    assert picture(colour).mode == "RGB"
    assert np.array_equal(np.asarray(picture(colour)), colour.permute(1, 2, 0).numpy())


def test_a_png_is_lossless() -> None:
    pixels = torch.randint(0, 256, (3, 9, 7), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with Image.open(io.BytesIO(png(picture(pixels)))) as back:
        assert np.array_equal(np.asarray(back), pixels.permute(1, 2, 0).numpy())


@pytest.mark.parametrize("channels", [1, 3])
def test_a_sheet_is_read_row_by_row(channels: int) -> None:
    paper = sheet([flat(i, channels) for i in range(6)], columns=3, rows=2)
    assert paper.size == (12, 8)
    corners = np.asarray(paper)[::4, ::4].reshape(2, 3, -1)[..., 0]
    assert corners.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_an_empty_cell_is_white() -> None:
    paper = np.asarray(sheet([None, flat(1), flat(2), flat(3)], columns=2, rows=2))
    assert paper[::4, ::4].tolist() == [[255, 1], [2, 3]]


def test_labels_stand_in_margins_and_leave_the_images_alone() -> None:
    cells = [flat(100, size=32) for _ in range(4)]
    paper = np.asarray(sheet(cells, 2, 2, row_labels=["7", "8"], column_labels=["0.5", "1"]))
    left, top = paper.shape[1] - 64, paper.shape[0] - 64
    assert left > 0
    assert top > 0
    assert (paper[top:, left:] == 100).all()
    assert (paper[:top] < 100).any(), "the columns' labels are drawn"
    assert (paper[:, :left] < 100).any(), "the rows' labels are drawn"
    assert (paper[:top, :left] == 255).all()


def test_a_sheet_too_large_is_refused_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_PIXELS", 100)
    with pytest.raises(BadInputError, match="found 12x12"):
        sheet((flat(0) for _ in range(9)), 3, 3)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("form", ["gif", "webp"])
def test_an_animation_shows_every_frame_for_its_time(form: str, channels: int) -> None:
    frames = [flat(value, channels, 8) for value in (0, 80, 160, 240)]
    with Image.open(io.BytesIO(animation(frames, form, fps=20))) as back:
        shown = [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(back)]
        back.seek(1)
        back.load()
        assert back.info["duration"] == 50
        assert back.info["loop"] == 0
    assert [int(frame.mean()) for frame in shown] == [0, 80, 160, 240]


def test_webp_is_lossless() -> None:
    pixels = torch.randint(0, 256, (3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    with Image.open(io.BytesIO(animation([pixels, 255 - pixels], "webp", 10))) as back:
        assert np.array_equal(np.asarray(back.convert("RGB")), pixels.permute(1, 2, 0).numpy())


def test_webp_needs_a_pillow_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets.features, "check", lambda _name: False)
    with pytest.raises(BadInputError, match="choose --format gif"):
        animation([flat(0)], "webp", 10)
