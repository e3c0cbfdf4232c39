"""The command line that is running, complete, so that a message can say how to repeat it."""

import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from ganbench.errors import BadInputError

ARGUMENTS = "ganbench.arguments"  # where a context keeps the arguments of its verb


def note(ctx: click.Context, arguments: Sequence[str]) -> None:
    """Remember the arguments of a verb."""
    ctx.meta[ARGUMENTS] = tuple(arguments)


@contextmanager
def telling_how_to_go_on() -> Iterator[None]:
    """Add the command that goes on to what ends a training run in the body: an interrupt, or a loss that diverged."""
    from baselines.errors import DivergenceError

    try:
        yield
    except BadInputError as error:
        problem = error.__cause__
        if not isinstance(problem, DivergenceError):
            raise
        changes = [word for name, value in problem.advice.items() for word in ("--set", f"{name}={value:g}")]
        way = ["--resume"] if problem.resumes else []
        raise BadInputError(f"{problem} For example: {again(*way, *changes)}") from problem
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted: to continue, {again('--resume')}") from None


def again(*more: str) -> str:
    """Return the command that is running with more options, as a line that a shell takes.

    Of processes that ``torchrun`` started on several machines, it is the command of one of these, without the address
    at which they meet.
    """
    ctx = click.get_current_context()
    given = list(ctx.meta[ARGUMENTS])
    added = [word for word in more if not (word == "--resume" and word in given)]
    return shlex.join([*_launcher(ctx), *given, *added])


def _launcher(ctx: click.Context) -> list[str]:
    words = ctx.command_path.split()
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return words
    here = os.environ.get("LOCAL_WORLD_SIZE", "1")
    return ["torchrun", f"--nproc-per-node={here}", "-m", *words]
