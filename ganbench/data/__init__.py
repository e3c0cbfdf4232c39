"""Real images: a registered data set, a folder (of images or domains) or a file, in a fixed order."""

from ganbench.data.opening import at_size, open_data

__all__ = ["at_size", "open_data"]
