"""Progressive GAN's protocol, as far as it was kept: 50,000 samples for FID and for the inception score.

Deviation: the paper also compares patches by their sliced Wasserstein distance and pairs by MS-SSIM, which no later
paper of this line reports; neither is measured here.
"""

from ganbench.benchmarks import Benchmark, Experiment

benchmark = Benchmark(
    name="progan",
    description="Karras et al. 2018: FID and inception score at 50k",
    data=None,
    metrics=("fid50k", "is50k"),
    short_names={
        "fid": "fid50k",
        "kid": "kid50k",
        "is": "is50k",
        "pr": "pr50k3",
        "ppl": "ppl_zfull@100k",
        "lpips": "lpips10k",
        "lpips_real": "lpips10k_real",
    },
    ddof=1,  # the original divides covariances as numpy.cov does
    paper="Karras et al., Progressive Growing of GANs for Improved Quality, Stability, and Variation (ICLR 2018), "
    "arXiv:1710.10196",
    experiment=Experiment("CelebA-HQ", 30_000, 1024, "progan", "celebahq-1024"),
    papers=("progan",),
)
