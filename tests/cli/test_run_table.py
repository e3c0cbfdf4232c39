"""The table that ``ganbench run`` prints."""

import re

import pytest

from ganbench.cli.console import Terminal
from ganbench.cli.run import _table
from tests.records.make import record, result


def test_the_table_has_what_is_known_of_errors(capsys: pytest.CaptureFixture[str]) -> None:
    interval = {"low": 2.0, "high": 3.0, "level": 0.95, "method": "jackknife"}
    known = result("fid50k", 2.5, interval=interval, errors={"samples": 0.25, "reals": 0.1234}, bias=0.0456, unit="dB")
    Terminal(width=200).print(_table(record(known, result("kid50k", 0.0123456))))
    out = capsys.readouterr().out
    assert "value ± 95 %" in out
    assert re.search(r"standard error of reals.*bias", out)
    assert re.search(r"fid50k.*2\.50 ± 0\.50 dB.*0\.12.*0\.046", out)
    assert re.search(r"kid50k.*0\.012346", out)
    Terminal(width=200).print(_table(record()))
    out = capsys.readouterr().out
    assert "±" not in out
    assert "bias" not in out
