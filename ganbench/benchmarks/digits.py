"""The embedded benchmark: scikit-learn's digits, with a classifier of digits in place of Inception and VGG16."""

from ganbench.benchmarks import Benchmark, Experiment

benchmark = Benchmark(
    name="digits",
    description="scikit-learn's handwritten digits at 32x32, scored by a digit classifier: nothing to download",
    data="digits",
    metrics=("fid50k", "ppl2_wend@5k", "eqt2k_int"),
    short_names={
        "fid": "fid50k",
        "kid": "kid50k",
        "is": "is50k",
        "pr": "pr10k3",
        "ppl": "ppl2_wend@5k",
        "eqt": "eqt2k_int",
        "eqr": "eqr1k",
        "cmmd": "cmmd30k",
        "dc": "dc10k5",
        "mifid": "mifid50k",
        "memorization": "memorization50k",
        "vendi": "vendi50k",
        "ls": "ls@10k",
        "lpips": "lpips10k",
        "lpips_real": "lpips10k_real",
    },
    extractors={
        "inception": "digits",
        "inception-torchvision": "digits",
        "vgg16": "digits",
        "lpips-vgg16": "digits",
        "lpips-alex": "digits",
        "lpips-alex-stargan": "digits",
        "celebahq": "digits",
        "clip-l14-336": "digits",
    },
    embedded=True,
    experiment=Experiment("digits", 1_442, 32, "stylegan3", "digits32"),
)
