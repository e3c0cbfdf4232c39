import csv
import io
import math
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ganbench.records import render
from ganbench.records.table import Table, build
from tests.records.make import record, result


def example() -> Table:
    """Return two models, one number that does not compare, one that only one model has."""
    eqt = result("eqt2k_int", math.inf, higher_is_better=True, count=2000, extractor=None, unit="dB")
    return build(
        [
            record(result(value=2.125), eqt, name="a_b"),
            record(result(value=3.5), name="50% & more"),
            record(result(value=1.0, extractor="inception"), name="c"),
        ]
    )


def test_text_stars_the_best_where_nothing_can_be_bold() -> None:
    text = render.text(example())
    assert "2.125*" in text
    assert "3.500*" not in text
    assert "* best" in text
    assert "\x1b" not in text


def test_text_is_bold_where_it_can_be() -> None:
    text = render.text(example(), bold=True)
    assert re.search(r"\x1b\[1m *2\.125\x1b\[0m", text)
    assert "*" not in text


def test_every_header_has_direction_extractor_and_count() -> None:
    text = render.text(example())
    for part in ("FID50k ↓ᵃ", "FID50k ↓ᵇ", "EQT2k_int (dB) ↑", "digits", "inception", "n=50,000", "n=2,000"):
        assert part in text
    assert "ᵇ FID50k: extractor inception eeeeeeee." in text


@pytest.mark.parametrize("width", [60, 80, 200])
def test_text_keeps_to_the_width_and_loses_no_column(width: int) -> None:
    table = build([record(*(result(f"fid{i}k", float(i)) for i in range(1, 21)), name="some_long_name_of_a_model")])
    text = render.text(table, width)
    assert max(len(line) for line in text.splitlines()) <= width
    for i in range(1, 21):
        assert len(re.findall(rf"FID{i}k ↓", text)) == 1
        assert f"{i}.0" in text
    assert text.count("some_long_name_of_a_model") == text.count("Model") >= 1


def test_markdown_has_rows_of_equal_length_and_the_best_in_bold() -> None:
    text = render.markdown(example())
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 3
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}
    assert "| a_b | **2.125** |" in text
    assert "FID50k ↓ᵇ (inception, n=50,000)" in rows[0]
    assert "| c | - | 1.000 | - |" in text


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


def test_latex_is_booktabs_and_escaped() -> None:
    text = render.latex(example())
    assert text.count(r"\toprule") == text.count(r"\midrule") == text.count(r"\bottomrule") == 1
    assert r"a\_b & \textbf{2.125} & -- & $\infty$ \\" in text
    assert r"50\% \& more" in text
    assert r"EQT2k\_int (dB) $\uparrow$" in text
    body = [line for line in text.splitlines() if line.endswith(r"\\") and "multicolumn" not in line]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in body} == {3}
    assert text.count("{") == text.count("}")
    assert text.isascii()


@pytest.mark.parametrize("name", ["\\", "~", "^", "<>", "{", "#$_"])
def test_latex_escapes_every_special_character(name: str) -> None:
    row = render.latex(build([record(name=name)])).splitlines()[5]
    label = row.partition(" & ")[0]
    assert not re.search(r"(?<!\\)[#$%&_~^<>]", re.sub(r"\\text\w+\{\}", "", label))


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_latex_compiles(tmp_path: Path) -> None:
    source = (
        r"\documentclass{article}\usepackage{booktabs}\begin{document}" + render.latex(example()) + r"\end{document}"
    )
    (tmp_path / "t.tex").write_text(source)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


def test_reasons_for_dashes_stand_below_every_table_but_csv() -> None:
    table = build([record(name="b", missing={"eqt2k_int": "eqt2k_int: it moves the input, which b lacks."})])
    note = "EQT2k_int of b: it moves the input, which b lacks."
    assert f"\n- {note}\n" in render.text(table)
    assert f"\n- {note}\n" in render.markdown(table).replace("\\", "")
    assert rf"\scriptsize -- {note}".replace("_", r"\_") in render.latex(table)
    assert "lacks" not in render.as_csv(table)
    assert [len(row) for row in csv.reader(io.StringIO(render.as_csv(table)))] == [5, 5]
    assert re.search(r"^b +2\.500 +-$", render.text(table), re.MULTILINE)


def test_plain_tables_keep_to_ascii_and_say_the_same() -> None:
    for plain in (render.text(example(), 120, plain=True), render.markdown(example(), plain=True).replace("\\", "")):
        assert plain.isascii()
        for part in ("FID50k (lower) [a]", "FID50k (lower) [b]", "EQT2k_int (dB) (higher)", "[b] FID50k: extractor"):
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
    text = render.FORMATS[form](build([one, record(result(HOSTILE, count=1), name=HOSTILE, at=1)]))
    assert text.replace("\n", "").isprintable()
    assert "\\x1b" in text or "textbackslash" in text
    if form == "text":
        assert ":bomb:" in text.replace("\n", "").replace(" ", "")


@pytest.mark.parametrize("name", ["<script>", "&lt;b&gt;", "[x](http://x)", "~~x~~", "$x$", "`x`", "# x", "> x"])
def test_names_are_not_markup_in_markdown(name: str) -> None:
    row = render.markdown(build([record(name=name)])).splitlines()[2]
    assert not re.search(r"(?<!\\)[<>\[&~$`#*]", row)
