"""``ganbench.run`` from Python."""

from pathlib import Path
from typing import Any

import pytest

import ganbench
from ganbench.errors import BadInputError


def test_one_string_means_what_it_means_on_the_command_line(tmp_path: Path) -> None:
    listed = ganbench.run(["waves"], ["fid@20", "brightness@20"], results_dir=tmp_path)
    (typed,) = ganbench.run("waves", "fid@20,brightness@20", results_dir=tmp_path)
    assert typed.results == listed[0].results


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"models": []}, "at least one model"),
        ({"models": ["waves"], "nproc": 0}, "nproc, found 0"),
        ({"models": ["waves", "waves"], "weights": "w.pkl"}, "one model for the weights w.pkl, found 2"),
    ],
)
def test_arguments_that_mean_nothing_are_refused_before_work(
    arguments: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInputError, match=words):
        ganbench.run(**arguments, results_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []
