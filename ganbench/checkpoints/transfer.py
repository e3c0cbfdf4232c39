"""Download of one file over http or https: resumable, bounded in size and time, with a bar on stderr."""

import contextlib
import http.client
import re
import shutil
import socket
import ssl
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any

PIECE = 2**20
MIN_SPEED = 1024  # bytes a second; a server that sends less is given up
SCHEMES = ("http", "https")


@dataclass(frozen=True)
class Limits:
    """What one download may take.

    Attributes:
        silence: longest time with less than ``MIN_SPEED``, in seconds, connecting included.
        seconds: longest time in all.
        nbytes: largest file.
    """

    silence: float = 30.0
    seconds: float = 6 * 3600.0
    nbytes: int = 2**34


class BrokenOffError(ValueError):
    """A download that ended early; its partial file is worth keeping."""


def receive(url: str, path: Path, file: IO[bytes], limits: Limits, *, checked: bool) -> int:
    """Download the rest of a file from an address, and return how many bytes it had before.

    A server that cannot continue sends all, which then replaces what was there (0 is returned).

    Args:
        url: http or https.
        path: of the file.
        file: the same, open for reading and writing.
        limits: in size and time.
        checked: whether the caller knows the checksum; otherwise the server must say how long the file is.

    Raises:
        BrokenOffError: the connection ended early, or was too slow.
        ValueError: the server refuses, redirects elsewhere, or has a file that is too large.
        OSError, http.client.HTTPException: there is no connection.
    """
    start = file.seek(0, 2)
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    with _Watch(limits) as watch:
        try:
            with _opener(watch).open(request, timeout=limits.silence) as response:
                start = _continued(response, start)
                file.truncate(start)
                file.seek(start)
                _copy(response, path, file, start, limits, watch, checked)
                return start
        except urllib.error.HTTPError as error:
            error.close()
            if not (error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and start):
                raise ValueError(f"the server answered {error.code} {error.reason}") from None
        except (OSError, http.client.HTTPException) as error:
            if watch.reason:
                raise BrokenOffError(watch.reason) from error
            raise
    file.truncate(0)  # it is longer than the file at the address, and so a part of another
    return receive(url, path, file, limits, checked=checked)


def _continued(response: http.client.HTTPResponse, start: int) -> int:
    """Return where in the file the response begins."""
    if response.status != http.HTTPStatus.PARTIAL_CONTENT:
        return 0
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if not start or not found or int(found[1]) != start:
        raise ValueError(f"the server was asked for bytes from {start} and sends others")
    return start


def _copy(
    response: http.client.HTTPResponse,
    path: Path,
    file: IO[bytes],
    start: int,
    limits: Limits,
    watch: "_Watch",
    checked: bool,
) -> None:
    expected = response.length
    if expected is None and not response.chunked and not checked:
        raise ValueError("the server does not give the length of the file")
    _check_room(path, start, expected or 0, limits)
    with _bar(path.name, start, None if expected is None else start + expected) as advance:
        while piece := response.read1(PIECE if expected is None else min(PIECE, expected - watch.received)):
            file.write(piece)
            watch.received += len(piece)
            advance(len(piece))
            if start + watch.received > limits.nbytes:
                raise ValueError(f"the file is larger than {limits.nbytes:,} bytes")
    if watch.reason:
        raise BrokenOffError(watch.reason)
    if expected is not None and watch.received != expected:
        raise BrokenOffError(f"the download broke off after {start + watch.received} of {start + expected} bytes")


def _check_room(path: Path, start: int, length: int, limits: Limits) -> None:
    if start + length > limits.nbytes:
        raise ValueError(f"the server announces {start + length:,} bytes, and at most {limits.nbytes:,} are taken")
    if length > (free := shutil.disk_usage(path.parent).free):
        raise ValueError(f"{length:,} bytes are to come, and {path.parent} has room for {free:,}")


@contextlib.contextmanager
def _bar(name: str, start: int, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show the progress of a download if stderr is a terminal; yields a function to call for each piece."""
    if not sys.stderr.isatty():
        yield lambda nbytes: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(name, total=total, completed=start)
        yield lambda nbytes: progress.advance(task, nbytes)


@dataclass
class _Watch:
    """Closes the connections of a download that takes too long or is too slow, even during a blocking call.

    A timeout of a socket is not enough: a server that sends a byte now and then restarts it each time.

    Attributes:
        limits: in time.
        received: bytes that have come.
        reason: why the connections were ended; "" while they are not.
    """

    limits: Limits
    received: int = 0
    reason: str = ""
    _sockets: list[socket.socket] = field(default_factory=list)
    _done: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "_Watch":
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        for each in self._sockets:
            each.close()

    def follow(self, connected: socket.socket) -> None:
        """Watch over one more connection; a copy stays valid when TLS takes the socket over."""
        self._sockets.append(connected.dup())

    def _run(self) -> None:
        start = time.monotonic()
        last, before = start, 0
        while not self._done.wait(max(0.0, min(self.limits.silence, start + self.limits.seconds - last))):
            now, received = time.monotonic(), self.received
            if now - start >= self.limits.seconds:
                self.reason = f"it takes longer than {self.limits.seconds:g} seconds"
            elif received - before < MIN_SPEED * (now - last):
                self.reason = f"the server sends less than {MIN_SPEED} bytes a second"
            last, before = now, received
            if self.reason:
                for each in self._sockets:
                    with contextlib.suppress(OSError):  # it may be closed already
                        each.shutdown(socket.SHUT_RDWR)


class _Connection(http.client.HTTPConnection):
    watch: _Watch  # given after construction: the constructor of ``HTTPSConnection`` takes no more arguments

    def connect(self) -> None:
        super().connect()
        self.watch.follow(self.sock)


class _SecureConnection(http.client.HTTPSConnection, _Connection):
    """Connects by ``_Connection``, which is next in line, and then begins TLS."""


def _watched(kind: type[_Connection], watch: _Watch, *args: Any, **options: Any) -> _Connection:
    connection = kind(*args, **options)
    connection.watch = watch
    return connection


class _Http(urllib.request.HTTPHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(partial(_watched, _Connection, self._watch), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        secure = partial(_watched, _SecureConnection, self._watch, context=ssl.create_default_context())
        return self.do_open(secure, req)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to http and https only, and never from https to http."""

    def redirect_request(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        old, new = (urllib.parse.urlsplit(url).scheme for url in (req.full_url, newurl))
        if new not in SCHEMES or (old, new) == ("https", "http"):
            fp.close()
            raise ValueError(f"the server redirects from {old} to {newurl[:200]}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener(watch: _Watch) -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_Http(watch), _Https(watch), _Redirects())
