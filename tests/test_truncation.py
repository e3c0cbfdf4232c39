"""Truncation in the names of metrics."""

import pytest

from ganbench.truncation import Truncation, split


@pytest.mark.parametrize(
    ("name", "base", "truncation"),
    [
        ("fid50k", "fid50k", None),
        ("fid50k_psi0.7", "fid50k", (0.7, None)),
        ("fid@500_psi1.5", "fid@500", (1.5, None)),
        ("pr50k3_full_psi0.7_cut8", "pr50k3_full", (0.7, 8)),
        ("fid50k_psi-1", "fid50k", (-1, None)),
        ("fid50k_psi0_cut0", "fid50k", (0, 0)),
        ("fid50k_psi1", "fid50k", (1, None)),
        ("fid50k_psi", "fid50k_psi", None),
        ("fid50k_psix", "fid50k_psix", None),
        ("fid50k_psi0.7_full", "fid50k_psi0.7_full", None),
    ],
)
def test_a_name_is_split_at_its_truncation(name: str, base: str, truncation: tuple[float, int | None] | None) -> None:
    assert split(name) == (base, truncation)


@pytest.mark.parametrize("psi", [0.7, 0.0, -0.5, 2.0, 0.1 + 0.2, 1e-7, 1e22])
@pytest.mark.parametrize("cutoff", [None, 0, 12])
def test_a_suffix_is_read_back_exactly(psi: float, cutoff: int | None) -> None:
    truncation = Truncation(psi, cutoff)
    assert split("fid50k" + truncation.suffix) == ("fid50k", truncation)


def test_suffixes_are_short_and_psi_one_has_none() -> None:
    assert Truncation(0.70).suffix == "_psi0.7"
    assert Truncation(2.0, 4).suffix == "_psi2_cut4"
    assert Truncation(1.0, 4).suffix == Truncation().suffix == ""
