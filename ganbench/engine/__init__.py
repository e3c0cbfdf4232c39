"""What answers the metrics: the plan, the shards it is worked off in, their cache, and the run as a whole."""

from ganbench.engine.measure import measure
from ganbench.engine.plan import Pass, Plan, Tap
from ganbench.engine.run import run

__all__ = ["Pass", "Plan", "Tap", "measure", "run"]
