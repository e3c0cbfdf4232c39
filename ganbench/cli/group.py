"""Base of all verbs: lazy loading, one sentence per error, exit codes, examples in the help."""

import difflib
import importlib
import io
import math
import os
import re
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from itertools import pairwise
from typing import Any, TextIO

import click

from ganbench.cli.again import note
from ganbench.cli.output import complain
from ganbench.errors import GanbenchError, LostProcessError, PlanError
from ganbench.printable import one_line, quoted
from ganbench.records.environment import ganbench_version
from ganbench.waiting import Advance, shown_by

COULD_NOT_RUN = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells report it
READER_GONE = 141  # 128 + SIGPIPE


def _debug_option() -> click.Option:
    return click.Option(["--debug"], is_flag=True, expose_value=False, help="Show the traceback of an error.")


def _version_option() -> click.Option:
    def show(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            click.echo(f"ganbench {ganbench_version()}")
            ctx.exit()

    return click.Option(
        ["--version"], is_flag=True, is_eager=True, expose_value=False, callback=show, help="Show the version and exit."
    )


class Verb(click.Command):
    """A verb, with the option ``--debug`` and examples at the end of its help.

    Args:
        examples: full command lines that begin with ``ganbench``; the tests parse each.
    """

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.params.append(_debug_option())

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return the arguments left over, refusing empty values, which come from unset shell variables."""
        for before, value in pairwise(["the first argument", *args]):
            if not value or re.fullmatch("--[a-z0-9-]+=", value):
                ctx.fail(f"expected a value after {value.rstrip('=') or before}, found none: add it or leave both out")
        note(ctx, args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx  # an option without its value does not know its verb
            raise

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


class Group(Verb, click.Group):
    """A verb with subverbs, such as ``ganbench data prepare``; without arguments it shows its help."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return the arguments left over, which are those of a subverb."""
        return super().parse_args(ctx, args or ["--help"])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb to run; an unknown one fails with the nearest."""
        if args[0] not in self.commands and not args[0].startswith("-"):
            ctx.fail(f"unknown verb {args[0]!r}{suggestion(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


class Choice(click.Choice[str]):
    """A choice of words; an error suggests the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word; an unknown one fails with the nearest."""
        if value not in self.choices:
            near = suggestion(str(value), self.choices)
            self.fail(f"expected one of {', '.join(self.choices)}, found {quoted(value)}{near}", param, ctx)
        return super().convert(value, param, ctx)


class FloatRange(click.FloatRange):
    """A range of numbers that excludes NaN."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number, or fail with the range."""
        number: float = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"expected a number in the range {self._describe_range()}, found {value}.", param, ctx)
        return number


class Verbs(click.Group):
    """The group ``ganbench``.

    Args:
        verbs: name -> one line for ``ganbench --help``, which imports no verb.
    """

    def __init__(self, *args: Any, verbs: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.verbs = dict(verbs)
        self.params += [_version_option(), _debug_option()]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs, in the order of use."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a verb, importing its module."""
        if cmd_name not in self.verbs:
            return None
        command: click.Command = importlib.import_module(f"ganbench.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb to run; an unknown one fails with the nearest."""
        if args[0] not in self.verbs and not args[0].startswith("-"):
            ctx.fail(f"unknown verb {args[0]!r}{suggestion(args[0], self.verbs)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs."""
        with formatter.section("Verbs"):
            formatter.write_dl(list(self.verbs.items()))

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command line and exit: 0 for success, 1 for a regression found by the gate, 2 if it could not run."""
        arguments = tuple(sys.argv[1:] if args is None else args)
        _open_closed_streams()
        _print_what_can_be_printed()
        self._main_shell_completion(extra, "ganbench", complete_var)
        try:
            sys.exit(self._run(arguments if set(arguments) - {"--debug"} else ("--help",), extra))
        except BrokenPipeError:
            _silence()
            sys.exit(READER_GONE)

    def _run(self, arguments: Sequence[str], extra: dict[str, Any]) -> int:
        try:
            with self.make_context("ganbench", list(arguments), **extra) as ctx, shown_by(_bar):
                self.invoke(ctx)
            sys.stdout.flush()
        except click.exceptions.Exit as stop:
            return stop.exit_code
        except BrokenPipeError:
            raise
        except (KeyboardInterrupt, click.Abort) as stop:
            return _told([str(stop) or "interrupted."], INTERRUPTED)
        except Exception as error:
            if isinstance(error, LostProcessError) and _told_by_launcher():
                raise
            if "--debug" in arguments and not isinstance(error, click.ClickException):
                traceback.print_exc()
            return _told(sentences(error), COULD_NOT_RUN)
        return 0


def _told_by_launcher() -> bool:
    from ganbench.launch import is_of_launch  # late: few runs have several processes

    return is_of_launch()


def _bar(what: str, count: int) -> AbstractContextManager[Advance]:
    from ganbench.cli.console import images_bar

    return images_bar(count, what)


def sentences(error: Exception) -> list[str]:
    """Return the sentences that describe an error: one, or one for each problem of a plan."""
    return [one_line(told) for told in (error.problems if isinstance(error, PlanError) else [_sentence(error)])]


def _sentence(error: Exception) -> str:
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "ganbench"
        return f"{error.format_message().rstrip('.')} (see `{path} --help`)."
    if isinstance(error, GanbenchError | click.ClickException):
        return str(error) or type(error).__name__
    if isinstance(error, OSError):
        return f"{_os_error(error)}."
    if _is_out_of_memory(error):
        return "out of memory: use a smaller --batch-size, if there is one, or a machine with more memory."
    return f"this is a bug ({type(error).__name__}: {error!s:.300}): run again with --debug and report what it prints."


def _os_error(error: OSError) -> str:
    """Return the system's message, preceded by the file that it is about, or by standard output if that is full."""
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    if not names and _cannot_be_written(sys.stdout):
        names = ["standard output"]
    return ": ".join([*names, error.strerror or str(error).rstrip(".") or type(error).__name__])


def _cannot_be_written(stream: TextIO) -> bool:
    """Return whether a stream cannot be written to: it keeps what failed, which then fails again."""
    try:
        stream.flush()
    except OSError:
        return True
    return False


def _is_out_of_memory(error: Exception) -> bool:
    """Return whether memory ran out, which torch reports on a CPU as a ``RuntimeError``."""
    named = type(error).__name__ in ("MemoryError", "OutOfMemoryError")
    return named or (isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error))


def suggestion(name: str, choices: Iterable[str]) -> str:
    """Return ``: did you mean ...?``, or "" if no choice is near."""
    near = difflib.get_close_matches(name, list(choices), n=2)
    return f": did you mean {' or '.join(near)}?" if near else ""


def _told(lines: Sequence[str], code: int) -> int:
    try:
        for line in lines:
            complain(line)
        sys.stderr.flush()
    except OSError:  # if nothing can be printed, the exit code must do
        _silence()
    return code


def _open_closed_streams() -> None:
    """Open the null device in place of streams that the caller closed (``>&-``)."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - for the rest of the process


def _print_what_can_be_printed() -> None:
    """Print a question mark for characters that the terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _silence() -> None:
    """Keep the interpreter from reporting a broken pipe at exit."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(io.UnsupportedOperation):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
