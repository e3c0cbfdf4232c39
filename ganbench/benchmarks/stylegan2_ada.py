"""StyleGAN2-ADA's protocol: 50,000 samples against the whole training set, KID where the set is small.

Deviation: covariances divide by N, as in the official PyTorch code; the paper's TensorFlow code divides by N - 1.
"""

from ganbench.benchmarks import Benchmark, Experiment
from ganbench.benchmarks.stylegan3 import benchmark as stylegan3

benchmark = Benchmark(
    name="stylegan2-ada",
    description="Karras et al. 2020: FID and KID at 50k against the whole training set; inception score on CIFAR-10",
    data=None,
    metrics=("fid50k_full", "kid50k_full"),
    short_names=stylegan3.short_names,
    paper="Karras et al., Training GANs with Limited Data (NeurIPS 2020), arXiv:2006.06676",
    experiment=Experiment("FFHQ", 70_000, 256, "stylegan2", "paper256"),
    papers=("stylegan2-ada",),
)
