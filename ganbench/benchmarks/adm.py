"""The protocol of ADM's evaluator: FID, sFID, inception score, precision and recall, all on Inception's features.

Deviation: precision and recall compare with up to 200,000 reals, where the official reference batches hold 10,000
images beside the moments of the whole training set.
"""

from ganbench.benchmarks import Benchmark, Experiment

benchmark = Benchmark(
    name="adm",
    description="Dhariwal and Nichol 2021: FID, sFID, IS, precision and recall at 50k on Inception's features",
    data=None,
    metrics=("fid50k_full", "sfid50k", "is50k", "pr50k3_full"),
    short_names={
        "fid": "fid50k_full",
        "sfid": "sfid50k",
        "kid": "kid50k_full",
        "is": "is50k",
        "pr": "pr50k3_full",
        "lpips": "lpips10k",
        "lpips_real": "lpips10k_real",
    },
    extractors={"vgg16": "inception"},
    paper="Dhariwal and Nichol, Diffusion Models Beat GANs on Image Synthesis (NeurIPS 2021), arXiv:2105.05233",
    experiment=Experiment("ImageNet", 1_281_167, 256),
    ddof=1,  # the official evaluator uses numpy.cov
    papers=("adm",),
)
