"""Checkpoints, read without executing anything in them: official pickles into our own networks, and safetensors."""

from ganbench.checkpoints.digest import file_sha256
from ganbench.checkpoints.loading import load, load_one
from ganbench.checkpoints.pickles import read_pickle

__all__ = ["file_sha256", "load", "load_one", "read_pickle"]
