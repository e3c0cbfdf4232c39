"""Downloads from a server on this machine: whole, short, wrong, silent and absent."""

import contextlib
import fcntl
import hashlib
import io
import os
import socket
import time
import urllib.request
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from ganbench.checkpoints.download import fetch, without_fetching
from ganbench.checkpoints.transfer import _Redirects
from ganbench.errors import MissingWeightsError
from ganbench.paths import cache_dir
from tests.checkpoints.server import CONTENT, SHA256, Handler, assert_nothing_left

PART = f".a.pkl.{SHA256[:16]}.part"


@pytest.mark.parametrize("how", ["whole", "chunks", "moved"])
@pytest.mark.parametrize("sha256", [SHA256, ""])
def test_a_file_is_fetched_once(address: str, tmp_path: Path, how: str, sha256: str) -> None:
    said: list[str] = []
    for _ in range(2):
        path = fetch(f"{address}/{how}/a%20b.pkl?version=1", sha256, folder=tmp_path / "new", say=said.append)
        assert path == tmp_path / "new" / "a b.pkl"
        assert path.read_bytes() == CONTENT
    assert len(Handler.asked) == 1 + (how == "moved")
    assert [file.name for file in path.parent.iterdir()] == ["a b.pkl"]
    assert said[0].startswith("fetching http://127.0.0.1")
    assert (SHA256 in said[-1]) == (sha256 == ""), "an unknown checksum is told"


