"""The engine that computes what metrics ask for: the plan, its shards, their cache, and the run as a whole."""

from ganbench.engine.measure import measure
from ganbench.engine.options import Options
from ganbench.engine.plan import Pass, Plan, Query
from ganbench.engine.run import run

__all__ = ["Options", "Pass", "Plan", "Query", "measure", "run"]
