"""Real images: a registered data set, a folder (of images or domains) or a zip, in a fixed order, known by content."""

from ganbench.data.opening import at_size, open_data

__all__ = ["at_size", "open_data"]
