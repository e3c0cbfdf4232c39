from pathlib import Path

import pytest

from ganbench.paths import cache_dir, expanded
from ganbench.records.store import default_results_dir


def test_a_tilde_is_a_users_folder_or_else_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/photos") == tmp_path / "photos"
    assert expanded("~no-such-user/photos") == Path("~no-such-user/photos")
    assert expanded("photos/~") == Path("photos/~")


def test_folders_named_in_the_environment_may_begin_with_a_tilde(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, folder in (("GANBENCH_CACHE", cache_dir), ("GANBENCH_RESULTS", default_results_dir)):
        monkeypatch.setenv(name, "~/there")
        assert folder() == tmp_path / "there"
        monkeypatch.setenv(name, "~no-such-user/there")
        assert folder() == Path("~no-such-user/there")
