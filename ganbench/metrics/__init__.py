"""The metrics: frozen dataclasses that declare their inputs and compute numbers from them."""

from ganbench.metrics.base import BaseMetric, Interval, Metric, Number
from ganbench.metrics.naming import limited, resolve

__all__ = ["BaseMetric", "Interval", "Metric", "Number", "limited", "resolve"]
