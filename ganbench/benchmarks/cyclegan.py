"""FID of CycleGAN's translated test images, in each direction; the paper itself has no such protocol.

Deviation: reals are the target's training images, of which there are enough for a covariance; the FID of the CUT paper
(Park et al. 2020) and of clean-fid's table compares with its 120 or 140 test images, and is not the same number.
"""

from ganbench.benchmarks import Benchmark, Experiment

# Accuracy needs a classifier of the two domains, so it is left to benchmarks that have one.
benchmark = Benchmark(
    name="cyclegan",
    description="Zhu et al. 2017: FID of each direction, error of images translated there and back",
    data=None,
    metrics=("fid_translated", "cycle"),
    short_names={"fid": "fid_translated", "eqt": "eqt_int_translator", "eqr": "eqr_translator"},
    paper="Zhu et al., Unpaired Image-to-Image Translation (ICCV 2017), arXiv:1703.10593",
    experiment=Experiment("horse2zebra", 1_200, 256, "cyclegan", "horse2zebra-256", domains=("A", "B"), validation=130),
    papers=("cyclegan", "cogan", "pix2pix"),
)
