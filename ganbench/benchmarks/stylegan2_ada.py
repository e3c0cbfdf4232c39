"""StyleGAN2-ADA's protocol: 50,000 samples against the whole training set, KID where the set is small."""

from ganbench.benchmarks import Benchmark
from ganbench.benchmarks.stylegan3 import benchmark as stylegan3

benchmark = Benchmark(
    name="stylegan2-ada",
    description="Karras et al. 2020: FID and KID at 50k against the whole training set; inception score on CIFAR-10",
    data=None,
    metrics=("fid50k_full", "kid50k_full"),
    short_names=stylegan3.short_names,
    papers=("stylegan2-ada",),
)
