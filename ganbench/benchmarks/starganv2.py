"""StarGAN v2's protocol: ten translations of every validation image to every other domain, with FID and LPIPS."""

from ganbench.benchmarks import Benchmark

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
    papers=("starganv2", "munit", "drit", "msgan"),
)
