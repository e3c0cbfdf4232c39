"""clean-fid's protocol: the official Inception behind an antialiased resize, covariances divided by N - 1."""

from ganbench.benchmarks import Benchmark, Experiment

benchmark = Benchmark(
    name="cleanfid",
    description="Parmar et al. 2022: FID and KID of 50k samples after an antialiased resize, against all reals",
    data=None,
    metrics=("fid50k_full", "kid50k_full"),
    short_names={"fid": "fid50k_full", "kid": "kid50k_full"},
    ddof=1,
    resize="clean-bicubic",
    paper="Parmar et al., On Aliased Resizing and Surprising Subtleties (CVPR 2022), arXiv:2104.11222",
    experiment=Experiment("FFHQ", 70_000, 1024, "stylegan2", "stylegan2"),
    papers=("stylegan2", "stylegan2-ada", "cyclegan"),
    sources=("clean-fid README",),
)
