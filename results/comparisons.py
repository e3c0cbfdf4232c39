"""The numbers behind each claim, and how they are compared: tables and comparisons, from records alone."""

from collections.abc import Callable, Mapping
from statistics import fmean, stdev

from ganbench.benchmarks.published import every
from ganbench.records.keys import title
from ganbench.records.record import Result, RunRecord
from results import evidence
from results.experiments import TRUNCATED
from results.judging import Comparison, result_of, shown
from results.trainings import SEEDS

Row = list[str]
Records = Mapping[str, RunRecord]  # by the name of the measurement, or of the embedded model, or MODEL-psi


def published(model: str, variant: str, metric: str, dataset: str) -> str:
    """Return a number of a paper as text; "-" where the table of published numbers has none."""
    found = [r.value for r in every() if (r.model, r.variant, r.metric, r.dataset) == (model, variant, metric, dataset)]
    return f"{found[0]:g}" if found else "-"


def seeds(records: Records, name: str, key: str) -> str:
    """Return the number of each training seed, and their mean and standard deviation, as text."""
    found = [result_of(records[f"{name}-seed{seed}"], key) for seed in SEEDS]
    values = [result.value for result in found]
    return f"{'; '.join(map(shown, found))} (mean {fmean(values):.4g}, spread {stdev(values):.2g})"


def entangled(records: Records) -> list[Row]:
    """Return path length and separability in both spaces."""
    keys = ("ppl_zfull@5k", "ppl_wfull@5k", "ls@10k_z", "ls@10k_w")
    return [["model", *map(title, keys)], *([m, *(shown(result_of(records[m], k)) for k in keys)] for m in TRUNCATED)]


def less_entangled(records: Records) -> list[Comparison]:
    """Compare w with z in each model."""
    return [
        Comparison(f"w against z, {name}", result_of(records[name], f"{w}"), result_of(records[name], z), "lower")
        for name in TRUNCATED
        for z, w in (("ppl_zfull@5k", "ppl_wfull@5k"), ("ls@10k_z", "ls@10k_w"))
    ]


DEPTHS = ("1", "2", "8")
DEPTH_KEYS = {"fid5k": "fid50k", "ppl_wfull@1k": "ppl_wfull", "ls@5k_w": "ls_w"}


def depths(records: Records) -> list[Row]:
    """Return the numbers of each depth of the mapping network, beside the paper's."""
    rows = [
        ["layers", *(f"{title(key)}, each seed" for key in DEPTH_KEYS), *(f"paper: {k}" for k in ("FID", "PPL", "LS"))]
    ]
    for depth in DEPTHS:
        variant = f"style-based depth {depth}" + (" (F)" if depth == "8" else "")
        paper = [published("stylegan", variant, metric, "ffhq") for metric in DEPTH_KEYS.values()]
        rows.append([depth, *(seeds(records, f"mapping{depth}", key) for key in DEPTH_KEYS), *paper])
    return rows


def deeper(records: Records) -> list[Comparison]:
    """Compare eight layers with fewer, seed by seed, where the paper has the better number for eight."""
    return [
        Comparison(
            f"8 layers against {depth}, seed {seed}",
            result_of(records[f"mapping8-seed{seed}"], key),
            result_of(records[f"mapping{depth}-seed{seed}"], key),
            "lower",
        )
        for key in ("fid5k", "ls@5k_w")
        for depth in ("1", "2")
        for seed in SEEDS
    ]


MIXING = "figures/claims/mixing.png"
PROBABILITIES = {"unmixed": ("0 %", "mixing 0% (E)"), "mapping8": ("90 %", "mixing 90% (F)")}


def mixed_names(name: str, seed: int) -> list[str]:
    """Return the measurements of a training, from one latent in an image to four."""
    return [f"{name}-seed{seed}", *(f"{name}-seed{seed}-of{count}" for count in evidence.MIXED)]


def mixtures(records: Records) -> list[Row]:
    """Return FID by the number of latents in an image, and by how much it rises from one to most."""
    counts = (1, *evidence.MIXED)
    heads = [f"FID5k, {n} latent{'s' * (n > 1)}" for n in counts]
    rows = [["mixing in training", "seed", *heads, f"rise from 1 to {counts[-1]}, 95 % interval"]]
    for name, (share, variant) in PROBABILITIES.items():
        for seed in SEEDS:
            found = [result_of(records[n], "fid5k") for n in mixed_names(name, seed)]
            rise = Comparison("", found[-1], found[0], "lower")
            rows.append([share, str(seed), *map(shown, found), rise.ends])
        paper = [published("stylegan", variant, f"fid50k_mix{n}latents", "ffhq") for n in counts]
        rows.append([f"{share}, paper (FFHQ)", "", *paper, f"{float(paper[-1]) - float(paper[0]):.4g}"])
    return rows


def mixed_curves(records: Records) -> dict[str, list[dict[int, Result]]]:
    """Return FID by the number of latents in an image, for each training."""
    return {
        share: [
            dict(
                zip(
                    (1, *evidence.MIXED), (result_of(records[n], "fid5k") for n in mixed_names(name, seed)), strict=True
                )
            )
            for seed in SEEDS
        ]
        for name, (share, _) in PROBABILITIES.items()
    }


