"""Published files, fetched once into the cache folder and known by their sha256."""

import contextlib
import http.client
import itertools
import os
import secrets
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ganbench.checkpoints.digest import file_sha256
from ganbench.checkpoints.filekind import kind_of
from ganbench.checkpoints.hub import download, is_hub, parsed
from ganbench.checkpoints.transfer import SCHEMES, BrokenOffError, Limits, receive
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.paths import cache_dir, expanded, weights_dir

if TYPE_CHECKING:  # which imports torch, and a pickle is read without it
    from ganbench.types import WeightsFile

STALE = 7 * 86400  # seconds after which what is left of a download that broke off is removed


def _say(line: str) -> None:
    print(line, file=sys.stderr)


_fetching_is_off: ContextVar[bool] = ContextVar("_fetching_is_off", default=False)


@contextlib.contextmanager
def without_fetching() -> Iterator[None]:
    """Make ``fetch`` raise ``MissingWeightsError`` for files that are not on this machine, within this context."""
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
    timeout: float = Limits.silence,
    max_bytes: int = Limits.nbytes,
    max_seconds: float = Limits.seconds,
    say: Callable[[str], None] = _say,
) -> Path:
    """Return the path of a published file, downloading it if neither folder of weights has it complete.

    The folder ``$GANBENCH_WEIGHTS`` is looked at first and never written. A file with another checksum is never
    overwritten: it is kept beside the one that is fetched, under another name. A download that broke off goes on where
    it ended, if the checksum is known.

    Args:
        url: http, https, or ``hf://OWNER/REPO/FILE``.
        sha256: of the file; "" where it is not known, and then the one that arrived is told.
        name: of the file here; "" for the last part of the address.
        folder: where to keep it; None for ``weights`` in the cache folder.
        timeout: longest time in which the server sends nothing or nearly nothing, in seconds.
        max_bytes: size of the largest file that is taken.
        max_seconds: longest time that it may take.
        say: told in one line each what is being done.

    Raises:
        MissingWeightsError: it is not here and cannot be fetched; names file, address, checksum and folder.
    """
    name = parsed(url).place if is_hub(url) else name or _name_in(url) or ".."
    if (own := _own(name, sha256, say)) is not None:
        return own
    if is_hub(url):
        return _of_hub(url, sha256)
    folder = folder or cache_dir() / "weights"
    path = folder / name
    found = file_sha256(path) if path.is_file() else ""
    if found and sha256 in ("", found):
        return path
    if _fetching_is_off.get():
        raise missing(url, sha256, path, "planning fetches nothing", found)
    if found:
        say(f"{path} has the sha256 {found}, expected {sha256}: fetching it again, and keeping this one.")
    say(f"fetching {url} to {path}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        arrived = _download(url, sha256, path, Limits(timeout, max_seconds, max_bytes), say)
    except (OSError, http.client.HTTPException, ValueError, BadInputError) as error:
        raise missing(url, sha256, path, error, found) from error
    if not sha256:
        say(f"{path} has the sha256 {arrived}, and none is on record to compare it with.")
    return path


def fetch_weights(file: "WeightsFile") -> Path:
    """Return the path of a published file of weights; see ``fetch``."""
    return fetch(file.url, file.sha256, name=file.name)


def local(spec: Path | str) -> Path:
    """Return the path of a file of weights that a user named: a path, or ``hf://OWNER/REPO/FILE``, which is fetched.

    Raises:
        MissingWeightsError: it is not here and cannot be fetched.
    """
    return fetch(str(spec)) if is_hub(spec) else expanded(spec)


def where_is(file: "WeightsFile") -> Path | None:
    """Return the path of a published file by its name alone, without reading or fetching it; None if it is not here.

    Files of the hub are found in ``$GANBENCH_WEIGHTS`` alone.
    """
    name = parsed(file.url).place if is_hub(file.url) else file.name
    folders = (weights_dir(), cache_dir() / "weights")
    return next((folder / name for folder in folders if folder and os.path.isfile(folder / name)), None)


def _own(name: str, sha256: str, say: Callable[[str], None]) -> Path | None:
    """Return the path of a file in ``$GANBENCH_WEIGHTS``, or None if it is missing or has another checksum."""
    folder = weights_dir()
    if folder is None or not os.path.isfile(folder / name):
        return None
    found = file_sha256(folder / name) if sha256 else ""
    if found == sha256:
        return folder / name
    say(f"{folder / name} has the sha256 {found}, expected {sha256}: searching elsewhere.")
    return None


def _of_hub(url: str, sha256: str) -> Path:
    path = download(url, offline=_fetching_is_off.get())
    if sha256 and (found := file_sha256(path)) != sha256:
        raise MissingWeightsError(
            f"expected {url} with sha256 {sha256}, found sha256 {found}: name the revision that has the right file."
        )
    return path


def missing(url: str, sha256: str, path: Path, why: Exception | str, found: str = "") -> MissingWeightsError:
    """Return the error for a file that is not on this machine, or is there with another checksum (``found``)."""
    reason = " ".join(str(getattr(why, "reason", why)).split()).rstrip(".")  # urllib wraps what the network said
    checksum = f"sha256 {sha256}" if sha256 else "sha256 not on record"
    if found:
        return MissingWeightsError(
            f"expected {path} with {checksum}, found sha256 {found}, and the right file cannot be fetched ({reason}): "
            f"download {url} elsewhere and put it there in place of the other."
        )
    return MissingWeightsError(
        f"{path.name} is not on this machine and cannot be fetched ({reason}): download {url} ({checksum}) elsewhere "
        f"and put it into {path.parent} or the folder that GANBENCH_WEIGHTS names."
    )


def _name_in(url: str) -> str:
    """Return the last part of an address, or "" if it has none."""
    try:
        return Path(urllib.parse.unquote(urllib.parse.urlsplit(url).path)).name
    except ValueError:  # it is not an address, which is told when it is opened
        return ""


def _download(url: str, sha256: str, path: Path, limits: Limits, say: Callable[[str], None]) -> str:
    """Write what ``url`` gives to ``path``, at once and only when it is whole; return its sha256."""
    if urllib.parse.urlsplit(url).scheme not in SCHEMES:
        raise ValueError("the address is neither http nor https")
    if path.name == "..":
        raise ValueError("the address does not end with the name of a file")
    with _part(path, sha256) as (part, file):
        arrived = _sha256_of(part, file)
        had = 0
        if arrived != sha256:  # or else nothing was lacking but its name
            had = receive(url, part, file, limits, checked=bool(sha256))
            arrived = _sha256_of(part, file)
        if had and arrived != sha256:  # it began as another file
            file.truncate(0)
            receive(url, part, file, limits, checked=True)
            arrived = _sha256_of(part, file)
        if sha256 and arrived != sha256:
            raise ValueError(f"the download has sha256 {arrived}")
        if not sha256:
            kind_of(part)  # a web page that says "sign in" is no checkpoint
        file.close()  # open files cannot be renamed everywhere
        _put(part, path, say)
    return arrived


@contextlib.contextmanager
def _part(path: Path, sha256: str) -> Iterator[tuple[Path, IO[bytes]]]:
    """Yield the partial file of a download and its path, continuing an earlier one unless another process uses it.

    The file is removed at the end, unless the download was interrupted and a checksum can verify its continuation.
    """
    _remove_stale(path.parent)
    part = path.with_name(f".{path.name[:100]}.{sha256[:16] or secrets.token_hex(8)}.part")
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(part.open("a+b"))
        if not _lock(file, part):  # another process is fetching the same
            part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.part")
            file, sha256 = stack.enter_context(part.open("x+b")), ""
        try:
            yield part, file
        except (OSError, http.client.HTTPException, BrokenOffError, KeyboardInterrupt):
            if part.exists() and not (sha256 and part.stat().st_size):
                part.unlink()
            raise
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _lock(file: IO[bytes], part: Path) -> bool:
    """Lock a file until it is closed; return whether that succeeded; False on systems without locks."""
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file.fileno()), part.stat())  # it may just have been given its final name
    except (ImportError, OSError):
        return False


def _sha256_of(part: Path, file: IO[bytes]) -> str:
    file.flush()
    return file_sha256(part)


def _put(part: Path, path: Path, say: Callable[[str], None]) -> None:
    """Give a file its name; a file of that name is kept under another one."""
    if path.is_file():
        names = (path.with_name(f"{path.stem}.kept{number or ''}{path.suffix}") for number in itertools.count())
        aside = next(each for each in names if not each.exists())
        path.rename(aside)
        say(f"the file that was {path} is now {aside}")
    part.replace(path)


def _remove_stale(folder: Path) -> None:
    for part in folder.glob(".*.part"):
        with contextlib.suppress(OSError):  # another process may do the same
            if time.time() - part.stat().st_mtime > STALE:
                part.unlink()
