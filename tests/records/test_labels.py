"""What tells rows apart: weights, run folders, seeds, and labels that a person gives."""

from typing import Any

import pytest

from ganbench.errors import BadInputError, UnknownNameError
from ganbench.records.labels import given
from ganbench.records.table import build
from tests.records.make import record


def trained(path: str, letter: str = "a", name: str = "stylegan3", **changes: Any) -> Any:
    """Return a record of weights in a file, whose sha256 is one letter, repeated."""
    model = {"name": name, "weights": path, "sha256": letter * 64, "embedded": False}
    return record(model=model, **changes)


def labels(*records: Any, **how: Any) -> list[str]:
    return [row.label for row in build(records, **how).rows]


def test_files_of_one_name_are_told_apart_by_their_folders() -> None:
    one, other = trained("runs/one/G.pkl", "a"), trained("runs/other/G.pkl", "b")
    assert labels(one, other) == ["stylegan3 (one/G.pkl)", "stylegan3 (other/G.pkl)"]
    assert labels(one, trained("runs/other/F.pkl", "b")) == ["stylegan3 (G.pkl)", "stylegan3 (F.pkl)"]


def test_one_file_that_was_overwritten_is_told_apart_by_its_content() -> None:
    assert labels(trained("G.pkl", "a"), trained("G.pkl", "b")) == [
        "stylegan3 (G.pkl aaaaaaaa)",
        "stylegan3 (G.pkl bbbbbbbb)",
    ]


@pytest.mark.parametrize("name", ["stylegan3", "G.pkl", "one", "one/", "runs/one", "runs/one/G.pkl", "aaaaaa"])
def test_a_label_is_given_by_model_file_folder_or_sha256(name: str) -> None:
    assert labels(trained("runs/one/G.pkl"), labels=given([f"{name}=ours, 25 kimg = long"])) == ["ours, 25 kimg = long"]


def test_rows_with_one_label_are_still_told_apart() -> None:
    rows = trained("one/G.pkl", "a"), trained("other/G.pkl", "b"), trained("F.pkl", "c", name="other")
    assert labels(*rows, labels=[("stylegan3", "ours")]) == ["ours (one/G.pkl)", "ours (other/G.pkl)", "other"]
    later = [("stylegan3", "ours"), ("other", "x"), ("bbbbbb", "best")]
    assert labels(*rows, labels=later) == ["ours", "best", "x"], "the folder and the model, and the last wins"


def test_the_embedded_model_says_so_under_any_label() -> None:
    model = {"name": "stylegan3", "weights": "digits32", "sha256": "a" * 64, "embedded": True}
    assert labels(record(model=model), labels=[("stylegan3", "ours")]) == ["ours (digits32)"]


@pytest.mark.parametrize("text", ["ours", "=ours", "run= ", ""])
def test_a_label_without_a_name_or_a_text_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="expected NAME=TEXT"):
        given([text])


def test_a_name_that_fits_no_row_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean stylegan3"):
        labels(record(), labels=[("stylegan", "ours")])
