"""Layouts of papers' tables: their columns, in order and by the papers' names, and the order and names of models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ganbench.errors import BadInputError
from ganbench.records import keys
from ganbench.records.notes import Note
from ganbench.records.record import RunRecord

STYLEGANS = {"progan": "Progressive GAN", "stylegan1": "StyleGAN", "stylegan2": "StyleGAN2", "stylegan3": "StyleGAN3"}
FROM_Z_TO_W = {
    "ppl_zfull": "Path length (Z, full)",
    "ppl_zend": "Path length (Z, end)",
    "ls_z": "Separability (Z)",
    "ppl_wfull": "Path length (W, full)",
    "ppl_wend": "Path length (W, end)",
    "ls_w": "Separability (W)",
}


@dataclass(frozen=True)
class Layout:
    """A paper's table.

    Attributes:
        source: paper and table.
        columns: short names of metrics -> headings.
        models: names of models that come first, in order -> as the paper calls them.
        head: what the rows are.
    """

    source: str
    columns: Mapping[str, str]
    models: Mapping[str, str] = field(default_factory=lambda: STYLEGANS)
    head: str = "Method"


LAYOUTS: Mapping[str, Layout] = {
    "stylegan-table1": Layout("Karras et al. 2019, Table 1", {"fid": "FID"}),
    "stylegan-disentanglement": Layout("Karras et al. 2019, Tables 3 and 4", {"fid": "FID", **FROM_Z_TO_W}),
    "stylegan3-equivariance": Layout(
        "Karras et al. 2021, Figures 3 and 5",
        {"fid": "FID", "fid_full": "FID", "eqt_int": "EQ-T", "eqr": "EQ-R"},
        head="Configuration",
    ),
    "starganv2-table1": Layout(
        "Choi et al. 2020, Table 1", {"fid_latent": "FID", "lpips_latent": "LPIPS"}, {"starganv2": "StarGAN v2"}
    ),
    "starganv2-table2": Layout(
        "Choi et al. 2020, Tables 2 and 3",
        {
            "fid_latent": "FID, latent-guided",
            "lpips_latent": "LPIPS, latent-guided",
            "fid_reference": "FID, reference-guided",
            "lpips_reference": "LPIPS, reference-guided",
        },
        {"munit": "MUNIT", "drit": "DRIT", "msgan": "MSGAN", "starganv2": "StarGAN v2"},
    ),
    "cyclegan": Layout(
        "Zhu et al. 2017, Tables 2 to 5",
        {
            "fcn_pixel_accuracy": "Per-pixel acc.",
            "fcn_class_accuracy": "Per-class acc.",
            "fcn_class_iou": "Class IOU",
        },
        {"cogan": "CoGAN", "cyclegan": "CycleGAN", "pix2pix": "pix2pix"},
        head="Loss",
    ),
}


@dataclass(frozen=True)
class Filled:
    """What of a layout is in some records.

    Attributes:
        columns: keys of numbers -> headings, in order.
        models: names of all models, in order.
        labels: pairs of a model and its name in the paper.
        notes: what is not there.
        head: what the rows are.
    """

    columns: Mapping[str, str]
    models: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    notes: tuple[Note, ...]
    head: str


def filled(name: str, records: Sequence[RunRecord]) -> Filled:
    """Return what of a layout is in records.

    Raises:
        BadInputError: nothing is.
    """
    layout = LAYOUTS[name]
    known = {result.key: result.metric for record in records for result in record.results}
    known |= {missing: missing for record in records for missing in record.missing if missing not in known.values()}
    columns: dict[str, str] = {}
    absent: dict[str, None] = {}
    for metric, heading in layout.columns.items():
        found = [key for key in known if _is(key, metric)]
        columns |= dict.fromkeys(found, heading)
        absent |= {} if found else {heading: None}
    if not columns:
        raise BadInputError(
            f"expected records with {', '.join(layout.columns)} for --layout {name}, found none: measure one of these."
        )
    names = list(dict.fromkeys(record.model["name"] for record in records))
    first = [model for model in layout.models if model in names]
    left_out = ", ".join(heading for heading in absent if heading not in columns.values())
    return Filled(
        columns,
        (*first, *(model for model in names if model not in first)),
        tuple((model, layout.models[model]) for model in first),
        (("", f"Columns of {layout.source}" + (f", without {left_out}: no record has it." if left_out else ".")),),
        layout.head,
    )


def _is(key: str, metric: str) -> bool:
    """Return whether a key is of a metric with any sample count; path lengths may be of uncropped images."""
    return metric in (keys.countless(key), keys.countless(key).replace("ppl2_", "ppl_", 1))
