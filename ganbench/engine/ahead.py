"""Batches of images in files, read by threads ahead of the device that sees them.

Decoding releases Python's lock, so threads keep all cores busy without copies between processes. On a CPU there is
nothing to read ahead for: every core decodes the tile that it computes.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from ganbench.inputs import Context, Source

TILES = 3  # in memory: the one that the device sees, and those being read
AT_ONCE = 4  # images that a thread reads in one go; few, so that all threads are at work on the next tile

Drawn = Mapping[str, Tensor]


class Ahead:
    """The tiles of a pass over a source that only reads files, in order, each read while those before are in work.

    Args:
        readers: threads that read.
        source: of the pass.
        context: of the run.
        tiles: indices of the samples of each tile.
    """

    def __init__(
        self, readers: ThreadPoolExecutor, source: Source, context: Context, tiles: Sequence[tuple[int, ...]]
    ) -> None:
        self._readers, self._source, self._context = readers, source, context
        self._left, self._begun = deque(tiles), deque[list[Future[Drawn]]]()
        self._pin = torch.device(context.device).type == "cuda"
        self._at_once = max(1, AT_ONCE // source.images_per_sample)

    def take(self) -> Drawn:
        """Return what the source draws for the next tile.

        Raises:
            GanbenchError: as the source does when it draws.
        """
        while self._left and len(self._begun) < TILES:
            self._begun.append(self._begin(self._left.popleft()))
        parts = [part.result() for part in self._begun.popleft()]
        whole = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        # From pinned memory, a copy to a GPU runs beside what the GPU computes.
        return {name: tensor.pin_memory() if self._pin else tensor for name, tensor in whole.items()}

    def stop(self) -> None:
        """Read no more."""
        self._left.clear()
        for part in (each for tile in self._begun for each in tile):
            part.cancel()

    def _begin(self, indices: tuple[int, ...]) -> list["Future[Drawn]"]:
        cuts = range(0, len(indices), self._at_once)
        return [self._readers.submit(self._draw, indices[start : start + self._at_once]) for start in cuts]

    @torch.inference_mode()
    def _draw(self, indices: tuple[int, ...]) -> Drawn:
        return self._source.draw(self._context, indices)
