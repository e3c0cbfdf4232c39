"""Why one number differs from another: alternative ways of measuring, tried on the same images."""

from ganbench.explain.alternatives import KINDS, Alternative, alternatives_to
from ganbench.explain.gap import Explanation, Tried, explain_gap
from ganbench.explain.question import Question, Tries, ask, operand
from ganbench.explain.records import Difference, differences
from ganbench.explain.setup import Measurer, Setup

__all__ = [
    "KINDS",
    "Alternative",
    "Difference",
    "Explanation",
    "Measurer",
    "Question",
    "Setup",
    "Tried",
    "Tries",
    "alternatives_to",
    "ask",
    "differences",
    "explain_gap",
    "operand",
]
