"""The embedded benchmark of translation with styles: ten digits as domains, scored by a classifier of digits."""

from ganbench.benchmarks import Benchmark, Experiment
from ganbench.benchmarks.digits import benchmark as digits
from ganbench.benchmarks.starganv2 import benchmark as starganv2

benchmark = Benchmark(
    name="digit-domains",
    description="digits translated to the other nine by StarGAN v2's protocol, scored by a digit classifier",
    data="digit-domains",
    metrics=(*starganv2.metrics, "accuracy_latent", "accuracy_reference"),
    short_names=starganv2.short_names,
    extractors=digits.extractors,
    embedded=True,
    experiment=Experiment("digits", 144, 32, "starganv2", "digits32"),
)
