"""A folder or zip of sample images in place of a model, for users who have samples but no weights."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from ganbench.data import open_data
from ganbench.data.labels import classes_of
from ganbench.data.prompts import prompts_beside
from ganbench.errors import BadInputError
from ganbench.models.adapter import BaseAdapter
from ganbench.types import Dataset, Rectangular, WatchedDataset, WithNames


class ImageSamples:
    """Stored images as samples: sample ``i`` is image ``i``, in the order of the folder. Follows ``FixedSamples``.

    Attributes:
        img_resolution: width and height in pixels; of images that are not square, the longer side.
        height_and_width: in pixels.
        img_channels: 1 or 3.
        sha256: fingerprint of the pixels, which identifies the samples.
    """

    def __init__(self, data: Dataset, provenance: Mapping[str, Any] | None = None) -> None:
        self.data, self._provenance = data, dict(provenance or {})
        self._members: dict[int, list[int]] = {}
        self.img_resolution = data.resolution
        square = data.resolution, data.resolution
        self.height_and_width = data.height_and_width if isinstance(data, Rectangular) else square
        self.img_channels = data.channels

    @property
    def sha256(self) -> str:
        """Fingerprint of the pixels; it does not depend on the file names."""
        return self.data.fingerprint

    def changed(self) -> str:
        """Return a sentence if the files have changed since they were opened, else ""; see ``WatchedDataset``."""
        return self.data.changed() if isinstance(self.data, WatchedDataset) else ""

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What the record says of them: the prompts of a text-to-image model, where they lie beside the images."""
        return self._provenance

    def members(self, label: int) -> Sequence[int]:
        """Return the numbers of the images of a class, in order; see ``ClassedSamples``."""
        if label not in self._members:
            within = label < self.data.label_dim
            self._members[label] = (classes_of(self.data) == label).nonzero()[:, 0].tolist() if within else []
        return self._members[label]

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
        data = open_data(str(weights), rectangles=True)
        prompts = prompts_beside(weights, data.names) if weights.is_dir() and isinstance(data, WithNames) else None
        return ImageSamples(data, {"prompts": prompts} if prompts else None)


adapter = ImagesAdapter()
