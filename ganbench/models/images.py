"""A folder or zip of sample images in place of a model, for users who have samples but no weights."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from ganbench.data import open_data
from ganbench.errors import BadInputError
from ganbench.models.adapter import BaseAdapter
from ganbench.types import Dataset, WatchedDataset


class ImageSamples:
    """Stored images as samples: sample ``i`` is image ``i``, in the order of the folder. Follows ``FixedSamples``.

    Attributes:
        img_resolution: width and height in pixels.
        img_channels: 1 or 3.
        sha256: fingerprint of the pixels, which identifies the samples.
    """

    def __init__(self, data: Dataset) -> None:
        self.data = data
        self.img_resolution = data.resolution
        self.img_channels = data.channels

    @property
    def sha256(self) -> str:
        """Fingerprint of the pixels; it does not depend on the file names."""
        return self.data.fingerprint

    def changed(self) -> str:
        """Return a sentence if the files have changed since they were opened, else ""; see ``WatchedDataset``."""
        return self.data.changed() if isinstance(self.data, WatchedDataset) else ""

    def __len__(self) -> int:
        return len(self.data)

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, C, H, W]`` float32, -1..1: byte ``u`` as ``(u - 127.5) / 127.5``.

        Raises:
            BadInputError: an index is beyond the last image.
        """
        if indices and max(indices) >= len(self.data):
            raise BadInputError(
                f"expected a sample below {len(self.data)}, the number of images, found {max(indices)}: lower --limit."
            )
        # The middle of the values that the StyleGAN quantiser maps to u, so that it gives u back.
        return (self.data.images(indices).float() - 127.5) / 127.5


class ImagesAdapter(BaseAdapter):
    """Adapter of folders and zips of samples; nothing to train or to download."""

    benchmark = "stylegan3"
    takes_path = True

    def load(self, weights: Path | None, device: str) -> ImageSamples:
        """Return the samples in a folder, a zip or a registered data set, on the CPU.

        Raises:
            BadInputError: no folder is named, or it holds no usable images.
        """
        if weights is None:
            raise BadInputError("expected a folder for the model 'images', found none: name it, as in images:FOLDER.")
        return ImageSamples(open_data(str(weights)))


adapter = ImagesAdapter()
