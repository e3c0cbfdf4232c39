"""Verbs that measure with several processes: started by ``--nproc``, or by ``torchrun`` on one machine or many."""

from typing import Any

import click

from ganbench.cli.group import Verb
from ganbench.cli.options import MAX_RESTARTS
from ganbench.errors import BadInputError
from ganbench.launch import interruptible, is_launched, launch


class SharedVerb(Verb):
    """A verb whose work several processes share; the first of them is the one that reads, prints and writes."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return the arguments left over, and keep all of them for other processes."""
        ctx.meta[__name__] = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb in this process, in new ones, or as one of those that a launcher started."""
        restarts = ctx.meta.get(MAX_RESTARTS, 0)
        if restarts and ctx.params["nproc"] == 1:
            raise BadInputError(
                f"expected --nproc with --max-restarts {restarts}, found none: add it or leave both out."
            )
        if ctx.params["nproc"] > 1 and not is_launched():
            words = (ctx.info_name, *ctx.meta[__name__])
            ctx.exit(launch(in_rank, words, ctx.params["nproc"], restarts))
        if not is_launched():
            with interruptible():
                return super().invoke(ctx)
        from ganbench.engine.ranks import shared

        with shared() as first:
            return super().invoke(ctx) if first else None


def in_rank(*words: str) -> int:
    """Run a command line in one of several processes, and return its exit code.

    Raises:
        LostProcessError: another process has ended, of which the launcher knows more.
    """
    from ganbench.cli import main

    try:
        main(words)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 1
    return 0
