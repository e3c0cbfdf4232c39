"""The form of an error about a file."""

from pathlib import Path


def assert_one_sentence(error: Exception | str, path: Path) -> None:
    """The message names the file and is one sentence of a readable length."""
    message = str(error)
    assert str(path) in message
    assert message.endswith(".")
    assert "\n" not in message
    assert ". " not in message.replace(str(path), "")
    assert len(message.replace(str(path), "")) < 400
