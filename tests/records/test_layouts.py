"""Tables laid out as those of papers."""

from typing import Any

import pytest

from ganbench.errors import BadInputError
from ganbench.records import render
from ganbench.records.layouts import LAYOUTS
from ganbench.records.table import Table, build
from tests.records.make import record, result


def titles(table: Table) -> list[str]:
    return [column.title for column in table.columns]


def of(*keys: str, **changes: Any) -> Any:
    """Return a record with a number of each key."""
    return record(*(result(key, metric=key.removesuffix("_z").removesuffix("_w")) for key in keys), **changes)


def test_disentanglement_has_path_lengths_and_separability_in_the_papers_order() -> None:
    keys = ("ls_w", "ppl2_wend@5k", "kid50k", "ls_z", "ppl_wfull", "fid50k", "ppl_zfull@100k", "ppl_zend")
    table = build([of(*keys)], layout="stylegan-disentanglement")
    assert titles(table) == [
        "FID",
        "Path length (Z, full)",
        "Path length (Z, end)",
        "Separability (Z)",
        "Path length (W, full)",
        "Path length (W, end)",
        "Separability (W)",
    ]
    assert table.head == "Method"
    assert table.notes[0] == ("", "Columns of Karras et al. 2019, Tables 3 and 4.")


def test_models_have_the_order_and_the_names_of_the_paper() -> None:
    records = [
        of("fid50k", name=name, at=at) for at, name in enumerate(("waves", "stylegan3", "stylegan2:x", "progan"))
    ]
    table = build(records, layout="stylegan-table1")
    assert [row.label for row in table.rows] == ["Progressive GAN", "StyleGAN3", "waves", "stylegan2:x"]
    table = build(records, layout="stylegan-table1", labels=[("progan", "baseline")])
    assert table.rows[0].label == "baseline"
    assert [row.label for row in build(records, models=["waves"], layout="stylegan-table1").rows] == ["waves"]


def test_a_column_that_no_record_has_is_left_out_and_named() -> None:
    table = build([of("fid50k_full", "eqr50k")], layout="stylegan3-equivariance")
    assert titles(table) == ["FID", "EQ-R"]
    assert table.notes[0][1] == "Columns of Karras et al. 2021, Figures 3 and 5, without EQ-T: no record has it."
    with pytest.raises(BadInputError, match="expected records with fcn_pixel_accuracy"):
        build([of("fid50k")], layout="cyclegan")


def test_what_a_model_cannot_have_is_a_dash_with_its_reason_in_a_layout_too() -> None:
    lacks = record(result(), missing={"eqr50k": "eqr50k: no input transform."})
    table = build([lacks], layout="stylegan3-equivariance")
    assert titles(table) == ["FID", "EQ-R"]
    assert ("-", "EQ-R of StyleGAN3: no input transform.") in table.notes


@pytest.mark.parametrize(
    ("layout", "keys", "headings"),
    [
        ("starganv2-table1", ["lpips_latent", "fid_latent"], ["FID", "LPIPS"]),
        (
            "starganv2-table2",
            ["lpips_reference", "fid_reference", "lpips_latent", "fid_latent@5"],
            ["FID, latent-guided", "LPIPS, latent-guided", "FID, reference-guided", "LPIPS, reference-guided"],
        ),
        (
            "cyclegan",
            ["fcn_class_iou", "fcn_pixel_accuracy", "fcn_class_accuracy"],
            ["Per-pixel acc.", "Per-class acc.", "Class IOU"],
        ),
        ("stylegan3-equivariance", ["eqr50k", "eqt50k_frac", "eqt50k_int", "fid50k_full"], ["FID", "EQ-T", "EQ-R"]),
    ],
)
def test_layouts_have_the_columns_of_their_tables(layout: str, keys: list[str], headings: list[str]) -> None:
    assert titles(build([of(*keys)], layout=layout)) == headings


def test_data_sets_are_columns_by_their_names() -> None:
    """As in Table 1 of StyleGAN: one FID for each data set, which no mark has to tell apart."""
    faces = {"name": "celebahq-1024", "fingerprint": "9" * 64, "count": 30_000}
    other = {**faces, "name": "ffhq-1024", "fingerprint": "8" * 64}
    one, two = of("fid50k", benchmark="stylegan1", data=faces), of("fid50k", benchmark="stylegan1", data=other, at=1)
    table = build([one, two], layout="stylegan-table1")
    assert titles(table) == ["FID, celebahq-1024", "FID, ffhq-1024"]
    assert [column.mark for column in table.columns] == ["", ""]
    assert table.details(0) == ()
    assert table.shared == "digits extractor, 50,000 samples"
    # Content that differs under one name, or another difference, is not told apart by the name.
    changed = of("fid50k", benchmark="stylegan1", data={**faces, "fingerprint": "7" * 64}, at=2)
    assert [column.mark for column in build([one, changed]).columns] == ["a", "b"]
    fewer = record(result(count=500), benchmark="stylegan1", data=other, at=3)
    assert [column.mark for column in build([one, fewer]).columns] == ["a", "b"]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("form", render.FORMATS)
def test_every_layout_is_printed_in_every_format(layout: str, form: str) -> None:
    keys = {"eqt_int": "eqt50k_int", "eqr": "eqr50k", "fid": "fid50k", "fid_full": "fid50k_full"}
    table = build([of(*(keys.get(name, name) for name in LAYOUTS[layout].columns))], layout=layout)
    text = render.FORMATS[form](table)
    assert all(heading in text for heading in LAYOUTS[layout].columns.values()) or form == "csv"
