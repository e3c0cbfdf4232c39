"""A local server that sends one file whole, in part, too slowly, elsewhere or without end."""

import contextlib
import hashlib
import pickle
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CONTENT = pickle.dumps({"weights": bytes(3 * 2**20)})
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PAGE = b"<html>please sign in</html>"


def ranged(handler: BaseHTTPRequestHandler) -> None:
    """Send what is asked for, and of all only the first half."""
    asked = handler.headers.get("Range")
    start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
    Handler.starts.append(start)
    if start >= len(CONTENT):
        handler.send_error(416)
        return
    handler.send_response(206 if asked else 200)
    handler.send_header("Content-Length", str(len(CONTENT) - start))
    if asked:
        handler.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
    handler.end_headers()
    handler.wfile.write(CONTENT[start:] if asked else CONTENT[: len(CONTENT) // 2])


def other_range(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(206)
    handler.send_header("Content-Length", str(len(CONTENT)))
    handler.send_header("Content-Range", f"bytes 0-{len(CONTENT) - 1}/{len(CONTENT)}")
    handler.end_headers()


def redirect(location: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", location)
        handler.end_headers()

    return answer


def announced(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", str(10**15))
    handler.end_headers()
    handler.wfile.write(CONTENT)


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.protocol_version = "HTTP/1.1"
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    with contextlib.suppress(OSError):
        while True:
            handler.wfile.write(b"100000\r\n" + bytes(2**20) + b"\r\n")


def drip(head: bytes, tail: bytes = b"x") -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        with contextlib.suppress(OSError):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + head)
            while not handler.server.finished.wait(0.05):  # type: ignore[attr-defined]
                handler.wfile.write(tail)
                handler.wfile.flush()

    return answer


ODD: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {
    "ranged": ranged,
    "other-range": other_range,
    "to-ftp": redirect("ftp://127.0.0.1:1/a.pkl"),
    "to-file": redirect("file:///etc/hostname"),
    "in-circles": redirect("/in-circles/a.pkl"),
    "announced": announced,
    "endless": endless,
    "drip": drip(b"Content-Length: 4096\r\n\r\n"),
    "drip-headers": drip(b"A: "),
    "drip-chunk": drip(b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "steady": drip(b"Content-Length: 100000000\r\n\r\n", bytes(2000)),
}


class Handler(BaseHTTPRequestHandler):
    """Serves the content in the way that the path asks for."""

    asked: list[str]
    starts: list[int]

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
        if how in ODD:
            ODD[how](self)
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
    Handler.asked, Handler.starts = [], []
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


def assert_nothing_left(folder: Path, kept: str = "") -> None:
    assert not folder.exists() or [path.name for path in folder.iterdir()] == ([kept] if kept else [])
