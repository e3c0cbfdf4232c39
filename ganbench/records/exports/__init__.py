"""Records in the files of experiment trackers, written without a network; each tracker is an extra.

A module of this folder, named as its package, has ``write(record, folder) -> bool``: write one record as one run of the
tracker, and return False if it is there already.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

from ganbench.errors import BadInputError
from ganbench.records.record import RunRecord

Writer = Callable[[RunRecord, Path], bool]

TARGETS = ("tensorboard", "wandb", "mlflow")


def writer_of(target: str) -> Writer:
    """Return the function that writes a record for a tracker, one of ``TARGETS``.

    Raises:
        BadInputError: the tracker's package is not installed.
    """
    check_package(target, "to export to it")
    writer: Writer = importlib.import_module(f"ganbench.records.exports.{target}").write
    return writer


def check_package(name: str, purpose: str) -> None:
    """Check that the package of an extra can be imported; ``purpose`` says in the message what it is needed for.

    Raises:
        BadInputError: it cannot.
    """
    try:
        importlib.import_module(name)
    except ImportError as error:
        raise BadInputError(
            f"expected the package {name} {purpose}, found that it cannot be imported ({error}): pip install "
            f"'ganbench[{name}]'."
        ) from error
