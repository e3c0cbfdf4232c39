"""StarGAN's translations of test images: FID, and the error of images translated there and back.

The paper reports votes of people and the error of a classifier of expressions that it trained on RaFD, neither of which
is here; with a classifier whose classes are called like the domains, ``accuracy`` measures the same.
"""

from ganbench.benchmarks import Benchmark, Experiment

EXPRESSIONS = ("angry", "contemptuous", "disgusted", "fearful", "happy", "neutral", "sad", "surprised")

benchmark = Benchmark(
    name="stargan",
    description="Choi et al. 2018: FID over all pairs of domains, error of images translated there and back",
    data=None,
    metrics=("fid_translated", "cycle"),
    short_names={"fid": "fid_translated", "eqt": "eqt_int_translator", "eqr": "eqr_translator"},
    paper="Choi et al., StarGAN: Unified Generative Adversarial Networks for Multi-Domain Image-to-Image Translation "
    "(CVPR 2018), arXiv:1711.09020",
    experiment=Experiment("RaFD", 543, 128, "stargan", "rafd-128", domains=EXPRESSIONS, validation=60),
)
