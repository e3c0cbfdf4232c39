"""Downloads from a server on this machine: whole, short, wrong, silent and absent."""

import hashlib
import pickle
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ganbench.checkpoints.download import fetch
from ganbench.errors import MissingWeightsError
from ganbench.paths import cache_dir

CONTENT = pickle.dumps({"weights": bytes(3 * 2**20)})
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PAGE = b"<html>please sign in</html>"


class Handler(BaseHTTPRequestHandler):
    """Serves the content in the way that the path asks for."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        how = self.path.split("/")[1]
        if how == "absent":
            self.send_error(404)
            return
        if how == "moved":
            self.send_response(302)
            self.send_header("Location", "/whole/a.pkl")
            self.end_headers()
            return
        self.protocol_version = "HTTP/1.1" if how.startswith("chunks") else "HTTP/1.0"
        self.send_response(200)
        body = PAGE if how == "page" else CONTENT
        if how in ("whole", "short", "page", "silent"):
            self.send_header("Content-Length", str(len(body)))
        if how.startswith("chunks"):
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        if how.startswith("chunks"):
            body = b"%x\r\n%b\r\n" % (len(body), body) + (b"" if how == "chunks-short" else b"0\r\n\r\n")
            self.close_connection = True
        if how in ("short", "silent"):
            body = body[: len(body) // 2]
        self.wfile.write(body)
        self.wfile.flush()
        if how == "silent":
            self.server.finished.wait(10)  # type: ignore[attr-defined]

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Handler.asked = []
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.handle_error = lambda request, client: None  # type: ignore[method-assign]  # a client that hangs up
    made.finished = threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.finished.set()  # type: ignore[attr-defined]
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def address(server: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("no_proxy", "*")
    return f"http://127.0.0.1:{server.server_port}"


def assert_nothing_left(folder: Path) -> None:
    assert not folder.exists() or list(folder.iterdir()) == []


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


@pytest.mark.parametrize(
    ("how", "sha256", "words"),
    [
        ("absent", SHA256, "404"),
        ("short", SHA256, "broke off after"),
        ("short", "", "broke off after"),
        ("chunks-short", SHA256, "IncompleteRead|bytes read|sha256"),
        ("chunks-short", "", "IncompleteRead|bytes read"),
        ("bare", "", "how long the file is"),
        ("whole", "0" * 64, f"what the address gives has sha256 {SHA256}"),
        ("page", SHA256, "what the address gives has sha256"),
        ("page", "", "web page"),
    ],
)
def test_what_is_not_whole_is_not_kept(address: str, tmp_path: Path, how: str, sha256: str, words: str) -> None:
    url = f"{address}/{how}/a.pkl"
    with pytest.raises(MissingWeightsError, match=words) as caught:
        fetch(url, sha256, folder=tmp_path, say=lambda line: None)
    assert_nothing_left(tmp_path)
    message = str(caught.value)
    for part in ("a.pkl", url, sha256 or "not on record", str(tmp_path)):
        assert part in message
    assert "\n" not in message
    assert message.endswith(".")


def test_a_file_without_length_is_known_by_its_checksum(address: str, tmp_path: Path) -> None:
    assert fetch(f"{address}/bare/a.pkl", SHA256, folder=tmp_path, say=lambda line: None).read_bytes() == CONTENT


def test_a_silent_server_is_given_up(address: str, tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match="timed out"):
        fetch(f"{address}/silent/a.pkl", SHA256, folder=tmp_path, timeout=0.3, say=lambda line: None)
    assert_nothing_left(tmp_path)


def test_a_closed_network_names_file_address_checksum_and_folder(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    url = "http://127.0.0.1:1/a.pkl"  # nothing listens on port 1
    with pytest.raises(MissingWeightsError) as caught:
        fetch(url, SHA256, folder=tmp_path / "w", timeout=2, say=lambda line: None)
    message = str(caught.value)
    for part in ("a.pkl is not on this machine", url, f"sha256 {SHA256}", f"put it into {tmp_path / 'w'}."):
        assert part in message
    assert ". " not in message.replace(str(tmp_path), "")
    assert_nothing_left(tmp_path / "w")


def test_a_file_put_there_by_hand_is_taken(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(CONTENT)
    assert fetch("http://127.0.0.1:1/a.pkl", SHA256, folder=tmp_path) == tmp_path / "a.pkl"
    assert fetch("http://127.0.0.1:1/uc?id=3", SHA256, name="a.pkl", folder=tmp_path) == tmp_path / "a.pkl"


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/a.pkl", "a.pkl"])
def test_other_addresses_are_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(MissingWeightsError, match="neither http nor https"):
        fetch(url, "", folder=tmp_path, say=lambda line: None)


def test_a_folder_that_cannot_be_made_is_named(address: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MissingWeightsError, match=r"cannot be fetched .*file"):
        fetch(f"{address}/whole/a.pkl", SHA256, folder=tmp_path / "file" / "weights", say=lambda line: None)
