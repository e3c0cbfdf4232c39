"""Why a number differs from another: what else may have been done, tried on the same images."""

from ganbench.explain.alternatives import Alternative, alternatives
from ganbench.explain.gap import Explanation, Tried, explain_gap
from ganbench.explain.question import Question, ask, operand
from ganbench.explain.records import Difference, differences
from ganbench.explain.setup import Measurer, Setup

__all__ = [
    "Alternative",
    "Difference",
    "Explanation",
    "Measurer",
    "Question",
    "Setup",
    "Tried",
    "alternatives",
    "ask",
    "differences",
    "explain_gap",
    "operand",
]
