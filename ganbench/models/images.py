"""A folder or zip of sample images in place of a model, for people who have samples and no weights."""

from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from ganbench.data import open_data
from ganbench.errors import BadInputError
from ganbench.models.adapter import BaseAdapter
from ganbench.types import Dataset, WatchedDataset


class ImageSamples:
    """Images as samples: sample ``i`` is image ``i``, in the order of the folder. Follows ``FixedSamples``.

    Attributes:
        img_resolution: width and height in pixels.
        img_channels: 1 or 3.
        sha256: fingerprint of the pixels, which is what these samples are known by.
    """

    def __init__(self, data: Dataset) -> None:
        self.data = data
        self.img_resolution = data.resolution
        self.img_channels = data.channels

    @property
    def sha256(self) -> str:
        """The fingerprint of the pixels, whatever the files are called."""
        return self.data.fingerprint

    def changed(self) -> str:
        """Return "" or a sentence; see ``WatchedDataset``."""
        return self.data.changed() if isinstance(self.data, WatchedDataset) else ""

    def __len__(self) -> int:
        return len(self.data)

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, C, H, W]`` float32: byte ``u`` as ``(u - 127.5) / 127.5``, the middle of what quantises to it.

        Raises:
            BadInputError: an index beyond the last image.
        """
        if indices and max(indices) >= len(self.data):
            raise BadInputError(
                f"sample {max(indices)} is asked for and there are {len(self.data)} images: ask for fewer with --limit."
            )
        return (self.data.images(indices).float() - 127.5) / 127.5


class ImagesAdapter(BaseAdapter):
    """The way in for folders and zips of samples; there is nothing to train or to download."""

    benchmark = "stylegan3"
    takes_path = True

    def load(self, weights: Path | None, device: str) -> ImageSamples:
        """Return the samples in a folder, a zip or a registered data set; they stay on the CPU.

        Raises:
            BadInputError: none is named, or it holds no usable images.
        """
        if weights is None:
            raise BadInputError("the model 'images' is a folder of samples: name it as images:FOLDER.")
        return ImageSamples(open_data(str(weights)))


adapter = ImagesAdapter()
