"""Reading of checkpoints without executing code in them; ``ganbench.formats`` recognises their networks."""

from ganbench.checkpoints.contents import header_of
from ganbench.checkpoints.digest import file_sha256
from ganbench.checkpoints.loading import load, load_one
from ganbench.checkpoints.pickles import read_pickle

__all__ = ["file_sha256", "header_of", "load", "load_one", "read_pickle"]
