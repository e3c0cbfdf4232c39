"""A program that reads an LMDB for its parent: ``python lmdb_reader.py PATH``.

LMDB trusts its file, and a damaged one can crash the process that reads it; so it is read in a process apart. That one
sends frames, 8 bytes of length and then as many bytes, to standard output: first an error message, empty if there is
none, then all keys and an empty frame. After that, for each frame with a key on standard input, it sends an error
message and, if that is empty, the value.
"""

import os
import struct
import sys
from itertools import islice
from typing import BinaryIO

LENGTH = struct.Struct("<Q")
MAX_VALUE = 256 * 2**20


def send(stream: BinaryIO, content: bytes) -> None:
    """Write a frame."""
    stream.write(LENGTH.pack(len(content)) + content)


def receive(stream: BinaryIO) -> bytes:
    """Return the content of a frame.

    Raises:
        EOFError: the other side is gone, or announces more than ``MAX_VALUE`` bytes.
    """
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size or (length := LENGTH.unpack(head)[0]) > MAX_VALUE:
        raise EOFError
    content = stream.read(length)
    if len(content) < length:
        raise EOFError
    return content


def main(path: str, source: BinaryIO, target: BinaryIO) -> None:
    """Serve the LMDB at a path until the source ends."""
    import lmdb

    try:
        whole = os.path.isdir(path)
        database = lmdb.open(path, subdir=whole, readonly=True, lock=False, create=False, readahead=False)
        used = (database.info()["last_pgno"] + 1) * database.stat()["psize"]
        found = os.path.getsize(os.path.join(path, "data.mdb") if whole else path)
        if used > found:  # reading beyond the end of a memory map crashes the process
            raise EOFError(f"{used:,} bytes are in use and {found:,} are there")
        with database.begin(buffers=True) as transaction:
            keys = transaction.cursor().iternext(keys=True, values=False)
            count = database.stat()["entries"]
            first = [bytes(key) for key in islice(keys, count + 1)]
            if len(set(first)) != count or not all(first):
                raise EOFError(f"{count:,} keys are announced, and others are there")
            send(target, b"")
            for key in (*first, b""):
                send(target, key)
            target.flush()
            while True:
                value = transaction.get(receive(source))
                _answer(target, value)
    except (lmdb.Error, OSError, EOFError) as error:
        send(target, str(error).encode() or b"it ends too early")
        target.flush()


def _answer(target: BinaryIO, value: memoryview | None) -> None:
    if value is None or len(value) > MAX_VALUE:
        send(target, b"a value is missing" if value is None else b"a value is too large")
    else:
        send(target, b"")
        send(target, bytes(value))
    target.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.stdin.buffer, sys.stdout.buffer)
