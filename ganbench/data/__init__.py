"""Real images: a registered data set, a folder of images or an NVlabs zip, in a fixed order and known by content."""

from ganbench.data.opening import open_data

__all__ = ["open_data"]
