"""What the papers claim, checked on small models of digits: ``claims.md``, made from records alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ganbench.records.collect import collect
from ganbench.records.record import RunRecord
from ganbench.records.truncation import is_study
from results import comparisons, evidence, plots, trainings
from results.comparisons import EQUIVARIANT, MIXING, PROBABILITIES, Records, Row, mixed_names
from results.current import newest
from results.experiments import TRUNCATED
from results.judging import HEADS, Comparison, overall, told
from results.trainings import SEEDS

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
        compared = self.compare(records)
        parts = [f"{heading}: {overall(compared)}", says, commands(self.names, records), grid(self.table(records))]
        parts += [grid([list(HEADS), *(each.cells() for each in compared)]), self.remark]
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


PER_SEED = [f"{name}-seed{seed}" for name in ("mapping1", "mapping2", "mapping8") for seed in SEEDS]
MIXTURES = [each for name in PROBABILITIES for seed in SEEDS for each in mixed_names(name, seed)]
CYCLEGAN = "Zhu et al., Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks (ICCV 2017)"
CLAIMS = (
    Claim(
        "W is less entangled than Z",
        "Paths in w are perceptually shorter than paths in z, and attributes are more linearly separable in w.",
        f"{STYLEGAN}, section 4 and tables 3 and 4",
        TRUNCATED,
        comparisons.entangled,
        comparisons.less_entangled,
        "The attributes are the ten digits, each against the others. Both numbers of a row come from the same model, "
        "whose errors are taken as independent.",
    ),
    Claim(
        "Eight mapping layers are better than one and two",
        "FID and separability improve with the depth of the mapping network; the path length in w does not.",
        f"{STYLEGAN}, table 4",
        PER_SEED,
        comparisons.depths,
        comparisons.deeper,
        "Two training seeds; the spread is their standard deviation, which the intervals of the samples do not hold. "
        "The trainings are so short that FID is still far from its end.",
    ),
    Claim(
        "Style mixing in training makes mixed images better",
        "A network that was trained on mixed styles tolerates images of several latents better.",
        f"{STYLEGAN}, section 3.1 and table 2",
        MIXTURES,
        comparisons.mixtures,
        comparisons.better_mixed,
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
        comparisons.equivariance,
        comparisons.more_equivariant,
        "One training seed each.",
    ),
    Claim(
        "Truncation trades recall for precision",
        "Samples nearer to the mean of w are of higher quality and less varied.",
        f"{STYLEGAN}, appendix B; measured so by Kynkäänniemi et al., Improved Precision and Recall Metric for "
        "Assessing Generative Models (NeurIPS 2019), section 4",
        tuple(f"{name}-psi" for name in TRUNCATED),
        comparisons.truncated,
        comparisons.traded,
        figure=("figures/stylegan2-psi/truncation.png", "StyleGAN2: FID, precision and recall against psi."),
    ),
    Claim(
        "The diversity loss raises LPIPS",
        "The diversity sensitive loss makes outputs of one source, in different styles, differ more.",
        "Choi et al., StarGAN v2: Diverse Image Synthesis for Multiple Domains (CVPR 2020), section 3.2 and table 1, "
        "(E) against (F)",
        ("diversity0", "diversity1"),
        comparisons.diversity,
        comparisons.more_diverse,
        "One training seed each, and too short: the accuracy is that of chance, so that neither translates yet. The "
        "embedded StarGAN v2, which was trained with the loss and much longer, is in tables/starganv2.md.",
    ),
    Claim(
        "The cycle loss keeps the source",
        "Without cycle consistency, nothing ties a translation to its source.",
        f"{CYCLEGAN}, section 5.1.4 and table 4",
        ("cycle0", "cycle10"),
        comparisons.kept("cycle0", "cycle10"),
        comparisons.keeps("cycle10", "cycle0", "lambda_cyc 10 against 0"),
        "One training seed each. L1 is on the scale -1..1; to the source it is that between a three and the eight that "
        "is made of it.",
    ),
    Claim(
        "The identity loss keeps more of the source",
        "With the identity loss a translation stays nearer to its source: colours in the paper, strokes here.",
        f"{CYCLEGAN}, section 5.2 and figure 9",
        ("cycle10", "identity05"),
        comparisons.kept("cycle10", "identity05"),
        comparisons.keeps("identity05", "cycle10", "lambda_identity 0.5 against 0"),
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
        plots.mixing(comparisons.mixed_curves(records), folder / MIXING)
