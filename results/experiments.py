"""What is measured and drawn of the embedded models, as command lines of ganbench."""

from collections.abc import Mapping

GENERATOR = (
    "fid,kid,is,pr,dc,mifid,memorization,vendi,ppl_zfull@5k,ppl_wfull@5k,ppl,ls,lpips,lpips_real,eqt,eqt2k_frac,eqr"
)
TRANSLATOR = "fid,accuracy,cycle,eqt_int_translator,eqt_frac_translator,eqr_translator"
STYLE_TRANSLATOR = (
    "fid_latent,lpips_latent,fid_reference,lpips_reference,accuracy_latent,accuracy_reference,cycle_latent,"
    "cycle_reference,eqt_int_latent,eqt_frac_latent,eqr_latent,lpips10k_real_class,lpips10k_real"
)
PAIRED = "ssim,psnr,lpips_paired,l1_paired,fid_translated"

RUNS: Mapping[str, str] = {  # model -> every metric that applies to it
    "progan": GENERATOR,
    "stylegan1": GENERATOR,
    "stylegan2": GENERATOR,
    "stylegan3": GENERATOR,
    "stargan": TRANSLATOR,
    "starganv2": STYLE_TRANSLATOR,
    "cyclegan": TRANSLATOR,
    "pix2pix": PAIRED,
}
TRUNCATED = ("stylegan1", "stylegan2", "stylegan3")
PSI = "0.5,0.7,0.85,1"
TABLES: Mapping[str, tuple[str, ...]] = {  # file -> models side by side
    "digits": ("progan", "stylegan1", "stylegan2", "stylegan3"),
    "stargan": ("stargan",),
    "starganv2": ("starganv2",),
    "cyclegan": ("cyclegan",),
    "pix2pix": ("pix2pix",),
}
FIGURES: Mapping[str, tuple[str, tuple[str, ...]]] = {  # folder -> command line, and what is kept of its files
    **{
        f"{model}-grid": (f"generate --model {model} --grid 16x8", ("grid.png",))
        for model in ("progan", "stylegan1", "stylegan2", "stylegan3")
    },
    "stylegan3-truncation": ("generate --model stylegan3 --seeds 0-7 --sweep 0,0.3,0.5,0.7,1", ("sweep.png",)),
    "stylegan3-mixing": ("generate --model stylegan3 --mix-rows 0-4 --mix-cols 10-16", ("mixing.png",)),
    "stylegan3-walk": ("generate --model stylegan3 --walk w --seeds 0,1,2,3 --steps 12 --format png", ("walk.png",)),
    "starganv2/latent": (
        "translate --model starganv2 --input digit-domains --target 5 --latents 8 --limit 10",
        ("to-5-latent.png",),
    ),
    "starganv2/reference": (
        "translate --model starganv2 --input digit-domains --target 5 --reference digit-domains --limit 10",
        ("to-5-reference.png",),
    ),
    "starganv2/walk": (
        "translate --model starganv2 --input digit-domains --target 7 --latents 4 --walk 6",
        ("to-7-latent-walk.png",),
    ),
    "stargan": ("translate --model stargan --input digit-domains --target 5 --limit 12", ("to-5.png",)),
    "cyclegan": (
        "translate --model cyclegan --input digit-domains:3,8 --target all --limit 12",
        ("to-3.png", "to-8.png"),
    ),
    "pix2pix": ("translate --model pix2pix --input digit-edges --target digits --limit 12", ("to-digits.png",)),
}


def measuring(model: str) -> list[str]:
    """Return the command line that measures a model."""
    return ["run", "--model", model, "--metrics", RUNS[model], "--allow-missing"]


def truncating(model: str, folder: str) -> list[str]:
    """Return the command line that measures a model at several truncations, with a plot in a folder."""
    return ["truncation", "--model", model, "--metrics", "fid5k,pr5k3", "--psi", PSI, "--out", folder]
