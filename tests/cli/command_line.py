"""Running a command line within the tests."""

from click.testing import CliRunner, Result

from ganbench.cli import main


def ganbench(*arguments: object) -> Result:
    """Return what a command line printed and how it exited."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def complaint(*arguments: object) -> str:
    """Return the one sentence of a command that could not run."""
    done = ganbench(*arguments)
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("ganbench: ")
    return lines[0]
