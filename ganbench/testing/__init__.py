"""The laws that every part of ganbench keeps, for the tests of plug-ins and for ganbench's own.

A check takes the part itself, asks it for a few samples, and raises an ``AssertionError`` at the first law that is
broken: one sentence with the law, what was expected and what was found. A check returns None, needs no test framework
and no network, and takes seconds::

    def test_my_metric() -> None:
        check_metric(my_metric, model="stylegan3")

========================  ==========================================================================================
``check_metric``          the same number alone or together, at any batch size, shard split and order of shards
``check_source``          batches that depend on what ``depends`` says and on nothing else, one sample at a time
``check_view``            one row a sample, whatever else is in the batch
``check_accumulator``     a monoid that survives its state and pickling
``check_extractor``       the layers and widths that it declares, one image at a time, in float64, too
``check_dataset``         8-bit images and one-hot labels, in any order of indices, under a fingerprint of the content
``check_model``           the protocol, shapes and range, one image at a time, truncation, noise, transforms, styles
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
