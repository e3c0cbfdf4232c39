import csv
import io
import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from ganbench.records import render
from ganbench.records.table import Table, build
from tests.records.make import example, record, result


def test_text_stars_the_best_where_nothing_can_be_bold() -> None:
    text = render.text(example())
    assert "2.125*" in text
    assert "3.500*" not in text
    assert "* best" in text
    assert "\x1b" not in text


def measured(name: str, value: float, half: float, at: int = 0) -> Any:
    """Return a record of a FID with an interval, and of a precision without."""
    interval = {"low": value - half, "high": value + half, "level": 0.95, "method": "jackknife"}
    return record(
        result(value=value, interval=interval),
        result("pr50k3_precision", 0.5 + at / 10, higher_is_better=True),
        name=name,
        at=at,
    )


def with_intervals() -> Table:
    """Return four models; by FID a and b are tied for the best, c is second."""
    found = (("a", 2.0, 0.123), ("b", 2.08, 0.0456), ("c", 2.5, 0.1), ("d", 3.0, 0.1))
    return build([measured(*each, at=at) for at, each in enumerate(found)])


def test_numbers_have_their_errors_the_best_with_ties_and_the_second_best() -> None:
    table = with_intervals()
    assert table.ranks(0) == {0: "best", 1: "best", 2: "second"}
    text = render.text(table)
    for part in ("2.00 ± 0.12*", "2.080 ± 0.046*", "2.50 ± 0.10_", "3.00 ± 0.10\n", "0.8000*", "0.7000_"):
        assert part in re.sub(r"  +0\.", "\n0.", text)
    assert "digits extractor, 50,000 samples\n\nModel" in text
    assert "* best, _ second best in its column" in text
    assert re.search(r"\x1b\[4m *2\.50 ± 0\.10\x1b\[0m", render.text(table, bold=True))
    assert "| a | **2.00 ± 0.12** | 0.5000 |" in render.markdown(table)
    assert "| c | <u>2.50 ± 0.10</u> | <u>0.7000</u> |" in render.markdown(table)
    assert r"a & \textbf{2.00 $\pm$ 0.12} & 0.5000 \\" in render.latex(table)
    assert r"c & \underline{2.50 $\pm$ 0.10} & \underline{0.7000} \\" in render.latex(table)
    page = render.html(table)
    assert "<td><b>2.00 <i>± 0.12</i></b></td>" in page
    assert "<td><u>2.50 <i>± 0.10</i></u></td>" in page
    for form in render.FORMATS:
        if form != "csv":
            assert render.FORMATS[form](table).count("half the width of the 95") == 1


def test_csv_has_both_ends_of_intervals() -> None:
    header, a, *_ = csv.reader(io.StringIO(render.as_csv(with_intervals())))
    name = "fid50k [digits, n=50,000]"
    assert header[3:] == [name, f"{name} low", f"{name} high", "pr50k3_precision [digits, n=50,000]"]
    assert [float(text) for text in a[3:6]] == [2.0, 2.0 - 0.123, 2.0 + 0.123]


def test_a_transposed_table_says_the_same_the_other_way_round() -> None:
    table = with_intervals()
    assert "| FID ↓ | **2.00 ± 0.12** |" in render.markdown(table, transpose=True)
    assert "| Metric | a | b | c | d |" in render.markdown(table, transpose=True)
    assert r"FID $\downarrow$ & \textbf{2.00 $\pm$ 0.12} &" in render.latex(table, transpose=True)
    assert '<th scope="row">FID ↓</th><td><b>' in render.html(table, transpose=True)
    assert re.search(r"^Precision ↑ +0\.5000 +0\.6000 +0\.7000_ +0\.8000\*$", render.text(table, transpose=True), re.M)
    assert "second best in its row" in render.text(table, transpose=True)
    upright = list(csv.reader(io.StringIO(render.as_csv(table))))
    turned = list(csv.reader(io.StringIO(render.as_csv(table, transpose=True))))
    assert [list(row) for row in zip(*turned, strict=True)] == upright


