"""``ganbench doctor``."""

from pathlib import Path

import pytest

from tests.cli.command_line import complaint
from tests.cli.command_line import ganbench as command


def test_everything_is_looked_at() -> None:
    done = command("doctor", "--model", "waves", "--device", "cpu")
    assert done.exit_code == 0
    subjects = [line[7:].partition(":")[0] for line in done.stdout.splitlines()]
    assert subjects == [
        "device", "threads", "results", "cache", "finished work", "model", "extractor pool", "images", "size",
        "duplicates",
        "content", "compression", "sharpness",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "waves", "--data", "nowhere"], "stop   images: expected a folder"),
        (["--model", "waves", "--weights", "nowhere.pkl", "--data", "digits", "--device", "toaster"], "stop   device"),
        (["--model", "stylegan3", "--weights", "nowhere.pkl"], "stop   model: nowhere.pkl"),
    ],
)
def test_what_would_stop_a_run_is_told_with_exit_code_2(arguments: list[str], words: str) -> None:
    done = command("doctor", *arguments)
    assert done.exit_code == 2
    assert any(line.startswith(words) for line in done.stdout.splitlines())


def test_what_would_be_fetched_is_a_note_and_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    import urllib.request

    monkeypatch.setattr(urllib.request, "urlopen", lambda *_, **__: pytest.fail("the network was asked"))
    done = command("doctor", "--benchmark", "stylegan3")
    assert "note   extractor inception: a run would fetch it first" in done.stdout


def test_folders_that_cannot_be_written_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "file"))
    done = command("doctor", "--results-dir", tmp_path / "file")
    assert done.exit_code == 2
    assert "stop   results:" in done.stdout
    assert "stop   cache:" in done.stdout


def test_unknown_names_are_one_sentence() -> None:
    assert "unknown model 'stylegan9'" in complaint("doctor", "--model", "stylegan9")
    assert "unknown benchmark" in complaint("doctor", "--benchmark", "stylegan9")
