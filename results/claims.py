"""What the papers claim, checked on small models of digits: ``claims.md``, made from records alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev

from ganbench.benchmarks.published import every
from ganbench.records.collect import collect
from ganbench.records.keys import title
from ganbench.records.record import Result, RunRecord
from results import evidence, plots, trainings
from results.current import is_study, newest
from results.experiments import TRUNCATED
from results.judging import HEADS, Comparison, overall, result_of, shown, told
from results.trainings import SEEDS

Row = list[str]
Records = Mapping[str, RunRecord]  # by the name of the measurement, or of the embedded model, or MODEL-psi
STYLEGAN = "Karras et al., A Style-Based Generator Architecture for Generative Adversarial Networks (CVPR 2019)"


@dataclass(frozen=True)
class Claim:
    """A claim, and how it is checked.

    Attributes:
        title: a few words.
        says: what the paper says.
        source: paper and table.
        names: the measurements that it needs, of ``evidence`` or of embedded models.
        table: returns the head and the rows of the numbers.
        compare: returns the comparisons.
        remark: what limits the experiment.
        figure: path below ``results`` and its description; "" for none.
    """

    title: str
    says: str
    source: str
    names: Sequence[str]
    table: Callable[[Records], list[Row]]
    compare: Callable[[Records], list[Comparison]]
    remark: str = ""
    figure: tuple[str, str] = ("", "")

    def markdown(self, number: int, records: Records) -> str:
        """Return the section of the claim, or why it cannot be judged."""
        missing = [name for name in self.names if name not in records]
        heading, says = f"## {number}. {self.title}", f"{self.says} *{self.source}.*"
        if missing:
            return f"{heading}: not measured\n\n{says}\n\nNo records of {', '.join(missing)}.\n"
        comparisons = self.compare(records)
        parts = [f"{heading}: {overall(comparisons)}", says, commands(self.names, records), grid(self.table(records))]
        parts += [grid([list(HEADS), *(each.cells() for each in comparisons)]), self.remark]
        parts += [f"![{self.figure[1]}]({self.figure[0]})\n\n{self.figure[1]}"] if self.figure[0] else []
        return "\n\n".join(filter(None, parts)) + "\n"


def grid(rows: Sequence[Row]) -> str:
    """Return a table in Markdown; the first row is its head."""
    lines = [rows[0], ["---", *("---:" for _ in rows[0][1:])], *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def commands(names: Sequence[str], records: Records) -> str:
    """Return the command lines of trainings and measurements, each once."""
    trained = [f"ganbench {' '.join(trainings.line(name))}" for name in names if name in trainings.TRAININGS]
    measured = [" ".join(records[name].command) for name in names]
    return "```bash\n" + "\n".join(dict.fromkeys([*trained, *measured])) + "\n```"


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


PER_SEED = [f"{name}-seed{seed}" for name in ("mapping1", "mapping2", "mapping8") for seed in SEEDS]
MIXTURES = [each for name in PROBABILITIES for seed in SEEDS for each in mixed_names(name, seed)]
CYCLEGAN = "Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks (ICCV 2017)"
CLAIMS = (
    Claim(
        "W is less entangled than Z",
        "Paths in w are perceptually shorter than paths in z, and attributes are more linearly separable in w.",
        f"{STYLEGAN}, section 4 and tables 3 and 4",
        TRUNCATED,
        entangled,
        less_entangled,
        "The attributes are the ten digits, each against the others. Both numbers of a row come from the same model, "
        "whose errors are taken as independent.",
    ),
    Claim(
        "Eight mapping layers are better than one and two",
        "FID and separability improve with the depth of the mapping network; the path length in w does not.",
        f"{STYLEGAN}, table 4",
        PER_SEED,
        depths,
        deeper,
        "Two training seeds; the spread is their standard deviation, which the intervals of the samples do not hold. "
        "The trainings are so short that FID is still far from its end.",
    ),
    Claim(
        "Style mixing in training makes mixed images better",
        "A network that was trained on mixed styles tolerates images of several latents better.",
        f"{STYLEGAN}, section 3.1 and table 2",
        MIXTURES,
        mixtures,
        better_mixed,
        "With one latent the paper sees no difference, and none is asked for here. In trainings as short as these, a "
        "network that mixes styles is behind one that does not at one latent already; what mixing costs in the test is "
        "the last column.",
        (MIXING, "FID of images that mix several latents; style mixing in 0 % and 90 % of the training."),
    ),
    Claim(
        "StyleGAN3 is more equivariant than StyleGAN2 with Fourier features",
        "EQ-T rises from configuration B to StyleGAN3-T and -R, and EQ-R rises to StyleGAN3-R alone.",
        "Karras et al., Alias-Free Generative Adversarial Networks (NeurIPS 2021), figure 5 left",
        tuple(EQUIVARIANT),
        equivariance,
        more_equivariant,
        "One training seed each.",
    ),
    Claim(
        "Truncation trades recall for precision",
        "Samples nearer to the mean of w are of higher quality and less varied.",
        f"{STYLEGAN}, appendix B; measured so by Kynkäänniemi et al., Improved Precision and Recall Metric for "
        "Assessing Generative Models (NeurIPS 2019), section 4",
        tuple(f"{name}-psi" for name in TRUNCATED),
        truncated,
        traded,
        figure=("figures/stylegan2-psi/truncation.png", "StyleGAN2: FID, precision and recall against psi."),
    ),
    Claim(
        "The diversity loss raises LPIPS",
        "The diversity sensitive loss makes outputs of one source, in different styles, differ more.",
        "Choi et al., StarGAN v2: Diverse Image Synthesis for Multiple Domains (CVPR 2020), section 3.2 and table 1, "
        "(E) against (F)",
        ("diversity0", "diversity1"),
        diversity,
        more_diverse,
        "One training seed each, and too short: the accuracy is that of chance, so that neither translates yet. The "
        "embedded StarGAN v2, which was trained with the loss and much longer, is in tables/starganv2.md.",
    ),
    Claim(
        "The cycle loss keeps the source",
        "Without cycle consistency, nothing ties a translation to its source.",
        f"{CYCLEGAN}, section 5.1.4 and table 4",
        ("cycle0", "cycle10"),
        kept("cycle0", "cycle10"),
        keeps("cycle10", "cycle0", "lambda_cyc 10 against 0"),
        "One training seed each. L1 is on the scale -1..1; to the source it is that between a three and the eight that "
        "is made of it.",
    ),
    Claim(
        "The identity loss keeps more of the source",
        "With the identity loss a translation stays nearer to its source: colours in the paper, strokes here.",
        f"{CYCLEGAN}, section 5.2 and figure 9",
        ("cycle10", "identity05"),
        kept("cycle10", "identity05"),
        keeps("identity05", "cycle10", "lambda_identity 0.5 against 0"),
        "One training seed each.",
    ),
)
INTRODUCTION = """# What the papers claim