def test_what_tells_models_apart_is_below_their_names_in_a_transposed_table() -> None:
    table = build([record(seed=0), record(seed=1), record(name="(odd", at=1), record(name="a (b", at=2)])
    assert re.search(
        r"^ +stylegan3 +stylegan3 *\nMetric +seed 0 +seed 1 +\(odd +a \(b$", render.text(table, transpose=True), re.M
    )
    assert "| Metric | stylegan3 (seed 0) | stylegan3 (seed 1) | (odd | a (b |" in render.markdown(
        table, transpose=True
    )


def test_a_table_that_does_not_fit_is_transposed_by_itself() -> None:
    results = [result(f"odd{i}_", float(i)) for i in range(20)]
    table = build([record(*results, name="a"), record(*results, name="b")])
    assert render.text(table, 60).splitlines()[2].split() == ["Metric", "a", "b"]
    assert render.text(table, 400).splitlines()[2].split()[0] == "Model"
    assert "| Metric | a | b |" in render.markdown(table)
    assert "| Model | odd0" in render.markdown(table, transpose=False)
    assert r"Metric & a & b \\" in render.latex(table)
    assert '<th scope="col">Metric</th>' in render.html(table)
    assert render.as_csv(table).startswith("model,"), "programs read it"
    many = build([record(result(value=1.0), name=f"model-{i}", at=i) for i in range(20)])
    for form in render.FORMATS.values():
        assert "Metric" not in form(many)


def test_text_is_bold_where_it_can_be() -> None:
    text = render.text(example(), bold=True)
    assert re.search(r"\x1b\[1m *2\.125\x1b\[0m", text)
    assert "*" not in text


def test_every_header_has_direction_extractor_and_count() -> None:
    text = render.text(example())
    for part in ("FID ↓ᵃ", "FID ↓ᵇ", "EQ-T (dB) ↑", "digits", "inception", "n=50,000", "n=2,000"):
        assert part in text
    assert "ᵇ FID: extractor inception eeeeeeee." in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_transposed_table_keeps_to_the_width_and_loses_no_model(width: int) -> None:
    models = [record(result(value=float(i)), name=f"a_long_name_{i}_", at=i) for i in range(20)]
    text = render.text(build(models), width, transpose=True)
    assert max(len(line) for line in text.splitlines()) <= width
    assert [text.count(f"a_long_name_{i}_") for i in range(20)] == [1] * 20


@pytest.mark.parametrize("width", [60, 80, 200])
def test_text_keeps_to_the_width_and_loses_no_column(width: int) -> None:
    results = [result(f"odd{i}_", float(i)) for i in range(1, 21)]
    table = build([record(*results, name="some_long_name_of_a_model")])
    text = render.text(table, width, transpose=False)
    assert max(len(line) for line in text.splitlines()) <= width
    for i in range(1, 21):
        assert len(re.findall(rf"odd{i}_ ↓", text)) == 1
        assert f"{i}.0" in text
    assert text.count("some_long_name_of_a_model") == text.count("Model") >= 1


def test_markdown_has_rows_of_equal_length_and_the_best_in_bold() -> None:
    text = render.markdown(example())
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 3
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}
    assert "| a_b | **2.125** |" in text
    assert "FID ↓ᵇ (inception, n=50,000)" in rows[0]
    assert "| c | - | 1.000 | - |" in text
    assert "EQ-T (dB) ↑ (digits, n=2,000, divisor N)" in rows[0]


def test_markdown_escapes_what_would_break_the_table() -> None:
    text = render.markdown(build([record(name="a|b*c")]))
    assert r"| a\|b\*c |" in text


