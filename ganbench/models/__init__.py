"""Models by name: adapters of the reference networks, of published checkpoints, and of folders of samples."""

from ganbench.models.base import embedded_note, load_model, open_subject

__all__ = ["embedded_note", "load_model", "open_subject"]