Each claim was checked on small models of digits at 32x32: on those that ship with ganbench, or on pairs of short
trainings that differ in one setting. A verdict holds at this scale, of these trainings, and by the digit classifier
that stands in for Inception. This file is made from records by `python -m results.make --only claims`.

± is half of the 95 % interval of the sampling error. In a comparison the errors of both samples add in squares; those
of the reals, which are the same, are left out. A comparison whose interval holds 0 is no evidence. A claim is confirmed
if more than half of its comparisons are and none goes the other way beyond its interval; if one does, it is not. The
spread between training seeds is another error: it stands beside the numbers where there are two seeds, and where there
is one it is not known.
"""


def records_of(folder: Path) -> dict[str, RunRecord]:
    """Return the records that claims rest on, by name: those of trainings, and the newest of the embedded models."""
    known = newest(collect([folder]))
    embedded = {record.model["name"]: record for record in known if not is_study(record) and _is_whole(record)}
    studies = {f"{record.model['name']}-psi": record for record in known if is_study(record)}
    return {**embedded, **studies, **evidence.found(folder / "claims")}


def _is_whole(record: RunRecord) -> bool:
    return any(result.key == "ppl_wfull@5k" for result in record.results)


def sections(records: Records) -> Iterator[str]:
    """Yield the parts of ``claims.md``."""
    yield INTRODUCTION
    rows = [["claim", "verdict"]]
    for claim in CLAIMS:
        known = all(name in records for name in claim.names)
        rows.append([claim.title, told(claim.compare(records)) if known else "not measured"])
    yield grid(rows) + "\n"
    for number, claim in enumerate(CLAIMS, 1):
        yield claim.markdown(number, records)


def write(folder: Path) -> None:
    """Write ``claims.md`` and its figure into the folder of the results."""
    records = records_of(folder)
    (folder / "claims.md").write_text("\n".join(sections(records)), encoding="utf-8")
    if all(name in records for name in MIXTURES):
        plots.mixing(mixed_curves(records), folder / MIXING)