def test_the_cache_folder_is_the_default(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch(f"{address}/whole/a.pkl", SHA256) == cache_dir() / "weights" / "a.pkl"
    told = capsys.readouterr()
    assert told.out == ""
    assert "fetching" in told.err


def test_a_damaged_file_in_the_cache_is_fetched_again(address: str, tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(CONTENT[:-1])
    said: list[str] = []
    assert fetch(f"{address}/whole/a.pkl", SHA256, folder=tmp_path, say=said.append).read_bytes() == CONTENT
    assert "fetching it again" in said[0]


def test_a_file_of_the_users_is_kept_under_another_name_and_told(address: str, tmp_path: Path) -> None:
    for number, mine in enumerate((b"mine", b"mine too", b"the third")):
        said: list[str] = []
        (tmp_path / "a.pkl").write_bytes(mine)
        assert fetch(f"{address}/whole/a.pkl", SHA256, folder=tmp_path, say=said.append).read_bytes() == CONTENT
        aside = tmp_path / f"a.kept{number or ''}.pkl"
        assert aside.read_bytes() == mine
        assert said[-1] == f"the file that was {tmp_path / 'a.pkl'} is now {aside}"
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("planning", [True, False])
def test_a_file_with_another_checksum_is_told_as_that(address: str, tmp_path: Path, planning: bool) -> None:
    (tmp_path / "a.pkl").write_bytes(b"mine")
    mine = hashlib.sha256(b"mine").hexdigest()
    with pytest.raises(MissingWeightsError) as caught, without_fetching() if planning else contextlib.nullcontext():
        fetch(f"{address}/absent/a.pkl", SHA256, folder=tmp_path, say=lambda line: None)
    assert f"expected {tmp_path / 'a.pkl'} with sha256 {SHA256}, found sha256 {mine}" in str(caught.value)
    assert "not on this machine" not in str(caught.value)
    assert (tmp_path / "a.pkl").read_bytes() == b"mine"
    assert_nothing_left(tmp_path, kept="a.pkl")


def quiet(url: str, sha256: str, folder: Path, **limits: float) -> Path:
    return fetch(url, sha256, folder=folder, say=lambda line: None, **limits)  # type: ignore[arg-type]


def test_a_download_goes_on_where_it_broke_off(address: str, tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match="broke off after"):
        quiet(f"{address}/ranged/a.pkl", SHA256, tmp_path)
    assert_nothing_left(tmp_path, kept=PART)
    assert quiet(f"{address}/ranged/a.pkl", SHA256, tmp_path).read_bytes() == CONTENT
    assert Handler.starts == [0, len(CONTENT) // 2]
    assert_nothing_left(tmp_path, kept="a.pkl")


@pytest.mark.parametrize(
    ("how", "before"),
    [
        ("whole", CONTENT[:1000]),
        ("ranged", CONTENT),
        ("chunks", b"other" * 1000),
        ("whole", CONTENT + b"more"),
    ],
    ids=["a server without ranges", "nothing is lacking", "another file", "too much"],
)
def test_whatever_is_left_of_a_download_the_file_is_right(
    address: str, tmp_path: Path, how: str, before: bytes
) -> None:
    (tmp_path / PART).write_bytes(before)
    assert quiet(f"{address}/{how}/a.pkl", SHA256, tmp_path).read_bytes() == CONTENT
    assert_nothing_left(tmp_path, kept="a.pkl")


def test_what_began_as_another_file_is_fetched_whole(address: str, tmp_path: Path) -> None:
    """The server continues it; only the checksum shows that its first half is wrong."""
    (tmp_path / PART).write_bytes(b"x" * (len(CONTENT) // 2))
    with pytest.raises(MissingWeightsError, match="broke off after"):  # as this server does where it is asked for all
        quiet(f"{address}/ranged/a.pkl", SHA256, tmp_path)
    assert quiet(f"{address}/ranged/a.pkl", SHA256, tmp_path).read_bytes() == CONTENT
    assert Handler.starts == [len(CONTENT) // 2, 0, len(CONTENT) // 2]


def test_another_range_than_asked_for_is_refused(address: str, tmp_path: Path) -> None:
    (tmp_path / PART).write_bytes(CONTENT[:1000])
    with pytest.raises(MissingWeightsError, match="asked for bytes from 1000 and sends others"):
        quiet(f"{address}/other-range/a.pkl", SHA256, tmp_path)


def test_without_a_checksum_nothing_is_continued(address: str, tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(MissingWeightsError, match="broke off after"):
            quiet(f"{address}/ranged/a.pkl", "", tmp_path)
        assert_nothing_left(tmp_path)
    assert Handler.starts == [0, 0]


def test_two_processes_do_not_write_into_one_file(address: str, tmp_path: Path) -> None:
    with (tmp_path / PART).open("a+b") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write(b"theirs")
        other.flush()
        assert quiet(f"{address}/whole/a.pkl", SHA256, tmp_path).read_bytes() == CONTENT
        assert (tmp_path / PART).read_bytes() == b"theirs"


def test_old_parts_go(address: str, tmp_path: Path) -> None:
    old, new = tmp_path / ".b.pkl.0123.part", tmp_path / ".c.pkl.4567.part"
    for path in (old, new):
        path.write_bytes(b"part")
    os.utime(old, (1.6e9, 1.6e9))
    quiet(f"{address}/whole/a.pkl", SHA256, tmp_path)
    assert not old.exists()
    assert new.exists()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("to-ftp", "redirects from http to ftp://127.0.0.1:1/a.pkl, which is not followed"),
        ("to-file", "file:///etc/hostname"),
        ("in-circles", "redirect"),
        ("announced", "announces 1,000,000,000,000,000 bytes, and at most 17,179,869,184 are taken"),
    ],
)
def test_what_a_server_may_not_ask_for(address: str, tmp_path: Path, how: str, words: str) -> None:
    with pytest.raises(MissingWeightsError, match=words):
        quiet(f"{address}/{how}/a.pkl", SHA256, tmp_path)
    assert_nothing_left(tmp_path)


def test_what_is_fetched_by_https_is_never_fetched_by_http() -> None:
    request = urllib.request.Request("https://example.org/a.pkl")
    answer = io.BytesIO()
    with pytest.raises(ValueError, match=r"redirects from https to http://example\.org/a\.pkl, which is not followed"):
        _Redirects().redirect_request(request, answer, 302, "Found", {}, "http://example.org/a.pkl")
    assert answer.closed
    followed = _Redirects().redirect_request(request, io.BytesIO(), 302, "Found", {}, "https://example.org/b.pkl")
    assert followed is not None
    assert followed.full_url == "https://example.org/b.pkl"


@pytest.mark.parametrize("how", ["drip", "drip-headers", "drip-chunk"])
def test_a_server_that_sends_a_byte_now_and_then_is_given_up(address: str, tmp_path: Path, how: str) -> None:
    start = time.monotonic()
    with pytest.raises(MissingWeightsError, match="sends less than 1024 bytes a second"):
        quiet(f"{address}/{how}/a.pkl", SHA256, tmp_path, timeout=0.3)
    assert time.monotonic() - start < 5


def test_the_time_and_the_size_of_a_download_are_limited(address: str, tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match=r"takes longer than 0\.5 seconds"):
        quiet(f"{address}/steady/a.pkl", SHA256, tmp_path, max_seconds=0.5)
    (tmp_path / PART).unlink()
    with pytest.raises(MissingWeightsError, match="larger than 3,000,000 bytes"):
        quiet(f"{address}/endless/a.pkl", SHA256, tmp_path, max_bytes=3_000_000)
    assert_nothing_left(tmp_path)


def test_a_file_that_does_not_fit_is_told_before_it_comes(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(MissingWeightsError, match=r"bytes are to come, and .* has room for 1,000"):
        quiet(f"{address}/whole/a.pkl", SHA256, tmp_path)
    assert_nothing_left(tmp_path)


@pytest.mark.parametrize("end", ["/", "", "/..", "/%2e%2e"])
def test_an_address_without_a_file_is_told(address: str, tmp_path: Path, end: str) -> None:
    with pytest.raises(MissingWeightsError, match="does not end with the name of a file"):
        quiet(f"{address}{end}", SHA256, tmp_path)


def test_a_terminal_sees_how_far_it_is(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr("sys.stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    assert quiet(f"{address}/whole/a.pkl", SHA256, tmp_path).read_bytes() == CONTENT
    assert "a.pkl" in shown.getvalue()
    assert "MB" in shown.getvalue()


@pytest.mark.parametrize(
    ("how", "sha256", "words"),
    [
        ("absent", SHA256, "404"),
        ("short", SHA256, "broke off after"),
        ("short", "", "broke off after"),
        ("chunks-short", SHA256, "IncompleteRead|bytes read|sha256"),
        ("chunks-short", "", "IncompleteRead|bytes read"),
        ("bare", "", "length of the file"),
        ("whole", "0" * 64, f"the download has sha256 {SHA256}"),
        ("page", SHA256, "the download has sha256"),
        ("page", "", "web page"),
    ],
)
def test_what_is_not_whole_is_not_kept(address: str, tmp_path: Path, how: str, sha256: str, words: str) -> None:
    url = f"{address}/{how}/a.pkl"
    with pytest.raises(MissingWeightsError, match=words) as caught:
        fetch(url, sha256, folder=tmp_path, say=lambda line: None)
    assert_nothing_left(tmp_path, kept=PART if "short" in how and sha256 else "")
    message = str(caught.value)
    for part in ("a.pkl", url, sha256 or "not on record", str(tmp_path)):
        assert part in message
    assert "\n" not in message
    assert message.endswith(".")


def test_a_file_without_length_is_known_by_its_checksum(address: str, tmp_path: Path) -> None:
    assert fetch(f"{address}/bare/a.pkl", SHA256, folder=tmp_path, say=lambda line: None).read_bytes() == CONTENT


def test_a_silent_server_is_given_up(address: str, tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match=r"timed out|less than 1024 bytes a second"):
        fetch(f"{address}/silent/a.pkl", SHA256, folder=tmp_path, timeout=0.3, say=lambda line: None)
    assert_nothing_left(tmp_path, kept=PART)


def test_a_closed_network_names_file_address_checksum_and_folder(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    url = "http://127.0.0.1:1/a.pkl"  # nothing listens on port 1
    with pytest.raises(MissingWeightsError) as caught:
        fetch(url, SHA256, folder=tmp_path / "w", timeout=2, say=lambda line: None)
    message = str(caught.value)
    for part in (
        "a.pkl is not on this machine",
        url,
        f"sha256 {SHA256}",
        f"put it into {tmp_path / 'w'}",
        "GANBENCH_WEIGHTS",
    ):
        assert part in message
    assert ". " not in message.replace(str(tmp_path), "")
    assert_nothing_left(tmp_path / "w")


def test_a_file_put_there_by_hand_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(CONTENT)
    assert fetch("http://127.0.0.1:1/a.pkl", SHA256, folder=tmp_path) == tmp_path / "a.pkl"
    assert fetch("http://127.0.0.1:1/uc?id=3", SHA256, name="a.pkl", folder=tmp_path) == tmp_path / "a.pkl"


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/a.pkl", "a.pkl", ""])
def test_other_addresses_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match="neither http nor https"):
        fetch(url, "", folder=tmp_path, say=lambda line: None)


def test_a_folder_that_cannot_be_made_is_named(address: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MissingWeightsError, match=r"cannot be fetched .*file"):
        fetch(f"{address}/whole/a.pkl", SHA256, folder=tmp_path / "file" / "weights", say=lambda line: None)


def test_a_server_that_hangs_up_before_tls_begins_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def hung_up(*args: object, **options: object) -> socket.socket:
        ours, theirs = socket.socketpair()
        theirs.close()
        return ours

    monkeypatch.setattr("socket.create_connection", hung_up)
    with pytest.raises(MissingWeightsError, match=r"https://example\.org/a\.pkl"):
        fetch("https://example.org/a.pkl")