def test_csv_has_full_precision_and_names_without_doubt() -> None:
    value = 0.1 + 0.2
    table = build([record(result(value=value)), record(result(value=2.0, count=500), at=1), *_infinite()])
    header, *rows = csv.reader(io.StringIO(render.as_csv(table)))
    assert header[:3] == ["model", "weights_sha256", "seed"]
    assert header[3:] == [
        "fid50k [digits, n=50,000; 50,000 samples]",
        "fid50k [digits, n=500, divisor N; 500 samples]",
        "eqt2k_int [digits, n=2,000]",
    ]
    assert float(rows[0][3]) == value
    assert rows[0][1] == "a" * 64
    assert [float(row[5]) for row in rows if row[5]] == [math.inf]


def _infinite() -> list[object]:
    eqt = result("eqt2k_int", math.inf, higher_is_better=True, count=2000, extractor=None, spec={}, uses_data=False)
    return [record(eqt, name="b")]


def test_csv_is_what_pandas_reads() -> None:
    import pandas as pd

    frame = pd.read_csv(io.StringIO(render.as_csv(example())))
    assert frame["model"].tolist() == ["a_b", "50% & more", "c"]
    assert frame.iloc[0, 3] == 2.125


def test_reasons_for_dashes_stand_below_every_table_but_csv() -> None:
    table = build([record(name="b", missing={"eqt2k_int": "eqt2k_int: it moves the input, which b lacks."})])
    note = "EQ-T of b: it moves the input, which b lacks."
    assert f"\n- {note}\n" in render.text(table)
    assert f"\n- {note}\n" in render.markdown(table).replace("\\", "")
    assert rf"\scriptsize -- {note}".replace("_", r"\_") in render.latex(table)
    assert "lacks" not in render.as_csv(table)
    assert [len(row) for row in csv.reader(io.StringIO(render.as_csv(table)))] == [5, 5]
    assert re.search(r"^b +2\.500 +-$", render.text(table), re.MULTILINE)


def test_plain_tables_keep_to_ascii_and_say_the_same() -> None:
    for errors in (render.text(with_intervals(), plain=True), render.markdown(with_intervals(), plain=True)):
        assert errors.isascii()
        assert "2.00 +- 0.12" in errors
        assert "+- is half the width" in errors
    for plain in (render.text(example(), 120, plain=True), render.markdown(example(), plain=True).replace("\\", "")):
        assert plain.isascii()
        for part in ("FID (lower) [a]", "FID (lower) [b]", "EQ-T (dB) (higher)", "[b] FID: extractor"):
            assert part in plain


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1", '=HYPERLINK("http://x")'])
def test_no_text_in_csv_is_a_formula_to_a_spreadsheet(name: str) -> None:
    model = {"name": name, "weights": name, "sha256": name, "embedded": False}
    hostile = result(name, -0.5, unit=name, extractor=name, higher_is_better=True)
    table = build([record(hostile, model=model, benchmark=name, warnings=[name])])
    for row in csv.reader(io.StringIO(render.as_csv(table))):
        for cell in row:
            assert cell == "-0.5" or not re.match(r"[=+\-@\t\r\uff1d]", cell)


def test_numbers_in_csv_stay_numbers() -> None:
    table = build([record(result(value=-0.5), result("eqt", -math.inf))])
    assert list(csv.reader(io.StringIO(render.as_csv(table))))[1][3:] == ["-0.5", "-inf"]


def test_csv_has_a_column_of_warnings_where_there_are_any() -> None:
    text = render.as_csv(build([record(name="a", warnings=["one.", "two."]), record(name="b")]))
    header, a, b = csv.reader(io.StringIO(text))
    assert (header[-1], a[-1], b[-1]) == ("warnings", "one. two.", "")


HOSTILE = "x\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\r\n[bold]:bomb:[/bold]"


