"""Names to things by entry point."""

import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest
import toygan
from toygan import layouts

from ganbench import registry
from ganbench.errors import BadInputError, UnknownNameError

THIRD_PARTY = {
    "models": ("waves", toygan.adapter),
    "metrics": ("brightness1k", toygan.brightness1k),
    "data": ("stripes", toygan.open_stripes),
    "extractors": ("pool", toygan.open_pool),
    "benchmarks": ("toy", toygan.benchmark),
    "formats": ("other-waves", layouts.other_waves),
}


@pytest.mark.parametrize("kind", registry.KINDS)
def test_a_third_partys_part_is_found_beside_the_built_in_ones(kind: str) -> None:
    name, part = THIRD_PARTY[kind]
    assert registry.load(kind, name) is part
    built_in = [other for other in registry.names(kind) if other != name]
    assert built_in
    assert all(registry.load(kind, other) is not None for other in built_in)


def test_an_unknown_name_is_answered_with_the_nearest_or_with_all() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown model 'stylegan33': did you mean stylegan3"):
        registry.load("models", "stylegan33")
    everything = ", ".join(registry.names("data"))
    assert "digits, nights, pairs" in everything
    with pytest.raises(UnknownNameError, match=rf"unknown data set 'qqqq': known: {everything}\."):
        registry.load("data", "qqqq")


def test_a_broken_plug_in_says_which_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("broken", "no_such_module:thing", "ganbench.models")
    monkeypatch.setattr(registry, "entries", lambda kind: {"broken": broken})
    with pytest.raises(BadInputError, match=r"'broken' \(no_such_module:thing\) cannot be imported: No module named"):
        registry.load("models", "broken")


def test_a_plug_in_that_fails_while_it_is_imported_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "faultygan.py").write_text("raise ValueError('out of order')")
    monkeypatch.syspath_prepend(tmp_path)
    broken = EntryPoint("broken", "faultygan:thing", "ganbench.models")
    monkeypatch.setattr(registry, "entries", lambda kind: {"broken": broken})
    with pytest.raises(BadInputError, match=r"\(faultygan:thing, not part of ganbench\) .* ValueError: out of order\."):
        registry.load("models", "broken")


def test_two_packages_with_one_name_are_told_apart_not_chosen_from(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = [EntryPoint("twin", f"{where}:thing", "ganbench.data") for where in ("here", "there")]
    monkeypatch.setattr(registry, "_installed", lambda: EntryPoints(twins))
    registry.entries.cache_clear()
    with pytest.raises(BadInputError, match="expected one package with data named 'twin', found two"):
        registry.names("data")
    registry.entries.cache_clear()


def test_listing_names_imports_neither_the_parts_nor_torch() -> None:
    code = (
        "import sys, ganbench.registry as r; [r.names(k) for k in r.KINDS]; "
        "print([m for m in ('torch', 'toygan', 'ganbench.metrics') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_name_that_is_there_twice_is_told_once() -> None:
    assert str(registry.unknown("metrics", "zzz", ("fid", "fid", "kid"))).endswith("known: fid, kid.")
