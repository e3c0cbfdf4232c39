"""Plain lines on standard output and standard error."""

import re

import click

from ganbench.printable import one_line, printable

ENDLESS = re.compile(r"(\S{100})\S{900,}")  # a word that is longer than a message is worth


def say(text: str) -> None:
    """Print a line on standard output, with whatever is not printable in it spelt out."""
    click.echo(printable(text))


def remark(text: str) -> None:
    """Print a line on standard error, with whatever is not printable in it spelt out."""
    click.echo(printable(text), err=True)


def complain(text: str) -> None:
    """Print a sentence on standard error, headed ``ganbench:``, with endless words cut short."""
    click.echo("ganbench: " + ENDLESS.sub(r"\1...", one_line(text)), err=True)
