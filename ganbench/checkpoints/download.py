"""Published files, fetched once into the cache folder and known by their sha256."""

import contextlib
import hashlib
import http.client
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path

from ganbench.checkpoints.digest import file_sha256
from ganbench.checkpoints.filekind import kind_of
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.paths import cache_dir

PIECE = 2**20


def _say(line: str) -> None:
    print(line, file=sys.stderr)


_fetching_is_off: ContextVar[bool] = ContextVar("_fetching_is_off", default=False)


@contextlib.contextmanager
def without_fetching() -> Iterator[None]:
    """Within this context ``fetch`` raises ``MissingWeightsError`` for what is not on this machine."""
    token = _fetching_is_off.set(True)
    try:
        yield
    finally:
        _fetching_is_off.reset(token)


def fetch(
    url: str,
    sha256: str = "",
    *,
    name: str = "",
    folder: Path | None = None,
    timeout: float = 30.0,
    say: Callable[[str], None] = _say,
) -> Path:
    """Return the path of a published file, downloading it where the cache folder does not have it whole.

    Args:
        url: http or https.
        sha256: of the file; "" where it is not known, and then the one that arrived is told.
        name: of the file here; "" for the last part of the address.
        folder: where to keep it; None for ``weights`` in the cache folder.
        timeout: longest silence of the server, in seconds.
        say: told in one line each what is being done.

    Raises:
        MissingWeightsError: it is not here and cannot be fetched; names file, address, checksum and folder.
    """
    folder = folder or cache_dir() / "weights"
    path = folder / (name or Path(urllib.parse.unquote(urllib.parse.urlsplit(url).path)).name)
    if path.is_file() and sha256 in ("", file_sha256(path)):
        return path
    if _fetching_is_off.get():
        raise missing(url, sha256, folder, path.name, "planning fetches nothing")
    try:
        if path.is_file():
            say(f"{path} does not have the sha256 {sha256}: fetching it again.")
        say(f"fetching {url} to {path}")
        folder.mkdir(parents=True, exist_ok=True)
        arrived = _download(url, sha256, path, timeout)
    except (OSError, http.client.HTTPException, ValueError, BadInputError) as error:
        raise missing(url, sha256, folder, path.name, error) from error
    if not sha256:
        say(f"{path} has the sha256 {arrived}, and none is on record to compare it with.")
    return path


def missing(url: str, sha256: str, folder: Path, name: str, why: Exception | str) -> MissingWeightsError:
    """Return the error for a file that is not on this machine."""
    reason = " ".join(str(getattr(why, "reason", why)).split()).rstrip(".")  # urllib wraps what the network said
    checksum = f"sha256 {sha256}" if sha256 else "sha256 not on record"
    return MissingWeightsError(
        f"{name} is not on this machine and cannot be fetched ({reason}): download {url} ({checksum}) elsewhere and "
        f"put it into {folder}."
    )


def _download(url: str, sha256: str, path: Path, timeout: float) -> str:
    """Write what ``url`` gives to ``path``, at once and only when it is whole; return its sha256."""
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ValueError("the address is neither http nor https")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file, urllib.request.urlopen(url, timeout=timeout) as response:
            arrived = _copy(response, file.write, bool(sha256))
        if sha256 and arrived != sha256:
            raise ValueError(f"what the address gives has sha256 {arrived}")
        if not sha256:
            kind_of(part)  # a web page that says "sign in" is no checkpoint
        part.replace(path)
    except urllib.error.HTTPError as error:
        error.close()
        raise ValueError(f"the server answers {error.code} {error.reason}") from None
    finally:
        part.unlink(missing_ok=True)
    return arrived


def _copy(response: http.client.HTTPResponse, write: Callable[[bytes], int], checked: bool) -> str:
    """Copy a response piece by piece; return the sha256 of what came."""
    expected, received, digest = response.length, 0, hashlib.sha256()
    if expected is None and not response.chunked and not checked:
        raise ValueError("the server does not say how long the file is")
    while piece := response.read(PIECE):
        write(piece)
        digest.update(piece)
        received += len(piece)
    if expected is not None and received != expected:
        raise ValueError(f"the download broke off after {received} of {expected} bytes")
    return digest.hexdigest()
