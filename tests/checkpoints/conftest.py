"""Fixtures of several files here."""

from tests.checkpoints.server import address, server

__all__ = ["address", "server"]
