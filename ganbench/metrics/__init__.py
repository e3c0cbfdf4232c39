"""The metrics: frozen dataclasses that say what they need and turn it into numbers."""

from ganbench.metrics.base import Metric
from ganbench.metrics.naming import resolve

__all__ = ["Metric", "resolve"]
