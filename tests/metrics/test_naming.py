"""Names of metrics: standard ones, any count, short ones, and what a limit makes of them."""

import pytest

from ganbench import registry
from ganbench.counts import parse_count, show_count
from ganbench.errors import BadInputError, UnknownNameError
from ganbench.inputs import Samples
from ganbench.metrics import Metric, resolve

STANDARD = (
    "fid50k fid50k_full kid50k kid50k_full is50k pr50k3 pr50k3_full ppl_zfull ppl_wfull ppl_zend ppl_wend "
    "ppl2_zfull ppl2_wfull ppl2_zend ppl2_wend eqt50k_int eqt50k_frac eqr50k"
).split()


@pytest.mark.parametrize("name", STANDARD)
def test_standard_names_are_there_with_the_official_count(name: str) -> None:
    metric = resolve(name)
    assert isinstance(metric, Metric)
    assert (metric.name, metric.count) == (name, 50_000)
    assert name in registry.names("metrics")


def test_separability_takes_four_times_as_many_and_keeps_half() -> None:
    found = resolve("ls")
    assert (found.name, found.count, found.keep) == ("ls", 200_000, 0.5)  # type: ignore[attr-defined]
    assert resolve("ls@2k").count == 2000


@pytest.mark.parametrize(
    ("name", "standard", "count"),
    [
        ("fid10k", "fid50k", 10_000),
        ("fid10k_full", "fid50k_full", 10_000),
        ("pr5k3", "pr50k3", 5_000),
        ("pr5k3_full", "pr50k3_full", 5_000),
        ("eqt2k_int", "eqt50k_int", 2_000),
        ("eqr1k", "eqr50k", 1_000),
        ("ppl2_wend@5k", "ppl2_wend", 5_000),
        ("ppl_zfull@123", "ppl_zfull", 123),
        ("fid50k@500", "fid50k", 500),
        ("fid@500", "fid50k", 500),
        ("eqt_int@20", "eqt50k_int", 20),
        ("pr3_full@500", "pr50k3_full", 500),
    ],
)
def test_any_count_by_name_changes_the_count_alone(name: str, standard: str, count: int) -> None:
    metric, parent = resolve(name), resolve(standard)
    assert metric.count == count
    ours, theirs = vars(metric), vars(parent)
    assert type(metric) is type(parent)
    assert {k: v for k, v in ours.items() if k not in ("name", "count")} == {
        k: v for k, v in theirs.items() if k not in ("name", "count")
    }


@pytest.mark.parametrize(
    ("name", "limit", "result"),
    [
        ("fid50k", 500, "fid@500"),
        ("fid50k_full", 500, "fid_full@500"),
        ("pr50k3", 1000, "pr3@1k"),
        ("eqt50k_int", 64, "eqt_int@64"),
        ("ppl2_wend", 64, "ppl2_wend@64"),
        ("fid10k", 50_000, "fid10k"),
        ("eqt2k_int", 64, "eqt_int@64"),
    ],
)
def test_a_limit_renames_the_result_and_its_name_resolves_to_the_same(name: str, limit: int, result: str) -> None:
    limited = resolve(name, limit=limit)
    assert limited.name == result
    assert limited == resolve(result)


@pytest.mark.parametrize("name", ["fid10k", "fid50k_full", "kid5k", "is@500", "pr10k3"])
def test_a_truncation_at_the_end_changes_that_and_the_name_alone(name: str) -> None:
    plain, truncated = vars(resolve(name)), vars(resolve(f"{name}_psi0.70_cut4"))
    changes = {"name": f"{name}_psi0.7_cut4", "truncation_psi": 0.7, "truncation_cutoff": 4}
    assert truncated == {**plain, **changes}
    assert resolve(f"{name}_psi1") == resolve(name)
    source, other = (resolve(it).inputs()["fake"].source for it in (name, f"{name}_psi0.7"))
    assert (source, other) == (Samples(), Samples(0.7))


def test_a_truncation_goes_with_limits_and_short_names() -> None:
    short = {"fid": "fid10k", "low": "fid10k_psi0.5"}
    assert resolve("fid_psi0.7", short_names=short).name == "fid10k_psi0.7"
    assert resolve("fid_psi0.7", short_names=short, limit=64).name == "fid@64_psi0.7"
    assert resolve("fid@64_psi0.7") == resolve("fid50k_psi0.7", limit=64)
    assert [resolve(name, short_names=short).name for name in ("low", "low_psi0.7")] == [
        "fid10k_psi0.5",
        "fid10k_psi0.7",
    ]


@pytest.mark.parametrize("name", ["ppl2_wend_psi0.7", "eqt50k_int_psi0.7", "brightness1k_psi0.7", "fid50k_psi1e999"])
def test_what_cannot_be_truncated_is_refused(name: str) -> None:
    with pytest.raises(BadInputError, match=r"expected no truncation for|from -100 to 100, found inf"):
        resolve(name)


def test_short_names_are_the_benchmarks() -> None:
    assert resolve("ppl", short_names={"ppl": "ppl2_wend@5k"}).name == "ppl2_wend@5k"
    assert resolve("ppl@20", short_names={"ppl": "ppl2_wend@5k"}) == resolve("ppl2_wend@20")
    with pytest.raises(UnknownNameError):
        resolve("ppl")


@pytest.mark.parametrize(
    ("typed", "meant"), [("fid50", "fid50k"), ("eqt50k_in", "eqt50k_int"), ("pp_zfull", "ppl_zfull")]
)
def test_a_misspelt_name_is_answered_with_the_nearest(typed: str, meant: str) -> None:
    with pytest.raises(UnknownNameError, match=f"{typed}.*did you mean.*{meant}"):
        resolve(typed)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("fid@64_class2", "add --class"),
        ("fid50k_psi0.7_class2", "add --class"),
        ("fid@64_psinan", "psi as a number"),
        ("fid50k_psi.7", "psi as a number"),
        ("fid@64_cut3", "a cutoff after psi"),
        ("kid@5_std", "did you mean kid@5, all"),
        ("fid50k_ful", "did you mean fid50k_full"),
    ],
)
def test_a_part_that_no_name_has_is_answered_with_what_to_write(typed: str, told: str) -> None:
    with pytest.raises(UnknownNameError, match=f"{typed}.*{told}"):
        resolve(typed)


@pytest.mark.parametrize("name", ["fid@0", "fid@", "fid@x", "fid@-5", "fid50k@1.5", "fid0k"])
def test_a_count_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(BadInputError, match="expected a sample count from 1 to"):
        resolve(name)


@pytest.mark.parametrize("count", [1, 999, 1000, 1500, 50_000])
def test_counts_survive_being_shown(count: int) -> None:
    assert parse_count(show_count(count)) == count
