"""The command line that is running, complete, so that a message can say how to repeat it."""

import os
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ganbench.cli.recipes import in_arguments, parts
from ganbench.errors import BadInputError

if TYPE_CHECKING:
    from ganbench.types import Adapter, Recipe

ARGUMENTS = "ganbench.arguments"  # where a context keeps the arguments of its verb


def note(ctx: click.Context, arguments: Sequence[str]) -> None:
    """Remember the arguments of a verb."""
    ctx.meta[ARGUMENTS] = tuple(arguments)


@contextmanager
def telling_how_to_go_on(adapter: "Adapter", recipe: "Recipe") -> Iterator[None]:
    """Add the command that goes on to what ends a training run in the body: an interrupt, or a loss that diverged.

    Args:
        adapter: of the model.
        recipe: of the run.
    """
    from baselines.errors import DivergenceError

    try:
        yield
    except BadInputError as error:
        problem = error.__cause__
        if not isinstance(problem, DivergenceError):
            raise
        changes = [word for name, value in problem.advice.items() for word in ("--set", f"{name}={value:g}")]
        way = ["--resume"] if problem.resumes else []
        command = again(*way, *changes, instead_of=[*problem.advice, *_undoing(adapter, recipe, problem.advice)])
        raise BadInputError(f"{problem} For example: {command}") from problem
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted: to continue, {again('--resume')}") from None


def _undoing(adapter: "Adapter", recipe: "Recipe", advice: Mapping[str, float]) -> Iterator[str]:
    """Yield which of the options that are named as in the official program would set again what is advised."""
    from ganbench.types import Change

    advised = adapter.changed(recipe, [Change(name, value, name) for name, value in advice.items()])
    for change in in_arguments(click.get_current_context().args):
        try:
            if adapter.changed(advised, [change]) != advised:
                yield change.name
        except BadInputError:  # it means something only beside others, which no advice is about
            continue


def again(*more: str, instead_of: Collection[str] = ()) -> str:
    """Return the command that is running with more options, as a line that a shell takes.

    What it set ``instead_of`` is left out.

    Of processes that ``torchrun`` started on several machines, it is the command of one of these, without the address
    at which they meet.
    """
    ctx = click.get_current_context()
    given = list(without(ctx.meta[ARGUMENTS], instead_of))
    added = [word for word in more if not (word == "--resume" and word in given)]
    return shlex.join([*_launcher(ctx), *given, *added])


def without(arguments: Sequence[str], names: Collection[str]) -> Iterator[str]:
    """Yield the arguments of a training but for settings, given by ``--set`` or as options with their names."""
    words = iter(arguments)
    for word in words:
        option, equals, text = word.partition("=")
        if option == "--set":
            text = text if equals else next(words, "")
            kept = [part for part in parts(text) if _setting(part.partition("=")[0]) not in names]
            yield from ("--set", ",".join(kept)) if kept else ()
        elif not option.startswith("--") or _setting(option[2:]) not in names:
            yield word
        elif not equals:
            next(words, None)  # its value


def _setting(name: str) -> str:
    return name.strip().replace("-", "_")


def _launcher(ctx: click.Context) -> list[str]:
    words = ctx.command_path.split()
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return words
    here = os.environ.get("LOCAL_WORLD_SIZE", "1")
    return ["torchrun", f"--nproc-per-node={here}", "-m", *words]
