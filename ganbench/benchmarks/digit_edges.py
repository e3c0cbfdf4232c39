"""The embedded benchmark of paired translation: digits from their outlines, beside the true digits."""

from ganbench.benchmarks import Benchmark, Experiment
from ganbench.benchmarks.digits import benchmark as digits
from ganbench.benchmarks.pix2pix import benchmark as pix2pix

benchmark = Benchmark(
    name="digit-edges",
    description="outlines translated to digits, beside the digits that they are of",
    data="digit-edges",
    metrics=pix2pix.metrics,
    short_names=pix2pix.short_names,
    extractors=digits.extractors,
    embedded=True,
    experiment=Experiment("digits", 1_442, 32, "pix2pix", "digits32"),
)