def better_mixed(records: Records) -> list[Comparison]:
    """Compare trainings with and without mixing where latents are mixed in the test."""
    return [
        Comparison(
            f"90 % against 0 %, {count} latents, seed {seed}",
            result_of(records[f"mapping8-seed{seed}-of{count}"], "fid5k"),
            result_of(records[f"unmixed-seed{seed}-of{count}"], "fid5k"),
            "lower",
        )
        for count in evidence.MIXED
        for seed in SEEDS
    ]


EQUIVARIANT = {
    "fourier": ("StyleGAN2 with Fourier features", "stylegan2 (config-b: with Fourier features)"),
    "stylegan3-t": ("StyleGAN3-T", "stylegan3-t"),
    "stylegan3-r": ("StyleGAN3-R", "stylegan3-r"),
}
DECIBELS = ("eqt2k_int", "eqt2k_frac", "eqr1k")


def equivariance(records: Records) -> list[Row]:
    """Return FID and equivariance in dB."""
    rows = [["model", "FID10k", *(f"{title(key)} (dB)" for key in DECIBELS), "paper: EQ-T", "paper: EQ-R"]]
    for name, (label, variant) in EQUIVARIANT.items():
        paper = [published("stylegan3", variant, metric, "ffhqu") for metric in ("eqt50k_int", "eqr50k")]
        rows.append([label, *(shown(result_of(records[name], key)) for key in ("fid10k", *DECIBELS)), *paper])
    return rows


def more_equivariant(records: Records) -> list[Comparison]:
    """Compare StyleGAN3 with StyleGAN2, and in rotations also its two configurations."""
    pairs = [("stylegan3-t", "fourier", "eqt2k_int"), ("stylegan3-t", "fourier", "eqt2k_frac")]
    pairs += [("stylegan3-r", "fourier", key) for key in DECIBELS]
    pairs += [("stylegan3-r", "stylegan3-t", "eqr1k")]
    return [
        Comparison(f"{a} against {b}", result_of(records[a], key), result_of(records[b], key), "higher")
        for a, b, key in pairs
    ]


PSIS = ("_psi0.5", "_psi0.7", "")
SHARES = ("precision", "recall")


def truncated(records: Records) -> list[Row]:
    """Return precision, recall and FID by psi."""
    rows = [["model", "psi", "precision", "recall", "FID5k"]]
    for name in TRUNCATED:
        for psi in PSIS:
            keys = (*(f"pr5k3{psi}_{share}" for share in SHARES), f"fid5k{psi}")
            rows.append([name, psi[4:] or "1", *(shown(result_of(records[f"{name}-psi"], key)) for key in keys)])
    return rows


def traded(records: Records) -> list[Comparison]:
    """Compare truncated samples with untruncated ones."""
    return [
        Comparison(
            f"psi {psi[4:]} against 1, {name}",
            result_of(records[f"{name}-psi"], f"pr5k3{psi}_{share}"),
            result_of(records[f"{name}-psi"], f"pr5k3_{share}"),
            "higher" if share == "precision" else "lower",
        )
        for name in TRUNCATED
        for psi in PSIS[:2]
        for share in SHARES
    ]


DIVERSE = ("lpips_latent", "lpips_reference")


def diversity(records: Records) -> list[Row]:
    """Return the numbers with and without the diversity loss."""
    keys = (*DIVERSE, "fid_latent", "accuracy_latent", "accuracy_reference")
    names = (("0", "diversity0"), ("1", "diversity1"))
    rows = [[label, *(shown(result_of(records[name], key)) for key in keys)] for label, name in names]
    return [["lambda_ds", *map(title, keys)], *rows]


def more_diverse(records: Records) -> list[Comparison]:
    """Compare translations with and without the diversity loss."""
    a, b = records["diversity1"], records["diversity0"]
    return [Comparison("lambda_ds 1 against 0", result_of(a, key), result_of(b, key), "higher") for key in DIVERSE]


CYCLES = {"cycle0": ("0", "0"), "cycle10": ("10", "0"), "identity05": ("10", "0.5")}
KEPT = ("cycle_l1", "source_l1", "accuracy", "fid_translated")


def kept(*names: str) -> Callable[[Records], list[Row]]:
    """Return a function that tells what stays of the source, by the weights of the losses."""

    def table(records: Records) -> list[Row]:
        rows = [["lambda_cyc", "lambda_identity", "L1 there and back", "L1 to the source", "accuracy", "FID"]]
        rows += [[*CYCLES[name], *(shown(result_of(records[name], key)) for key in KEPT)] for name in names]
        return rows

    return table


def keeps(a: str, b: str, what: str) -> Callable[[Records], list[Comparison]]:
    """Return a function that compares what two trainings keep of the source."""

    def compare(records: Records) -> list[Comparison]:
        return [
            Comparison(what, result_of(records[a], key), result_of(records[b], key), "lower")
            for key in (("cycle_l1", "source_l1") if b == "cycle0" else ("source_l1",))
        ]

    return compare
