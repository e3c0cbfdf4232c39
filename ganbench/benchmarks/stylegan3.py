"""StyleGAN3's protocol: official extractors, 50,000 samples, the training data as reals."""

from ganbench.benchmarks import Benchmark, Experiment

benchmark = Benchmark(
    name="stylegan3",
    description="Karras et al. 2021: FID, EQ-T and EQ-R at 50k against the whole training set",
    data=None,
    metrics=("fid50k_full", "eqt50k_int", "eqr50k"),
    short_names={
        "fid": "fid50k_full",
        "kid": "kid50k_full",
        "is": "is50k",
        "pr": "pr50k3_full",
        "ppl": "ppl2_wend",
        "eqt": "eqt50k_int",
        "eqr": "eqr50k",
        "lpips": "lpips10k",
        "lpips_real": "lpips10k_real",
    },
    paper="Karras et al., Alias-Free Generative Adversarial Networks (NeurIPS 2021), arXiv:2106.12423",
    experiment=Experiment("FFHQ-U", 70_000, 1024, "stylegan3", "ffhqu-1024-t"),
    papers=("stylegan3",),
)
