"""Options of foreign models on the command line, and the line that says that their code is run."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from ganbench.cli.group import Choice
from ganbench.cli.output import remark
from ganbench.errors import GanbenchError

if TYPE_CHECKING:
    from ganbench.types import Interface

OPTIONS = (
    click.option("--kind", type=Choice(("generator", "translator")), metavar="[generator|translator]",
                 help="What a foreign model is.  [default: as its z_dim or domains say]"),
    click.option("--z-dim", metavar="N|NxHxW", help="Latent of a foreign generator, such as 128 or 100x1x1."),
    click.option("--classes", metavar="N", help="Number of classes of a foreign generator."),
    click.option("--label-format", type=Choice(("one-hot", "index")), metavar="[one-hot|index]",
                 help="How a foreign model takes classes or target domains.  [default: one-hot]"),
    click.option("--domains", metavar="A,B,...", help="Domains of a foreign translator; of two, from A to B."),
    click.option("--range", metavar="LOW,HIGH", help="Values of a foreign model's images.  [default: -1,1]"),
    click.option("--resize", metavar="SIZE[:FILTER]",
                 help="Size to bring a foreign model's images to, by pil-lanczos or FILTER; a translator's inputs."),
)  # fmt: skip


def foreign(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say what a foreign model takes and returns: fields of ``ganbench.types.Interface``."""
    for option in reversed(OPTIONS):
        function = option(function)
    return function


def announce(*models: str) -> None:
    """Say, before anything else, of which models the code is run and not only read."""
    from ganbench.models.base import adapter_of

    for name in dict.fromkeys(models):
        with suppress(GanbenchError):  # is told where the model is opened
            if adapter_of(name).runs_code:
                remark(f"ganbench runs the code of {name}, which can do all that you can: run only what you trust.")


def interface_given(given: Mapping[str, Any]) -> "Interface":
    """Return what the options say."""
    from ganbench.models.foreign.interface import CHECKS, interface_of

    return interface_of(**{name: given[name] for name in CHECKS})
