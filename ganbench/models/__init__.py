"""Models by name: adapters of our networks, of published checkpoints, and of folders of samples."""

from ganbench.models.adapter import BaseAdapter
from ganbench.models.base import adapter_of, load_model, open_model

__all__ = ["BaseAdapter", "adapter_of", "load_model", "open_model"]
