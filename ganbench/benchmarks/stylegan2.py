"""StyleGAN2's protocol: 50,000 samples against 50,000 training images, path length at path ends without a crop.

Deviation: the paper's FID is the mean of ten evaluations; a run here measures it once.
"""

from ganbench.benchmarks import Benchmark, Experiment

benchmark = Benchmark(
    name="stylegan2",
    description="Karras et al. 2020: FID, precision and recall at 50k, path length in W at path ends, not cropped",
    data=None,
    metrics=("fid50k", "ppl2_wend", "pr50k3"),
    short_names={
        "fid": "fid50k",
        "kid": "kid50k",
        "is": "is50k",
        "pr": "pr50k3",
        "ppl": "ppl2_wend",
        "eqt": "eqt50k_int",
        "eqr": "eqr50k",
        "lpips": "lpips10k",
        "lpips_real": "lpips10k_real",
    },
    ddof=1,  # the TensorFlow code divides covariances as numpy.cov does
    paper="Karras et al., Analyzing and Improving the Image Quality of StyleGAN (CVPR 2020), arXiv:1912.04958",
    experiment=Experiment("FFHQ", 70_000, 1024, "stylegan2", "stylegan2"),
    papers=("stylegan2",),
)
