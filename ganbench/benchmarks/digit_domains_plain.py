"""The embedded benchmark of translation without styles between ten domains, scored by a classifier of digits."""

from ganbench.benchmarks import Benchmark, Experiment
from ganbench.benchmarks.digits import benchmark as digits
from ganbench.benchmarks.stargan import benchmark as stargan

benchmark = Benchmark(
    name="digit-domains-plain",
    description="digits translated to the other nine without styles, scored by a digit classifier",
    data="digit-domains",
    metrics=("fid_translated", "accuracy", "cycle"),
    short_names=stargan.short_names,
    extractors=digits.extractors,
    embedded=True,
    experiment=Experiment("digits", 144, 32, "stargan", "digits32"),
)
