"""``ganbench list weights``: the published files that models and extractors need, and whether they are here."""

from collections.abc import Callable, Iterator

from ganbench import registry
from ganbench.checkpoints.download import where_is
from ganbench.cli.output import say
from ganbench.errors import GanbenchError
from ganbench.models.base import adapter_of
from ganbench.types import WeightsFile, needed_by

MIB = 2**20


def show_weights(failures: list[GanbenchError]) -> None:
    """Print each published file: what needs it, its name, size and place, then its checksum, licence and address.

    Args:
        failures: receives the errors of models and extractors that cannot be imported.
    """
    for file, users in _files(failures).items():
        path = where_is(file)
        nbytes = path.stat().st_size if path else file.nbytes
        size = f"{nbytes / MIB:,.1f} MiB" if nbytes else "size not on record"
        say(f"{', '.join(users)}  {file.name}  {size}  {f'here: {path}' if path else 'not here'}")
        say(f"  sha256 {file.sha256 or 'not on record'}")
        say(f"  {file.licence or 'licence not on record'}")
        say(f"  {file.url}")


def _files(failures: list[GanbenchError]) -> dict[WeightsFile, list[str]]:
    """Return each file with the names of what needs it, models first."""
    found: dict[WeightsFile, list[str]] = {}
    for kind, of in (("models", _of_model), ("extractors", _of_extractor)):
        for name in registry.names(kind):
            try:
                for user, file in of(name):
                    found.setdefault(file, []).append(user)
            except GanbenchError as error:  # one broken package must not hide the others
                failures.append(error)
    return found


def _of_model(name: str) -> Iterator[tuple[str, WeightsFile]]:
    adapter = adapter_of(name)
    yield from ((f"{name}:{short}", checkpoint.weights) for short, checkpoint in adapter.published.items())
    yield from ((name, file) for file in adapter.needs)


def _of_extractor(name: str) -> Iterator[tuple[str, WeightsFile]]:
    opener: Callable[..., object] = registry.load("extractors", name)
    yield from ((name, file) for file in needed_by(opener))
