"""Plain lines on standard output and standard error."""

import re

import click

from ganbench.printable import inert, one_line, printable

ENDLESS = re.compile(r"(\S{100})\S{900,}")  # words too long for a message


def say(text: str) -> None:
    """Print a line on standard output, with unprintable characters escaped."""
    click.echo(inert(printable(text)))


def remark(text: str) -> None:
    """Print a line on standard error, with unprintable characters escaped."""
    click.echo(inert(printable(text)), err=True)


def complain(text: str) -> None:
    """Print a sentence on standard error after ``ganbench:``, with very long words truncated."""
    click.echo("ganbench: " + inert(ENDLESS.sub(r"\1...", one_line(text))), err=True)
