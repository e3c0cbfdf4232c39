"""Plain lines on standard output and standard error."""

import click

from ganbench.printable import one_line, printable


def say(text: str) -> None:
    """Print a line on standard output, with whatever is not printable in it spelt out."""
    click.echo(printable(text))


def complain(text: str) -> None:
    """Print a sentence on standard error, headed ``ganbench:``."""
    click.echo(f"ganbench: {one_line(text)}", err=True)
