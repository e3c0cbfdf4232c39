"""The laws that every part of ganbench must keep, as checks for the tests of plug-ins and for ganbench's own.

A check takes the part itself, runs it on a few samples, and raises an ``AssertionError`` at the first broken law: one
sentence with the law, what was expected and what was found. A check returns None, needs neither a test framework nor a
network, and takes seconds::

    def test_my_metric() -> None:
        check_metric(my_metric, model="stylegan3")

========================  ==========================================================================================
``check_metric``          the same number alone or together, at any batch size, shard split and order of shards
``check_source``          batches that depend only on what ``depends`` says; samples independent of their batch
``check_view``            one row per sample, independent of the rest of the batch
``check_accumulator``     a monoid that ``state`` and pickling preserve
``check_extractor``       the declared layers and widths, images independent of their batch, also in float64
``check_dataset``         8-bit images and one-hot labels, in any order of indices, with a fingerprint of the content
``check_model``           protocol, shapes, range, independence of the batch, truncation, noise, transforms, styles
========================  ==========================================================================================
"""

from ganbench.testing.accumulators import check_accumulator
from ganbench.testing.data import check_dataset
from ganbench.testing.extractors import check_extractor
from ganbench.testing.metrics import check_metric, check_together
from ganbench.testing.models import check_model
from ganbench.testing.sources import check_source
from ganbench.testing.views import check_view

__all__ = [
    "check_accumulator",
    "check_dataset",
    "check_extractor",
    "check_metric",
    "check_model",
    "check_source",
    "check_together",
    "check_view",
]
