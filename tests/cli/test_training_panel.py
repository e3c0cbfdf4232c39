"""The panel of a training run on a terminal, and the lines above it."""

import io
import re
import sys
from typing import Any

import pytest
from rich.console import Console

from ganbench.cli.ticks import Ticks
from ganbench.cli.training_panel import TrainingPanel, sparkline

TICK: dict[str, Any] = {
    "kimg": 4.0,
    "sec_per_kimg": 12.5,
    "eta": 75.0,
    "losses": {"Gmain/total": 1.25, "Dmain/total": 0.5, "Dreg/total": 0.02, "Dmain/scores_real": 0.1},
    "augment_p": 0.123,
    "phases": {"Gmain": 0.111, "Dmain": 0.14, "Dreg": 0.0225},
    "memory": {"cpu": 2.34, "gpu_reserved": 24.81},
    "next_snapshot": 8.0,
    "weights": None,
}
LATER = {**TICK, "kimg": 8.0, "eta": 25.0, "losses": {"Gmain/total": 0.75, "Dmain/total": 1.5}, "next_snapshot": 10.0}
LINES = [
    "kimg 4.0  s/kimg 12.50  left 0:01:15  Gmain 1.25  Dmain 0.5",
    "kimg 8.0  s/kimg 12.50  left 0:00:25  Gmain 0.75  Dmain 1.5",
]


class Screen(io.StringIO):
    """A terminal that understands what the panel needs: colours, a line erased, and the cursor one line up."""

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        """Return the lines that a person sees at the end."""
        found, at = [""], 0
        for piece in re.findall(r"\x1b\[[?\d;]*[a-zA-Z]|\n|\r|[^\x1b\n\r]+", self.getvalue()):
            if piece == "\n":
                at += 1
                found += [""] * (at + 1 - len(found))
            elif piece == "\x1b[1A":
                at -= 1
            elif piece == "\x1b[2K":
                found[at] = ""
            elif piece[0] not in "\x1b\r":
                found[at] += piece
        return [line.rstrip() for line in found]


def screen_in_place_of_stderr(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Return what standard error is from now on; a fixture would be too early, as pytest captures it after that."""
    found = Screen()
    for name, value in {"TERM": "xterm", "COLUMNS": "90", "LINES": "40"}.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stderr", found)
    return found


def shown(panel: TrainingPanel, width: int = 90) -> list[str]:
    """Return the lines within the panel's frame."""
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(panel)
    return [line.strip("│ \n") for line in console.export_text().splitlines()[1:-1]]


def test_the_panel_tells_speed_losses_phases_memory_and_the_next_snapshot() -> None:
    panel = TrainingPanel(10.0)
    for tick in (TICK, LATER):
        panel.add(tick, {name: tick["losses"][f"{name}/total"] for name in ("Gmain", "Dmain")})
    bar, *rows = shown(panel)
    assert re.sub("[━╸╺ ]+", " ", bar) == " kimg 8.0 / 10"
    assert [re.split("  +", row) for row in rows] == [
        ["Gmain", "0.75", "█▁"],
        ["Dmain", "1.5", "▁█"],
        ["speed", "12.50 s/kimg, 80 images/s", "left 0:00:25"],
        ["augment p", "0.123"],
        ["ms a step", "Gmain 111", "Dmain 140", "Dreg 22.5"],
        ["GiB", "cpu 2.3", "gpu reserved 24.8"],
        ["snapshot", "at kimg 10.0, in 0:00:25"],
    ]


@pytest.mark.parametrize("tick", [{"kimg": 0.0}, {"kimg": 10.0, "next_snapshot": 10.0, "eta": 0.0, "sec_per_kimg": 0}])
@pytest.mark.parametrize("kimg", [None, 10.0])
def test_what_is_unknown_or_past_has_no_line(kimg: float | None, tick: dict[str, Any]) -> None:
    panel = TrainingPanel(kimg)
    panel.add(tick, {})
    assert len(shown(panel)) == 1


def test_a_sparkline_is_drawn_between_the_lowest_and_the_highest_value() -> None:
    assert sparkline([0, 3.5, 7, 1]) == "▁▅█▂"
    assert sparkline([2, 2]) == "▁▁"
    assert sparkline([0, 1], "_^") == "_^"


def test_a_narrow_terminal_shows_all_of_it() -> None:
    panel = TrainingPanel(10.0)
    panel.add(TICK, {"Gmain": 1.25})
    text = " ".join(" ".join(shown(panel, 44)).split())
    for piece in ("0:01:15", "Gmain 1.25", "Dreg 22.5", "24.8", "at kimg 8.0"):
        assert piece in text


def test_lines_stand_above_the_panel_and_only_the_newest_panel_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = screen_in_place_of_stderr(monkeypatch)
    with Ticks(10.0, measured=lambda tick: f"kimg {tick['kimg']:.1f}  fid 7") as ticks:
        ticks(TICK)
        print("a warning", file=sys.stderr)
        ticks(LATER)
    seen = screen.lines()
    measured = [f"kimg {kimg}  fid 7" for kimg in ("4.0", "8.0")]
    assert seen[:5] == [LINES[0], measured[0], "a warning", LINES[1], measured[1]]
    assert seen[5].startswith("╭─ training ")
    assert "kimg 8.0 / 10" in seen[6]
    assert seen[-2].startswith("╰")
    assert len([line for line in seen if "training" in line]) == 1


def test_without_a_terminal_there_are_lines_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with Ticks(10.0) as ticks:
        ticks(TICK)
        ticks(LATER)
    assert capsys.readouterr().err.splitlines() == LINES


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_gives_the_terminal_back(monkeypatch: pytest.MonkeyPatch, error: type[BaseException]) -> None:
    screen = screen_in_place_of_stderr(monkeypatch)

    def fails() -> None:
        with Ticks(10.0) as ticks:
            ticks(TICK)
            assert sys.stderr is not screen  # what others print goes above the panel
            assert "\x1b[?25l" in screen.getvalue()  # the cursor is hidden
            raise error

    with pytest.raises(error):
        fails()
    assert sys.stderr is screen
    assert screen.getvalue().endswith("\x1b[?25h")
    assert screen.lines()[-1] == ""  # what follows begins on a new line
