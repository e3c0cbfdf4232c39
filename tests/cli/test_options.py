import pytest

from ganbench.cli.options import names, numbers, seeds
from ganbench.errors import BadInputError
from tests.cli.command_line import complaint


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("3", (3,)), ("0-3", (0, 1, 2, 3)), ("5,1,5", (5, 1, 5)), ("0-1, 7,9-9", (0, 1, 7, 9)), ("007", (7,))],
)
def test_seeds_are_numbers_and_ranges_in_the_order_given(text: str, wanted: tuple[int, ...]) -> None:
    assert seeds(text) == wanted


@pytest.mark.parametrize(
    "text", ["", "a", "1,", "-1", "3-1", "1-", "1.5", "0-1000000", "99999999999999999999", "1--2", "\u0661"]
)
def test_what_is_no_list_of_seeds_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="write for example"):
        seeds(text)


@pytest.mark.parametrize("text", ["+-7", "--7", "\u0661", "7.0", "-1", "9" * 20, "9" * 5000])
def test_what_is_no_whole_number_in_range_is_refused(text: str) -> None:
    told = complaint("run", "--model", "stylegan3", f"--seed={text}")
    assert "expected a whole number from 0 to 9223372036854775807, found" in told


def test_numbers_are_finite() -> None:
    assert numbers("0.3, 1,-2", "--sweep") == (0.3, 1.0, -2.0)
    for text in ("", "a", "1,,2", "nan", "inf,1"):
        with pytest.raises(BadInputError, match="--sweep"):
            numbers(text, "--sweep")


def test_names_are_separated_by_single_commas() -> None:
    assert names(None) == ()
    assert names("fid, ppl") == ("fid", "ppl")
    for text in ("", "fid,", ",fid"):
        with pytest.raises(BadInputError, match="single commas"):
            names(text)
