"""Names of numbers as papers print them, such as ``PPL (W, end)`` for ``ppl2_wend@5k``."""

import re

from ganbench.records.keys import countless

THOUSANDTHS = " × 10³"  # behind a name whose numbers stand multiplied by 1000

_TRUNCATED = re.compile(r"_psi(-?[\d.]+)(?:_cut(\d+))?")
_OF_CLASS = re.compile(r"_class(\d+)")
_WAYS = re.compile(r"(.+)_(latent|reference|translated|translator|paired)(_.+)?")

# Keys without counts, neighbours, ``_full`` and the ``2`` of uncropped path lengths.
NAMES = {
    "fid": "FID",
    "fid_per_class": "FID per class",
    "fid_inf": "FID-inf",
    "sfid": "sFID",
    "mifid": "MiFID",
    "cmmd": "CMMD",
    "kid": "KID",
    "kid_std": "KID, std",
    "is": "IS",
    "is_mean": "IS",
    "is_std": "IS, std",
    "is_inf": "IS-inf",
    "pr": "Precision and recall",
    "pr_precision": "Precision",
    "pr_recall": "Recall",
    "dc": "Density and coverage",
    "dc_density": "Density",
    "dc_coverage": "Coverage",
    "vendi": "Vendi",
    "memorization_nearer": "Nearer to training",
    "memorization_authenticity": "Authenticity",
    **{f"ppl_{space}{where}": f"PPL ({space.upper()}, {where})" for space in "zw" for where in ("full", "end")},
    "ls": "Separability",
    **{f"ls_{space}": f"Separability ({space.upper()})" for space in "zw"},
    "eqt_int": "EQ-T",
    "eqt_frac": "EQ-T_frac",
    "eqr": "EQ-R",
    "lpips": "LPIPS",
    "lpips_real": "LPIPS of reals",
    "lpips_real_class": "LPIPS of reals, per class",
    "accuracy": "Accuracy",
    "cycle_l1": "Cycle L1",
    "cycle_lpips": "Cycle LPIPS",
    "fcn_pixel_accuracy": "Per-pixel acc.",
    "fcn_class_accuracy": "Per-class acc.",
    "fcn_class_iou": "Class IOU",
    "ssim": "SSIM",
    "psnr": "PSNR",
    "l1": "L1",
}


def printed(key: str) -> str:
    """Return a key as papers print it, without its sample count; a name that ganbench does not have is unchanged.

    How translations are made stands in brackets, as in ``FID (latent)``, and so does the truncation of samples.
    """
    rest, added = re.sub(r"^(pr|dc)\d+|_full(?=_|$)|(?<=^ppl)2", r"\1", countless(key)), []
    if at := _TRUNCATED.search(rest):
        added.append(f"psi {at[1]}" + (f" in {at[2]} layers" if at[2] else ""))
        rest = rest.replace(at[0], "", 1)
    if of := _OF_CLASS.search(rest):
        added.append(f"class {of[1]}")
        rest = rest.replace(of[0], "", 1)
    if way := _WAYS.fullmatch(rest):
        added += [way[2]] if way[2] in ("latent", "reference") else []
        rest = way[1] + (way[3] or "")
    name = NAMES.get(rest)
    if name is None:
        return key
    return f"{name} ({', '.join(added)})" if added else name


def factor(key: str) -> int:
    """Return what papers multiply a number by before they print it: 1000 for KID, and 1 for all others."""
    return 1000 if printed(key).startswith("KID") else 1


def headed(key: str) -> str:
    """Return the heading of a number that stands multiplied by its ``factor``, such as ``KID × 10³``."""
    name = printed(key)
    return name.replace("KID", f"KID{THOUSANDTHS}", 1) if factor(key) != 1 else name
