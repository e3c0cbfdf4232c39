"""pix2pix's translations beside their ground truth; the paper's own numbers are FCN scores.

Deviation: the paper reports the FCN score of photos of Cityscapes, by a network that ganbench does not bring along: add
``--metrics fcn --extractor fcn:FILE``. What is measured here is what others compare paired translators by.
"""

from ganbench.benchmarks import Benchmark, Experiment

benchmark = Benchmark(
    name="pix2pix",
    description="Isola et al. 2017: similarity of translations and their ground truth, FID of translations",
    data=None,
    metrics=("ssim", "psnr", "lpips_paired", "l1_paired", "fid_translated"),
    short_names={
        "fid": "fid_translated",
        "lpips": "lpips_paired",
        "eqt": "eqt_int_translator",
        "eqr": "eqr_translator",
    },
    paper=(
        "Isola et al., Image-to-Image Translation with Conditional Adversarial Networks (CVPR 2017), arXiv:1611.07004"
    ),
    experiment=Experiment(
        "Cityscapes", 2_975, 256, "pix2pix", "cityscapes-256", domains=("A", "B"), validation=500, paired=True
    ),
    papers=("pix2pix",),
    sources=("pix2pix paper",),
)
