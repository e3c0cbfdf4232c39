"""The metrics: frozen dataclasses that say what they need and turn it into numbers."""

from ganbench.metrics.base import BaseMetric, Interval, Metric, Number
from ganbench.metrics.naming import limited, resolve

__all__ = ["BaseMetric", "Interval", "Metric", "Number", "limited", "resolve"]
