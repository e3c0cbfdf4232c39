"""The page of records: everything is there, nothing is fetched, and no name gets out of its element."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from ganbench.records.record import Interval, Result, RunRecord
from ganbench.records.store import Store, read
from ganbench.report import Figure, Portrait, breakdown, page, plots
from ganbench.report.groups import grouped, number
from tests.records.make import record, result

EVIL = "</td><script>alert(1)</script>\"onload='x'<!--&"
RESULTS = Path(__file__).resolve().parents[2] / "results" / "records"


def within(value: float, error: float) -> Interval:
    return Interval(low=value - error, high=value + error, level=0.95, method="jackknife")


class Elements(HTMLParser):
    """The elements of a page, with their attributes; fails where a tag is not closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)
        assert not self.open, self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "img", "line", "circle", "polyline", "polygon"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def named(self, name: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes in self.found if tag == name)


def models() -> list[RunRecord]:
    fid = result(value=2.0, interval=within(2.0, 0.1), bias=0.4, errors={"samples": 0.05})
    pairs = {f"{a}->{b}": a + b / 7 for a in range(5) for b in range(5) if a != b}
    return [
        record(fid, result("kid50k", 0.5), name="first", missing={"eqt2k_int": "it has no input transform."}),
        record(
            replace(fid, value=2.05, interval=within(2.05, 0.1)), name="second", at=1, warnings=["looks like 0..1."]
        ),
        record(replace(fid, value=3.0, interval=within(3.0, 0.1), parts=pairs), name="third", at=2),
    ]


def test_every_number_is_shown_with_where_it_comes_from() -> None:
    made = models()
    html = page(made)
    for one in made:
        for each in one.results:
            assert f"{each.value:.10g}" in html
            assert f"<code>{each.key}</code>" in html
        assert one.model["sha256"] in html
        assert one.id in html
    for text in ("2.00", "± 0.10", "It has no input transform".lower(), "Warning: looks like 0..1.", "1.60 instead of"):
        assert text in html, text
    assert "4.43" in html  # of the pair 4->3
    Elements(html)


def test_kid_is_in_thousandths_under_a_heading_that_says_so_and_in_full_as_measured() -> None:
    kid = result("kid50k", 0.00123, interval=within(0.00123, 0.00045))
    html = page([record(kid, name="a"), record(replace(kid, value=0.0031, interval=within(0.0031, 0.0005)), name="b")])
    assert html.count("KID × 10³") == 4  # in the table; above a plot, in its name and for those who do not see it
    assert '1.23<span class="pm"> ± 0.45</span>' in html
    assert "<td>0.00123</td>" in html


def test_published_numbers_stand_below_measured_ones_with_their_sources() -> None:
    def known(of: RunRecord, one: Result) -> tuple[float, str] | None:
        return {"fid50k": (1.9, "a <paper>"), "kid50k": (0.45, "another")}.get(one.key) if of.seed == 0 else None

    html = page([*models()[:1], record(seed=1, name="without")], published=known)
    assert html.count("<small>published ") == 2
    assert "<small>published 1.9</small>" in html
    assert "<small>published 450</small>" in html
    assert "by the same protocol: a &lt;paper&gt;; another." in html
    assert "ublished" not in page([record(model={**record().model, "embedded": False}, benchmark="stylegan3")])


def test_one_reason_for_several_metrics_and_models_is_told_once() -> None:
    missing = {"eqt2k_int": "eqt2k_int: it has no input.", "eqr1k": "eqr1k: it has no input."}
    html = page([record(name=name, at=at, missing=missing) for at, name in enumerate("ab")])
    assert "<strong>a, b</strong> No EQ-T, EQ-R: it has no input." in html


def test_a_heading_names_few_models_and_counts_many() -> None:
    assert "<h1>a and b</h1>" in page([record(name=name) for name in "ab"])
    assert "<h1>5 models</h1>" in page([record(name=name) for name in "abcde"])


def test_the_best_is_bold_with_those_that_chance_may_put_behind_it() -> None:
    (group,) = grouped(models())
    assert group.lines[0].best == {0, 1}
    assert group.lines[1].best == set()
    assert page(models()).count("<strong>2.0") == 2


@pytest.mark.parametrize(
    ("value", "error", "said"),
    [(1.2345, 0.123, "1.23"), (1234.5, 56.0, "1234"), (0.001234, None, "0.001234"), (12.3456, None, "12.35"),
     (-0.5, 0.01, "\N{MINUS SIGN}0.500"), (float("inf"), None, "∞"), (0.0, None, "0.0"), (1e-30, 1e-31, "0.00000000")],
)  # fmt: skip
def test_numbers_have_the_digits_that_their_error_allows(value: float, error: float | None, said: str) -> None:
    assert number(value, error) == said


@pytest.mark.parametrize(
    ("value", "largest", "said"),
    [(55.06, 62.2, "55.1"), (1.0, 1.0, "1.00"), (0.3456, 0.348, "0.346"), (0.04761, 0.0564, "0.048"), (0.0, 0.0, "0")],
)
def test_numbers_of_a_heat_map_are_short_enough_for_ten_columns(value: float, largest: float, said: str) -> None:
    assert breakdown._short(value, largest) == said


