"""Tables in LaTeX: they compile, whatever the names are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ganbench.records import render
from ganbench.records.table import Table, build
from tests.records.make import example, record, result


def test_latex_is_booktabs_and_escaped() -> None:
    text = render.latex(example())
    assert text.count(r"\toprule") == text.count(r"\midrule") == text.count(r"\bottomrule") == 1
    assert r"a\_b & \textbf{2.125} & -- & $\infty$ \\" in text
    assert r"50\% \& more" in text
    assert r"EQ-T (dB) $\uparrow$" in text
    body = [line for line in text.splitlines() if line.endswith(r"\\") and "multicolumn" not in line]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in body} == {3}
    assert text.count("{") == text.count("}")
    assert text.isascii()


@pytest.mark.parametrize("name", ["\\", "~", "^", "<>", "{", "#$_"])
def test_latex_escapes_every_special_character(name: str) -> None:
    row = render.latex(build([record(name=name)])).splitlines()[6]
    label = row.partition(" & ")[0]
    assert not re.search(r"(?<!\\)[#$%&_~^<>]", re.sub(r"\\text\w+\{\}", "", label))


def bands() -> Table:
    """Return two models with intervals."""
    ends = {"low": 1.9, "high": 2.1, "level": 0.95, "method": "jackknife"}
    return build([record(result(value=2.0, interval=ends), name=name, at=at) for at, name in enumerate("ab")])


AWKWARD = ["[x]", "*", "\\\\", '"q"', "`x'", "\\end{tabular}", "#1 {%", "é ł «日» ψ", "\\input|id", "^^41", "~&_$"]


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
@pytest.mark.parametrize("transpose", [False, True])
def test_latex_compiles(tmp_path: Path, transpose: bool) -> None:
    odd = build([record(result(each), name=each, at=at, missing={"x": each}) for at, each in enumerate(AWKWARD)])
    tables = "\n\n".join(render.latex(table, transpose=transpose) for table in (example(), bands(), odd))
    source = rf"\documentclass{{article}}\usepackage{{booktabs}}\begin{{document}}{tables}\end{{document}}"
    (tmp_path / "t.tex").write_text(source)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)


def test_numbers_below_zero_have_a_minus_in_latex_and_no_hyphen() -> None:
    assert r"& $-$0.5000 \\" in render.latex(build([record(result(value=-0.5))]))
