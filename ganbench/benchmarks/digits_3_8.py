"""The embedded benchmark of translation without styles: threes and eights, scored by a classifier of digits."""

from ganbench.benchmarks import Benchmark, Experiment
from ganbench.benchmarks.cyclegan import benchmark as cyclegan
from ganbench.benchmarks.digits import benchmark as digits

benchmark = Benchmark(
    name="digits-3-8",
    description="threes translated to eights and back, scored by a digit classifier",
    data="digit-domains:3,8",
    metrics=("fid_translated", "accuracy", "cycle"),
    short_names=cyclegan.short_names,
    extractors=digits.extractors,
    embedded=True,
    experiment=Experiment("digits", 144, 32, "cyclegan", "digits32"),
)