def test_nothing_is_fetched() -> None:
    figure = Figure("title", "caption", "alt", b"png", (64, 32), 2, 1, ("a", "b"), ("row",), 2)
    html = page(models(), [Portrait("third", [figure])])
    elements = Elements(html)
    references = [
        value for _, attributes in elements.found for name, value in attributes.items() if name in ("src", "href")
    ]
    assert all(value is not None and value.startswith(("data:", "#")) for value in references)
    assert "url(" not in html
    assert not re.search(r"@import|<script|https?://", html)
    (policy,) = (each for each in elements.named("meta") if each.get("http-equiv"))
    assert str(policy["content"]).startswith("default-src 'none'")


def test_headings_links_and_images_are_accessible() -> None:
    figure = Figure("title", "caption", "what is seen", b"png", (64, 32), 2, 1)
    elements = Elements(page(models(), [Portrait("third", [figure])]))
    assert [each["alt"] for each in elements.named("img")] == ["what is seen"]
    assert all(each.get("aria-label") for each in elements.named("svg"))
    ids = [each["id"] for _, each in elements.found if "id" in each]
    assert len(ids) == len(set(ids))
    assert [str(each["href"])[1:] for each in elements.named("a")] == ids
    assert [tag for tag, _ in elements.found].count("h1") == 1


def test_hostile_names_stay_text() -> None:
    parts = {f"{EVIL}->b": 1.0, f"b->{EVIL}": 2.0, "c->b": 1.0, "d->b": 1.0}
    one = record(
        result(EVIL, 1.0, metric=EVIL, unit=EVIL, extractor=EVIL, parts=parts),
        name=EVIL, weights=EVIL, missing={EVIL: EVIL}, warnings=[EVIL], benchmark=EVIL, command=[EVIL],
        environment={EVIL: EVIL},
    )  # fmt: skip
    figure = Figure(EVIL, EVIL, EVIL, b"png", (64, 32), 2, 1, (EVIL, EVIL), (EVIL,))
    html = page(
        [one, replace(one, id="0" * 32, model={**one.model, "name": "other" + EVIL})], [Portrait(EVIL, [figure])], EVIL
    )
    elements = Elements(html)
    assert "<script" not in html
    assert "<!--" not in html
    assert not [each for _, each in elements.found if "onload" in each]


def test_infinities_and_lone_numbers_are_drawn() -> None:
    sharp = result("eqt50k_int", float("inf"), higher_is_better=True, unit="dB")
    Elements(page([record(sharp, name="a"), record(sharp, name="b", at=1)]))
    Elements(page([record(name="without a number")]))
    same = [record(result(value=0.0, interval=within(0, 0)), name=name, at=at) for at, name in enumerate("ab")]
    assert "<svg" in page(same)


def test_many_models_are_rows() -> None:
    many = [record(result(value=2.0 + at), name=f"m{at}", at=at) for at in range(12)]
    assert '<th scope="row">m11</th>' in page(many)
    assert '<th scope="col">m3</th>' in page(many[:4])


def test_a_label_leaves_room_for_its_value() -> None:
    names = [f"stylegan2 (network-snapshot-{at:06d}.pkl, seed 3)" for at in (1, 2)]
    html = page([record(result(value=2.0, interval=within(2.0, 0.1)), name=name, at=i) for i, name in enumerate(names)])
    for name in names:
        (shown,) = re.findall(rf"<title>{re.escape(name)}</title>([^<]+)</text>", html)
        assert "…" in shown
        assert (len(shown) + len("2.00 ± 0.10")) * plots.LETTER < plots.WIDTH
        assert shown.endswith(".pkl, seed 3)")


def test_a_study_of_truncation_is_a_plot_and_a_table() -> None:
    at = {f"fid50k{suffix}": spec for suffix, spec in (("", {}), ("_psi0.5", {"truncation_psi": 0.5}))}
    html = page([record(*(result(key, 2.0 + len(key), metric=key, spec=spec) for key, spec in at.items()))])
    assert "Truncation: stylegan3" in html
    assert "<polyline" in html
    assert "FID against" in html.replace(" ↓", "")
    assert html.count("<small>fid50k, 50,000 samples, digits</small>") == 2  # above the plot and in the table


def snapshot(at: int) -> dict[str, object]:
    return {"name": "stylegan3", "weights": f"snapshot-{at * 100:06d}.pkl", "sha256": str(at) * 64, "embedded": False}


def test_snapshots_become_curves_over_training() -> None:
    made = [record(result(value=9.0 - at), at=at, model=snapshot(at)) for at in (1, 2, 3)]
    html = page(made)
    assert "Over training: stylegan3" in html
    assert html.count("<polyline") == 1


def test_the_records_of_this_repository_make_a_page() -> None:
    records = [read(path) for path in sorted(RESULTS.glob("*.json"))]
    html = page(records)
    Elements(html)
    assert all(f"<code>{each.key}</code>" in html for one in records for each in one.results)
    assert len(html) < 3_000_000
    assert Store(RESULTS.parent).files()
