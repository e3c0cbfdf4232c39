"""Checks of zips that ``torch.save`` wrote against their checksums."""

import zipfile

from ganbench.errors import BadInputError


def forgo_absent_checksums(archive: zipfile.ZipFile) -> None:
    """Let entries be read without a check if the file was saved without checksums.

    Under ``torch.serialization.set_crc32_options(False)`` every entry has 0 for its CRC-32.
    """
    if not any(entry.CRC for entry in archive.infolist()):
        for entry in archive.infolist():
            entry.CRC = None  # type: ignore[assignment]  # zipfile takes None for "nothing is known"


def check_contents(archive: zipfile.ZipFile) -> None:
    """Check every entry against its CRC-32, which ``torch.load`` itself does not do.

    Raises:
        BadInputError: naming the first entry that does not match its checksum.
    """
    if (damaged := archive.testzip()) is not None:
        raise BadInputError(f"is damaged: {damaged!r} does not have the checksum it was saved with; copy it again")
