"""The page in a browser: it fits a phone, a tablet and a screen, says nothing on the console and asks for nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ganbench.pictures import png, sheet
from ganbench.report import Figure, Portrait, page
from tests.report.chromium import Tab, browser, executable
from tests.report.test_page import models

pytestmark = pytest.mark.skipif(executable() is None, reason="there is no Chromium on PATH")


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    drawn = sheet([torch.zeros(1, 32, 32, dtype=torch.uint8)] * 24, 12, 2)
    columns = [f"a long label of column {i}" for i in range(12)]
    figure = Figure("title", "caption", "alt", png(drawn), drawn.size, 12, 2, columns, ("first row", "second row"), 4)
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page(models(), [Portrait("third", [figure])]), encoding="utf-8")
    return path


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1400])
def test_the_page_fits_and_is_silent(tab: Tab, file: Path, width: int, dark: bool) -> None:
    tab.open(file, width, dark)
    root = "document.documentElement"
    assert tab.value(f"{root}.scrollWidth <= {root}.clientWidth")
    assert tab.value("window.innerWidth") == width  # a phone would zoom out over content that is too wide
    told = [e for e in tab.events if e["method"] in ("Log.entryAdded", "Runtime.consoleAPICalled")]
    assert told == []
    requested = [
        event["params"]["request"]["url"] for event in tab.events if event["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in requested if not url.startswith("data:")] == [file.as_uri()]
    assert tab.value("[...document.images].every(image => image.naturalWidth > 0)")


def test_dark_is_dark_and_light_is_light(tab: Tab, file: Path) -> None:
    for dark in (False, True):
        tab.open(file, 820, dark)
        colour = tab.value("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, colour[4:-1].split(","))) < 300) == dark


def test_labels_stand_over_their_columns(tab: Tab, file: Path) -> None:
    tab.open(file, 1400)
    left = "document.querySelector('.sheet img').getBoundingClientRect().left"
    width = "document.querySelector('.sheet img').getBoundingClientRect().width"
    label = "document.querySelectorAll('.above span')[6].getBoundingClientRect().left"
    assert tab.value(f"Math.abs({label} - {left} - {width} / 2) < 1")
    assert tab.value(width) == 12 * 32 * 4 or tab.value(width) < 1140
