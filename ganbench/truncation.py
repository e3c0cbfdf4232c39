"""Truncation in names: ``fid50k_psi0.7`` is FID at psi 0.7, ``fid50k_psi0.7_cut8`` in the first 8 layers only."""

import re
from typing import NamedTuple

_SUFFIX = re.compile(r"_psi(?P<psi>-?\d{1,20}(\.\d{1,20})?(e[+-]?\d{1,3})?)(_cut(?P<cutoff>\d{1,4}))?$")


class Truncation(NamedTuple):
    """Truncation of latents towards w_avg.

    Attributes:
        psi: factor of the distance from w_avg; 1 for no truncation.
        cutoff: number of layers truncated; None for all.
    """

    psi: float = 1.0
    cutoff: int | None = None

    @property
    def label(self) -> str:
        """Psi as text: the shortest that gives exactly this number."""
        return repr(float(self.psi)).removesuffix(".0")

    @property
    def suffix(self) -> str:
        """Suffix of a metric's name; empty without truncation."""
        if self.psi == 1:
            return ""
        return f"_psi{self.label}" + ("" if self.cutoff is None else f"_cut{self.cutoff}")


def split(name: str) -> tuple[str, Truncation | None]:
    """Return a metric's name without its truncation, and the truncation: ``fid50k`` and 0.7 for ``fid50k_psi0.7``."""
    match = _SUFFIX.search(name)
    if match is None:
        return name, None
    cutoff = match["cutoff"]
    return name[: match.start()], Truncation(float(match["psi"]), None if cutoff is None else int(cutoff))