@pytest.mark.parametrize("form", render.FORMATS)
def test_no_control_character_of_anothers_making_is_in_a_table(form: str) -> None:
    one = record(
        result(HOSTILE, unit=HOSTILE, extractor=HOSTILE),
        result("fid", uses_data=False),
        name=HOSTILE,
        weights=HOSTILE,
        benchmark=HOSTILE,
        data={"name": HOSTILE, "fingerprint": HOSTILE, "count": 1},
        missing={HOSTILE: HOSTILE},
        warnings=[HOSTILE],
    )
    records = [one, record(result(HOSTILE, count=1), name=HOSTILE, at=1)]
    other = build(records, labels=[("a" * 64, HOSTILE)], fold=True, published=lambda *_: (1.0, "known"))
    for transpose in (False, True):
        assert render.FORMATS[form](other, transpose=transpose).replace("\n", "").isprintable()
    text = render.FORMATS[form](build(records))
    assert text.replace("\n", "").isprintable()
    assert "\\x1b" in text or "textbackslash" in text
    if form == "text":
        assert ":bomb:" in text.replace("\n", "").replace(" ", "")


@pytest.mark.parametrize("name", ["<script>", "&lt;b&gt;", "[x](http://x)", "~~x~~", "$x$", "`x`", "# x", "> x"])
def test_names_are_not_markup_in_markdown(name: str) -> None:
    row = render.markdown(build([record(name=name)])).splitlines()[4]
    assert not re.search(r"(?<!\\)[<>\[&~$`#*]", row)


class Tags(HTMLParser):
    """The tags of a page, their attributes, and its visible text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "&lt;b&gt;", '"><img src=x onerror=alert(1)>', "</table>", "<!--", "'\"` ]]>"]
)
def test_names_are_not_markup_in_html(name: str) -> None:
    one = record(
        result(name, unit=name, extractor=name),
        name=name,
        benchmark=name,
        data={"name": name, "fingerprint": "f", "count": 1},
        missing={name: name},
        warnings=[name],
    )
    for transpose in (False, True):
        page = Tags()
        page.feed(render.html(build([one, record(result(name, count=1), name=name, seed=1)]), transpose=transpose))
        known = "html meta title style div table caption thead tbody tr th td b u i sup small p"
        assert page.tags <= set(known.split())
        assert page.attributes <= {"lang", "charset", "name", "content", "http-equiv", "scope"}
        assert page.text.count(name) >= 5


def test_html_loads_nothing_and_follows_light_and_dark() -> None:
    page = render.html(with_intervals())
    assert page.startswith("<!doctype html>")
    assert not re.search(r"https?:|src=|url\(|@import|<script", page)
    assert "color-scheme: light dark" in page


@pytest.mark.parametrize("name", ["_x_", "__x__", "a _b_ c"])
def test_underscores_at_the_ends_of_words_are_not_emphasis(name: str) -> None:
    assert name.replace("_", "\\_") in render.markdown(build([record(name=name)]))


def of_kid() -> Table:
    """Return a number that papers print in thousandths, with its interval and a published value."""
    interval = {"low": 0.0021, "high": 0.0025, "level": 0.95, "method": "jackknife"}
    kid = result("kid50k_full", 0.0023, interval=interval)
    return build([record(kid)], published=lambda _, __: (0.0019, "a paper"))


def test_kid_is_printed_in_thousandths_and_says_so() -> None:
    table = of_kid()
    text = render.text(table, width=200)
    assert "KID × 10³ ↓" in text
    assert "2.30 ± 0.20" in text
    assert "+0.40" in text  # above the published 1.9
    assert "KID x 10^3" in render.text(table, plain=True)
    assert render.text(table, plain=True).isascii()
    assert r"KID $\times$ 10$^3$" in render.latex(table)
    assert "KID × 10³" in render.html(table)
    assert "KID × 10³" in render.markdown(table)


def test_files_for_programs_have_kid_as_it_was_measured() -> None:
    (row,) = csv.DictReader(io.StringIO(render.as_csv(of_kid())))
    found = {name.partition(" [")[0] + name.rpartition("]")[2]: value for name, value in row.items()}
    assert (found["kid50k_full"], found["kid50k_full published"]) == ("0.0023", "0.0019")
