import pytest

from ganbench.errors import UnknownNameError
from ganbench.records.keys import countless, matching, title

ALL = {
    "fid50k": "fid50k",
    "fid50k_full": "fid50k_full",
    "fid@500": "fid@500",
    "pr50k3_precision": "pr50k3",
    "pr50k3_recall": "pr50k3",
    "ppl2_wend@5k": "ppl2_wend@5k",
    "eqt2k_int": "eqt2k_int",
    "is50k_mean": "is50k",
}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("fid50k", ["fid50k"]),
        ("pr50k3", ["pr50k3_precision", "pr50k3_recall"]),
        ("fid", ["fid50k", "fid@500"]),
        ("fid_full", ["fid50k_full"]),
        ("ppl2_wend", ["ppl2_wend@5k"]),
        ("ppl", ["ppl2_wend@5k"]),
        ("eqt", ["eqt2k_int"]),
        ("eqt_int", ["eqt2k_int"]),
        ("pr", ["pr50k3_precision", "pr50k3_recall"]),
        ("is", ["is50k_mean"]),
    ],
)
def test_a_name_stands_for_keys(name: str, found: list[str]) -> None:
    assert matching(name, ALL) == found


@pytest.mark.parametrize("name", ["fid5", "fi", "", "pr50k3_prec", "kid50k"])
def test_a_name_that_only_looks_alike_stands_for_none(name: str) -> None:
    with pytest.raises(UnknownNameError):
        matching(name, ALL)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean fid50k"):
        matching("fid50", {"fid50k": "fid50k"})


@pytest.mark.parametrize(
    ("key", "printed"),
    [
        ("fid50k", "FID50k"),
        ("fid@500", "FID@500"),
        ("ppl2_wend@5k", "PPL2_wend@5k"),
        ("pr50k3_precision", "PR50k3_precision"),
        ("lpips_latent", "LPIPS_latent"),
        ("brightness1k", "brightness1k"),
        ("island", "island"),
    ],
)
def test_titles_are_the_papers(key: str, printed: str) -> None:
    assert title(key) == printed


def test_counts_can_be_left_out() -> None:
    assert [countless(key) for key in ("fid50k_full", "fid@500", "eqt2k_int", "lpips_latent")] == [
        "fid_full",
        "fid",
        "eqt_int",
        "lpips_latent",
    ]
