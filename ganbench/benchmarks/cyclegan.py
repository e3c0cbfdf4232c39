"""CycleGAN's directions: the paper has no protocol of this kind, so FID is as others measure it, on the test images."""

from ganbench.benchmarks import Benchmark

# accuracy needs a classifier of the very domains, and is measured where one is at hand.
benchmark = Benchmark(
    name="cyclegan",
    description="Zhu et al. 2017: FID of each direction, error of images translated there and back",
    data=None,
    metrics=("fid_translated", "cycle"),
    short_names={"fid": "fid_translated", "eqt": "eqt_int_translator", "eqr": "eqr_translator"},
    papers=("cyclegan", "cogan", "pix2pix"),
)
