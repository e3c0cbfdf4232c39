"""Names of numbers as papers print them."""

import pytest

from ganbench.records.names import factor, headed, printed


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("fid50k", "FID"),
        ("fid50k_full", "FID"),
        ("fid_full@500", "FID"),
        ("sfid50k", "sFID"),
        ("kid_std@3", "KID, std"),
        ("is50k_mean", "IS"),
        ("pr50k3", "Precision and recall"),
        ("pr50k3_precision", "Precision"),
        ("pr50k3_full_recall", "Recall"),
        ("pr3@721_recall", "Recall"),
        ("dc5@100_density", "Density"),
        ("dc10k5_coverage", "Coverage"),
        ("ppl_zfull@100k", "PPL (Z, full)"),
        ("ppl2_wend@5k", "PPL (W, end)"),
        ("ls@10k", "Separability"),
        ("ls@10k_w", "Separability (W)"),
        ("eqt2k_int", "EQ-T"),
        ("eqt50k_frac", "EQ-T_frac"),
        ("eqr@9", "EQ-R"),
        ("eqt_int_translator", "EQ-T"),
        ("eqt_frac_latent@3", "EQ-T_frac (latent)"),
        ("lpips10k", "LPIPS"),
        ("lpips_reference", "LPIPS (reference)"),
        ("lpips10k_real_class", "LPIPS of reals, per class"),
        ("fid_translated@5", "FID"),
        ("cycle_latent_l1", "Cycle L1 (latent)"),
        ("fcn_class_iou", "Class IOU"),
        ("fid10k_psi0.7", "FID (psi 0.7)"),
        ("pr10k3_psi0.7_cut4_recall", "Recall (psi 0.7 in 4 layers)"),
        ("fid50k_class3", "FID (class 3)"),
        ("brightness1k", "brightness1k"),
        ("fidelity@3", "fidelity@3"),
        ("island", "island"),
        ("", ""),
    ],
)
def test_names_are_the_papers(key: str, name: str) -> None:
    assert printed(key) == name


@pytest.mark.parametrize(
    ("key", "heading"),
    [
        ("kid50k_full", "KID × 10³"),
        ("kid@500_psi0.7", "KID × 10³ (psi 0.7)"),
        ("kid50k_std", "KID × 10³, std"),
        ("fid50k", "FID"),
        ("kidney", "kidney"),
    ],
)
def test_the_factor_of_a_number_stands_in_its_heading(key: str, heading: str) -> None:
    assert headed(key) == heading
    assert factor(key) == (1000 if "10³" in heading else 1)
