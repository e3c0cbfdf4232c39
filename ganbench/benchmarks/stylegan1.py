"""StyleGAN's protocol: 50,000 samples for FID, 100,000 path steps, cropped faces, 200,000 samples for separability.

Deviation: the official run mirrors reals at random, as in training; here they are taken as they are.
"""

from ganbench.benchmarks import Benchmark, Experiment

benchmark = Benchmark(
    name="stylegan1",
    description="Karras et al. 2019: FID at 50k, path lengths of cropped faces, linear separability",
    data=None,
    metrics=("fid50k", "ppl_zfull@100k", "ppl_wfull@100k", "ppl_zend@100k", "ppl_wend@100k", "ls"),
    short_names={
        "fid": "fid50k",
        "kid": "kid50k",
        "is": "is50k",
        "pr": "pr50k3",
        "ppl": "ppl_wend@100k",
        "eqt": "eqt50k_int",
        "eqr": "eqr50k",
        "lpips": "lpips10k",
        "lpips_real": "lpips10k_real",
    },
    ddof=1,  # the original divides covariances as numpy.cov does
    paper="Karras et al., A Style-Based Generator Architecture for GANs (CVPR 2019), arXiv:1812.04948",
    experiment=Experiment("FFHQ", 70_000, 1024, "stylegan1", "ffhq-1024"),
    papers=("stylegan",),
)
