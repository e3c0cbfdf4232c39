"""What answers the metrics: the plan, the shards it is worked off in, their cache, and the run as a whole."""

from ganbench.engine.measure import measure
from ganbench.engine.options import Options
from ganbench.engine.plan import Pass, Plan, Query
from ganbench.engine.run import run

__all__ = ["Options", "Pass", "Plan", "Query", "measure", "run"]
