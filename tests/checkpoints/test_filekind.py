"""Files that are something else, or cannot be opened: one sentence each."""

import gzip
import io
import os
import pickle
from pathlib import Path

import pytest
import torch
from PIL import Image

from ganbench import checkpoints
from ganbench.checkpoints import filekind
from ganbench.errors import BadInputError
from tests.checkpoints.sentences import assert_one_sentence


def png() -> bytes:
    file = io.BytesIO()
    Image.new("L", (4, 4)).save(file, "png")
    return file.getvalue()


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22e\nsize 12345\n"
STRANGERS = {
    "empty": (b"", "empty"),
    "text": ("weights, honestly: ä\n".encode(), "text"),
    "long text": (("ä" * 300 + "\n").encode()[:511] + b"\xc3" + b"\xa4" * 9, "text"),
    "json": (b'{"a": 1}', "text"),
    "page": (b"<!DOCTYPE html>\n<html>sign in</html>", "web page"),
    "page after a blank line": (b"\n  <html>", "web page"),
    "png": (png(), "PNG image"),
    "jpeg": (b"\xff\xd8\xff\xe0" + bytes(20), "JPEG image"),
    "gzip": (gzip.compress(pickle.dumps({})), "gunzip"),
    "xz": (b"\xfd7zXZ\0" + bytes(20), "unxz"),
    "pointer": (POINTER, "git lfs pull"),
    "hdf5": (b"\x89HDF\r\n\x1a\n", "HDF5"),
    "numpy": (b"\x93NUMPY\x01\0", "numpy array"),
    "zeros": (bytes(1000), "not a checkpoint of a known kind"),
    "one byte": (b"\x80", "not a checkpoint of a known kind"),
    "protocol 1": (pickle.dumps({"a": 1}, 1), "not a checkpoint of a known kind"),
    "protocol 9": (b"\x80\x09}.", "not a checkpoint of a known kind"),
    "a zip": (b"PK\x03\x04" + bytes(30), "zip"),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_strangers_are_named_with_a_remedy(case: str, tmp_path: Path) -> None:
    content, words = STRANGERS[case]
    path = tmp_path / "weights.pkl"
    path.write_bytes(content)
    for verb in (checkpoints.load, checkpoints.read_pickle):
        with pytest.raises(BadInputError, match=words) as caught:
            verb(path)
        assert_one_sentence(caught.value, path)
        assert ":" in str(caught.value), "the remedy follows a colon"


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, words in (
        (tmp_path / "missing.pkl", "does not exist"),
        (tmp_path, "is a folder"),
        (tmp_path / "pipe", "not a regular file"),
        (Path("/dev/zero"), "not a regular file"),
        (tmp_path / ("x" * 300), "cannot be read"),
    ):
        with pytest.raises(BadInputError, match=words) as caught:
            checkpoints.load(path)
        assert_one_sentence(caught.value, path)


def test_an_unreadable_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps({}))

    def refuse(*args: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)  # the tests may run as root, whom no mode keeps out
    for verb in (checkpoints.load, checkpoints.read_pickle, checkpoints.file_sha256):
        with pytest.raises(BadInputError, match="Permission denied") as caught:
            verb(path)
        assert_one_sentence(caught.value, path)


def test_known_kinds_are_told_by_content_alone(tmp_path: Path) -> None:
    path = tmp_path / "weights.png"
    for protocol in (2, 3, 4, 5):
        path.write_bytes(pickle.dumps({}, protocol))
        assert filekind.kind_of(path) == filekind.PICKLE
    torch.save({"a": torch.zeros(1)}, path)
    assert filekind.kind_of(path) == filekind.ZIP
    torch.save({"a": torch.zeros(1)}, path, _use_new_zipfile_serialization=False)
    assert filekind.kind_of(path) == filekind.TORCH_LEGACY


def test_the_sha256_is_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    # The test vector of FIPS 180-2, appendix B.1.
    assert checkpoints.file_sha256(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
