"""StarGAN v2's protocol: ten translations of every validation image to every other domain, with FID and LPIPS."""

from ganbench.benchmarks import Benchmark, Experiment

benchmark = Benchmark(
    name="starganv2",
    description="Choi et al. 2020: FID and LPIPS over all pairs of domains, styles from latents and from references",
    data=None,
    metrics=("fid_latent", "lpips_latent", "fid_reference", "lpips_reference"),
    short_names={
        "fid": "fid_latent",
        "lpips": "lpips_latent",
        "cycle": "cycle_latent",
        "accuracy": "accuracy_latent",
        "eqt": "eqt_int_latent",
        "eqr": "eqr_latent",
    },
    paper="Choi et al., StarGAN v2: Diverse Image Synthesis for Multiple Domains (CVPR 2020), arXiv:1912.01865",
    experiment=Experiment("AFHQ", 4_877, 256, "starganv2", "afhq-256", domains=("cat", "dog", "wild"), validation=500),
    papers=("starganv2", "munit", "drit", "msgan"),
)
