"""Fixtures of several files here."""

from tests.cli.runs import invoke, results

__all__ = ["invoke", "results"]
