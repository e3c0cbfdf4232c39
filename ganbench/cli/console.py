"""Where the verbs draw tables and bars."""

from rich.console import Console


class Terminal(Console):
    """A rich console that treats a reader who has gone as every other write does: ``main`` exits with its code."""

    def on_broken_pipe(self) -> None:
        """Raise what was met; rich itself would exit with 1, which means a regression here."""
        raise BrokenPipeError
